/**
 * The messages between a process and the refresher that it starts. The two may be of different versions after an update: do not
 * rename members. No message contains a secret; the logins are in the store.
 */
import { AuthError, type ErrorCode } from '../errors.js';
import { OAuthError } from '../oauth/oauth-error.js';
import type { RenewalTask } from './renewal-task.js';

export interface RenewalRequest {
  readonly store: string;
  /** Logins to renew unless their token has been replaced. */
  readonly renewals?: readonly RenewalTask[];
  /** Servers to renew in any case, without asking any authorization server more often than it allows. */
  readonly names?: readonly string[];
}

/** An AuthError as JSON. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  /** The error response of the authorization server, for an OAuthError. */
  readonly answer?: { readonly error: string; readonly description?: string; readonly status?: number; readonly retryAfter?: number };
}

/** A message for the user. */
export interface UserMessage {
  readonly is: 'said';
  readonly how: 'warn' | 'fail' | 'remark';
  readonly text: string;
  readonly hint?: string;
}

/** What the refresher sends. Members that are undefined are not sent. */
export type RefresherMessage =
  { readonly is: 'started' } | UserMessage | { readonly is: 'ended'; readonly name: string; readonly failure?: SerializedError };

export function serializeError(failure: AuthError): SerializedError {
  const { code, message, hint } = failure;
  if (!(failure instanceof OAuthError)) return { code, message, hint };
  const { error, description, status, retryAfter } = failure;
  return { code, message, hint, answer: { error, description, status, retryAfter } };
}

export function deserializeError({ code, message, hint, answer }: SerializedError): AuthError {
  return answer === undefined ? new AuthError(code, message, { hint }) : new OAuthError(answer.error, message, { ...answer, hint, code });
}
