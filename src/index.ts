/** The public API of the package. */
export { authProvider, getToken, login, serverFetch } from './api.js';
export type { LoggedIn, LoginOptions, LoginUi, Options, TokenOptions } from './api.js';
export { AuthError, exitCodes, type ErrorCode } from './errors.js';
export type { LoginEvent } from './context.js';
