/** What authorization servers and oauth4webapi say went wrong, as errors of ours. RFC 6749 sections 4.1.2.1 and 5.2. */
import {
  AuthorizationResponseError,
  OperationProcessingError,
  ResponseBodyError,
  UnsupportedOperationError,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi';
import { AuthError, type ErrorCode } from '../errors.js';
import { quote } from '../text/server-text.js';
import { isStandardError, getOriginalStatus } from './normalisation.js';
import { parseRetryAfter } from './retry-after.js';
import { rejectsPrompt, rejectsResource, requiresAudience, type OAuthErrorResponse } from './error-response.js';

/** The RFCs' error values that this program tells apart; every other one is `request_refused`. */
const codes: Record<string, ErrorCode> = {
  access_denied: 'access_denied',
  invalid_grant: 'invalid_grant',
  // GitHub's and Slack's words for it.
  bad_refresh_token: 'invalid_grant',
  invalid_refresh_token: 'invalid_grant',
  expired_token: 'timed_out',
  // Other words of device authorization: Entra ID and OpenAM, and others.
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

const tooManyRequests = 429;

/** What to type next, where the words of a refusal say that. */
const wordyHints: readonly { readonly fits: (refusal: OAuthErrorResponse) => boolean; readonly hint: string }[] = [
  {
    fits: rejectsResource,
    hint: 'It does not take the resource that the MCP server is known by. Log in with --resource none, or with --resource URL if its documentation names another.',
  },
  { fits: rejectsPrompt, hint: 'Log in with --prompt none: it then asks for your consent only where it has to.' },
  {
    fits: requiresAudience,
    hint: 'It goes by an audience. Log in with --authorize-param audience=URL, as its documentation, or the MCP server’s, names it.',
  },
];

/** What to type next, where an `error` by itself says that. */
const hints = new Map([
  ['invalid_scope', 'Ask for others with --scope, or leave out offline_access with --no-offline-access.'],
  ['invalid_client', 'See whether the client is the right one, and its secret: --client-id, MCP_AUTH_CLIENT_SECRET, --register.'],
]);

/** An `error` that came in a response, with the server's own words for it. */
export class OAuthError extends AuthError {
  /** The RFC's value, as `invalid_grant`; `status 404` where the server gave nothing but that. */
  readonly error: string;
  /** The server's own words for it. */
  readonly description: string | undefined;
  /** The HTTP status that it came with. */
  readonly status: number | undefined;
  /** Seconds that the server wants to be left alone before it is asked again. */
  readonly retryAfter: number | undefined;

  constructor(
    error: string,
    message: string,
    options: { description?: string; hint?: string; cause?: unknown; code?: ErrorCode; status?: number; retryAfter?: number } = {},
  ) {
    const code = options.code ?? (Object.hasOwn(codes, error) ? codes[error] : undefined) ?? 'request_refused';
    const hint = options.hint ?? hints.get(error) ?? wordyHints.find(({ fits }) => fits({ error, description: options.description }))?.hint;
    super(code, message, { ...options, hint });
    this.description = options.description;
    this.error = error;
    this.status = options.status;
    this.retryAfter = options.retryAfter;
  }
}

/**
 * An error that `oauth4webapi` threw while it read a response, as an AuthError.
 *
 * @param what the subject of the sentence, as "The token endpoint".
 * @param secrets what was sent and must not be told, since servers repeat what they were sent.
 */
export function toProtocolError(error: unknown, what: string, secrets: readonly (string | undefined)[] = []): AuthError {
  if (error instanceof AuthError) return error;
  const told = (words: string | undefined) => redacted(words, secrets);
  const response = responseOf(error);
  const status = response && getOriginalStatus(response);
  // Nothing of the library's error is passed on as a cause: it holds the whole answer.
  const from = { status, retryAfter: response && retryAfterOf(response) };
  if (error instanceof ResponseBodyError) {
    return refusal(what, {
      error: told(error.error),
      description: told(error.error_description),
      code: codeOf(error.error, status),
      ...from,
    });
  }
  if (error instanceof AuthorizationResponseError) {
    const code = authorizationCode(error.error);
    return refusal(what, { error: told(error.error), description: told(error.error_description), code });
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    const { error: name = 'invalid_client', error_description: words } = error.cause[0]?.parameters ?? {};
    return refusal(what, { error: told(name), description: told(words) ?? `status ${error.status}`, ...from });
  }
  if (status !== undefined && (status >= 500 || status === tooManyRequests)) {
    const hint = againIn(from.retryAfter);
    return new OAuthError(`status ${status}`, `${what} failed with status ${status}.`, { code: 'server_failed', hint, ...from });
  }
  if (status !== undefined && status >= 400) {
    return new OAuthError(`status ${status}`, `${what} refused with status ${status}.`, from);
  }
  if (status !== undefined && status >= 300 && status < 400) {
    return new AuthError('response_invalid', `${what} redirects elsewhere (status ${status}), and what it was sent is for it alone.`, {
      hint: 'Nothing was sent there. Tell whoever runs the server.',
    });
  }
  if (error instanceof OperationProcessingError || error instanceof UnsupportedOperationError) {
    return new AuthError('response_invalid', `${what} answered with something that its RFC does not allow (${error.message}).`, {
      hint: 'Try again; if it stays so, tell whoever runs the server.',
    });
  }
  throw error;
}

/** A server that is down or busy is asked again later, unless it says what is wrong in a word of the RFCs. */
function codeOf(error: string, status = 0): ErrorCode | undefined {
  if (status !== tooManyRequests && status < 500) return undefined;
  return isStandardError(error) && status !== tooManyRequests ? undefined : (codes[error] ?? 'server_failed');
}

interface Told {
  readonly error: string | undefined;
  readonly description: string | undefined;
  readonly code?: ErrorCode;
  readonly status?: number;
  readonly retryAfter?: number;
}

function refusal(what: string, { error = '', description, ...rest }: Told): OAuthError {
  const words = description ? `, ${quote(description)}` : '';
  if (rest.code !== 'server_failed') return new OAuthError(error, `${what} refused: ${quote(error)}${words}.`, { description, ...rest });
  const isNamed = !error.startsWith('status ');
  const said = [...(isNamed ? [quote(error)] : []), ...(description ? [quote(description)] : [])].join(', ');
  const message = `${what} failed with status ${rest.status ?? 500}${said === '' ? '' : `: ${said}`}.`;
  return new OAuthError(error, message, { description, hint: againIn(rest.retryAfter), ...rest });
}

function againIn(seconds: number | undefined): string {
  return seconds === undefined ? 'Try again later.' : `Try again in ${seconds} s.`;
}

/** What is shorter is no secret, and may be part of any word. */
const shortestSecret = 6;

/** `words` without the secrets, as they are and as they stand in a form. */
function redacted(words: string | undefined, secrets: readonly (string | undefined)[]): string | undefined {
  return secrets
    .filter((secret) => secret !== undefined && secret.length >= shortestSecret)
    .flatMap((secret) => [secret, encodeURIComponent(secret?.toWellFormed() ?? '')])
    .reduce((text, secret) => text?.replaceAll(secret ?? '', '…'), words);
}

function authorizationCode(error: string): ErrorCode {
  return error === 'access_denied' ? 'access_denied' : 'authorization_failed';
}

function responseOf(error: unknown): Response | undefined {
  if (error instanceof ResponseBodyError || error instanceof WWWAuthenticateChallengeError) return error.response;
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Response ? cause : undefined;
}

/** By the server's own clock, where it tells the time. */
function retryAfterOf({ headers }: Response): number | undefined {
  const now = Date.parse(headers.get('date') ?? '');
  return parseRetryAfter(headers.get('retry-after'), Number.isNaN(now) ? Date.now() : now);
}
