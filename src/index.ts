/** The public API of the package. */
export { AuthError, exitCodes, type ErrorCode } from './errors.js';
export type { LoginEvent } from './context.js';
