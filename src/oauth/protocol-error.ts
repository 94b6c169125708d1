/** What authorization servers and oauth4webapi say went wrong, as errors of ours. RFC 6749 sections 4.1.2.1 and 5.2. */
import {
  AuthorizationResponseError,
  OperationProcessingError,
  ResponseBodyError,
  UnsupportedOperationError,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi';
import { AuthError, type ErrorCode } from '../errors.js';
import { quoted } from '../server-text.js';

/** The RFCs' error values that this program tells apart; every other one is `request_refused`. */
const codes: Record<string, ErrorCode> = {
  access_denied: 'access_denied',
  invalid_grant: 'invalid_grant',
  // GitHub's and Slack's words for it.
  bad_refresh_token: 'invalid_grant',
  invalid_refresh_token: 'invalid_grant',
  expired_token: 'timed_out',
  server_error: 'server_failed',
  temporarily_unavailable: 'server_failed',
};

/** What to type next, where an `error` by itself says that. */
const hints: Record<string, string> = {
  invalid_scope: 'Ask for others with --scope.',
  invalid_target: 'It does not issue tokens for this MCP server: ask who runs the two.',
};

/** An `error` that came in a response, with the server's own words for it. */
export class OAuthError extends AuthError {
  /** The RFC's value, as `invalid_grant`; `status 404` where the server gave nothing but that. */
  readonly error: string;
  /** The HTTP status that it came with. */
  readonly status: number | undefined;

  constructor(error: string, message: string, options: { hint?: string; cause?: unknown; code?: ErrorCode; status?: number } = {}) {
    super(options.code ?? (Object.hasOwn(codes, error) ? codes[error] : undefined) ?? 'request_refused', message, options);
    this.error = error;
    this.status = options.status;
  }
}

/**
 * An error that `oauth4webapi` threw while it read a response, as an AuthError.
 *
 * @param what the subject of the sentence, as "The token endpoint".
 */
export function protocolError(error: unknown, what: string): AuthError {
  if (error instanceof AuthError) return error;
  if (error instanceof ResponseBodyError && error.status < 500) {
    return new OAuthError(error.error, refusal(what, error.error, error.error_description), {
      hint: hints[error.error],
      status: error.status,
      cause: error,
    });
  }
  if (error instanceof AuthorizationResponseError) {
    return new OAuthError(error.error, refusal(what, error.error, error.error_description), {
      code: authorizationCode(error.error),
      hint: hints[error.error],
      cause: error,
    });
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    const challenge = error.cause[0]?.parameters;
    return new OAuthError(
      challenge?.error ?? 'invalid_client',
      refusal(what, challenge?.error ?? `status ${error.status}`, challenge?.error_description),
      { status: error.status, cause: error },
    );
  }
  const status = statusOf(error);
  if (status !== undefined && status >= 500) {
    return new AuthError('server_failed', `${what} failed with status ${status}.`, { hint: 'Try again later.', cause: error });
  }
  if (status !== undefined && status >= 400) {
    return new OAuthError(`status ${status}`, `${what} refused with status ${status}.`, { status, cause: error });
  }
  if (error instanceof OperationProcessingError || error instanceof UnsupportedOperationError) {
    return new AuthError('response_invalid', `${what} answered with something that its RFC does not allow (${error.message}).`, {
      cause: error,
    });
  }
  throw error;
}

function refusal(what: string, error: string, description: string | undefined): string {
  return `${what} refused: ${quoted(error)}${description ? `, ${quoted(description)}` : ''}.`;
}

function authorizationCode(error: string): ErrorCode {
  return error === 'access_denied' ? 'access_denied' : 'authorization_failed';
}

function statusOf(error: unknown): number | undefined {
  const response = error instanceof Error ? error.cause : undefined;
  if (error instanceof ResponseBodyError) return error.status;
  return response instanceof Response ? response.status : undefined;
}
