/** An error response of an authorization server, with the hint that it needs. RFC 6749 sections 4.1.2.1 and 5.2. */
import { AuthError, type ErrorCode } from '../errors.js';
import { rejectsPrompt, rejectsResource, requiresAudience, type OAuthErrorResponse } from './error-response.js';

/** The code for an `error` value. All others are `request_refused`. */
export const oauthErrorCodes: Record<string, ErrorCode> = {
  access_denied: 'access_denied',
  invalid_grant: 'invalid_grant',
  // GitHub and Slack, for `invalid_grant`.
  bad_refresh_token: 'invalid_grant',
  invalid_refresh_token: 'invalid_grant',
  expired_token: 'timed_out',
  // Device authorization, at Entra ID, OpenAM and others.
  authorization_declined: 'access_denied',
  user_declined: 'access_denied',
  user_denied: 'access_denied',
  declined: 'access_denied',
  code_expired: 'timed_out',
  device_code_expired: 'timed_out',
  expired_device_code: 'timed_out',
  server_error: 'server_failed',
  temporarily_unavailable: 'server_failed',
};

/** Hints for errors that are recognised by their description. */
const descriptionHints: readonly { readonly matches: (response: OAuthErrorResponse) => boolean; readonly hint: string }[] = [
  {
    matches: rejectsResource,
    hint: 'It does not accept the resource of the MCP server. Log in with --resource none, or with --resource URL if its documentation names another one.',
  },
  { matches: rejectsPrompt, hint: 'Log in with --prompt none: it then asks for your consent only if it has to.' },
  {
    matches: requiresAudience,
    hint: 'It requires an audience. Log in with --authorize-param audience=URL, as named in its documentation or that of the MCP server.',
  },
];

/** Hints for errors that are recognised by their `error` value. */
const errorHints = new Map([
  ['invalid_scope', 'Request other scopes with --scope, or leave out offline_access with --no-offline-access.'],
  ['invalid_client', 'Check the client and its secret: --client-id, MCP_AUTH_CLIENT_SECRET, --register.'],
]);

/** An error response of an authorization server. */
export class OAuthError extends AuthError {
  /** The `error` value, for example `invalid_grant`; `status 404` if the response had only a status. */
  readonly error: string;
  /** The server's `error_description`. */
  readonly description: string | undefined;
  /** The HTTP status of the response. */
  readonly status: number | undefined;
  /** Seconds to wait before the next request, if the server says so. */
  readonly retryAfter: number | undefined;

  constructor(
    error: string,
    message: string,
    options: { description?: string; hint?: string; cause?: unknown; code?: ErrorCode; status?: number; retryAfter?: number } = {},
  ) {
    const { description } = options;
    const code = options.code ?? (Object.hasOwn(oauthErrorCodes, error) ? oauthErrorCodes[error] : undefined) ?? 'request_refused';
    const hint = options.hint ?? errorHints.get(error) ?? descriptionHints.find(({ matches }) => matches({ error, description }))?.hint;
    super(code, message, { ...options, hint });
    this.description = description;
    this.error = error;
    this.status = options.status;
    this.retryAfter = options.retryAfter;
  }
}
