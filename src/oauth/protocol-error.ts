/** Errors of authorization servers and of oauth4webapi, as errors of mcp-auth. RFC 6749 sections 4.1.2.1 and 5.2. */
import {
  AuthorizationResponseError,
  OperationProcessingError,
  ResponseBodyError,
  UnsupportedOperationError,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi';
import { AuthError, type ErrorCode } from '../errors.js';
import { quote } from '../text/server-text.js';
import { getOriginalStatus, isStandardError } from './normalisation.js';
import { OAuthError, oauthErrorCodes } from './oauth-error.js';
import { parseRetryAfter } from './retry-after.js';

const tooManyRequests = 429;

/**
 * Convert an error that `oauth4webapi` threw while it read a response. It is not passed on as a cause, because it contains the
 * whole response.
 *
 * @param subject the subject of the sentence, for example "The token endpoint".
 * @param secrets values that were sent. They are redacted, because servers repeat what they were sent.
 * @throws `error` itself if it is not about a response.
 */
export function toProtocolError(error: unknown, subject: string, secrets: readonly (string | undefined)[] = []): AuthError {
  if (error instanceof AuthError) return error;
  const response = findResponse(error);
  const http: ResponseStatus = response ? { status: getOriginalStatus(response), retryAfter: readRetryAfter(response) } : {};
  const converted = fromErrorBody(error, { subject, secrets, http }) ?? fromStatus(subject, http);
  if (converted !== undefined) return converted;
  if (error instanceof OperationProcessingError || error instanceof UnsupportedOperationError) {
    return new AuthError('response_invalid', `${subject} sent an invalid response (${error.message}).`, {
      hint: 'Try again. If it happens again, report it to the operator of the server.',
    });
  }
  throw error;
}

/** The status of a response, and the seconds in its `Retry-After`. */
interface ResponseStatus {
  readonly status?: number;
  readonly retryAfter?: number | undefined;
}

/** An error that the server described in a body, a redirect or a challenge. */
function fromErrorBody(
  error: unknown,
  { subject, secrets, http }: { subject: string; secrets: readonly (string | undefined)[]; http: ResponseStatus },
): OAuthError | undefined {
  const clean = (words: string | undefined) => redact(words, secrets);
  if (error instanceof ResponseBodyError) {
    const code = chooseCode(error.error, http.status);
    return createOAuthError(subject, { error: clean(error.error), description: clean(error.error_description), code, ...http });
  }
  if (error instanceof AuthorizationResponseError) {
    const code = error.error === 'access_denied' ? 'access_denied' : 'authorization_failed';
    return createOAuthError(subject, { error: clean(error.error), description: clean(error.error_description), code });
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    const { error: name = 'invalid_client', error_description: words } = error.cause[0]?.parameters ?? {};
    return createOAuthError(subject, { error: clean(name), description: clean(words) ?? `status ${error.status}`, ...http });
  }
  return undefined;
}

/** An error that only the status shows. */
function fromStatus(subject: string, { status, retryAfter }: ResponseStatus): AuthError | undefined {
  if (status === undefined || status < 300) return undefined;
  if (status < 400) {
    const message = `${subject} answered with a redirect (status ${status}). It was not followed, because the request contains credentials.`;
    return new AuthError('response_invalid', message, { hint: 'Report this to the operator of the server.' });
  }
  if (status >= 500 || status === tooManyRequests) {
    const hint = formatRetryHint(retryAfter);
    return new OAuthError(`status ${status}`, `${subject} failed with status ${status}.`, {
      code: 'server_failed',
      hint,
      status,
      retryAfter,
    });
  }
  return new OAuthError(`status ${status}`, `${subject} refused with status ${status}.`, { status, retryAfter });
}

/** A server that is down or busy has failed, unless the error is a standard one, which says what is wrong. */
function chooseCode(error: string, status = 0): ErrorCode | undefined {
  if (status !== tooManyRequests && status < 500) return undefined;
  return isStandardError(error) && status !== tooManyRequests ? undefined : (oauthErrorCodes[error] ?? 'server_failed');
}

interface ErrorDetails extends ResponseStatus {
  readonly error: string | undefined;
  readonly description: string | undefined;
  readonly code?: ErrorCode | undefined;
}

function createOAuthError(subject: string, { error = '', description, ...rest }: ErrorDetails): OAuthError {
  if (rest.code !== 'server_failed') {
    const words = description ? `, ${quote(description)}` : '';
    return new OAuthError(error, `${subject} refused: ${quote(error)}${words}.`, { description, ...rest });
  }
  const named = error.startsWith('status ') ? [] : [quote(error)];
  const words = [...named, ...(description ? [quote(description)] : [])].join(', ');
  const message = `${subject} failed with status ${rest.status ?? 500}${words === '' ? '' : `: ${words}`}.`;
  return new OAuthError(error, message, { description, hint: formatRetryHint(rest.retryAfter), ...rest });
}

function formatRetryHint(seconds: number | undefined): string {
  return seconds === undefined ? 'Try again later.' : `Try again in ${seconds} s.`;
}

/** Characters. Shorter values are not secret, and may be part of any word. */
const minSecretLength = 6;

/** Replace the secrets, as they are and URL-encoded. */
function redact(words: string | undefined, secrets: readonly (string | undefined)[]): string | undefined {
  return secrets
    .filter((secret) => secret !== undefined)
    .filter((secret) => secret.length >= minSecretLength)
    .flatMap((secret) => [secret, encodeURIComponent(secret.toWellFormed())])
    .reduce((text, secret) => text?.replaceAll(secret, '…'), words);
}

function findResponse(error: unknown): Response | undefined {
  if (error instanceof ResponseBodyError || error instanceof WWWAuthenticateChallengeError) return error.response;
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Response ? cause : undefined;
}

/** Seconds, relative to the server's own clock if the response has a date. */
function readRetryAfter({ headers }: Response): number | undefined {
  const now = Date.parse(headers.get('date') ?? '');
  return parseRetryAfter(headers.get('retry-after'), Number.isNaN(now) ? Date.now() : now);
}
