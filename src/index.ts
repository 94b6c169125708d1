/** The public API of the package. */
export { authProvider, getToken, login, serverFetch } from './library/api.js';
export type { LoggedIn, LoginOptions, LoginUi, Options, TokenOptions } from './library/api.js';
export { AuthError, exitCodes, type ErrorCode } from './errors.js';
export type { LoginEvent } from './effects.js';
