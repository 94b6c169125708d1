/** What the process that renews tokens is asked for, and what it says. No secret is in it: the logins are in the store. */
import { AuthError, type ErrorCode } from '../errors.js';
import { OAuthError } from '../oauth/protocol-error.js';
import type { RenewalTask } from './renew-in-process.js';

export interface RenewalRequest {
  readonly store: string;
  /** What is not good enough any more. */
  readonly renewals?: readonly RenewalTask[];
  /** Servers whose logins are renewed whatever their tokens are, with no server asked more often than it wants to be. */
  readonly names?: readonly string[];
}

/** A failure, as it goes from one process to the other. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  /** What an authorization server has said, of an OAuthError. */
  readonly answer?: { readonly error: string; readonly description?: string; readonly status?: number; readonly retryAfter?: number };
}

/** A sentence for the person. */
export interface UserMessage {
  readonly is: 'said';
  readonly how: 'warn' | 'fail' | 'remark';
  readonly text: string;
  readonly hint?: string;
}

export type RefresherMessage =
  { readonly is: 'started' } | UserMessage | { readonly is: 'ended'; readonly name: string; readonly failure?: SerializedError };

export function serializeError(failure: AuthError): SerializedError {
  const { code, message, hint } = failure;
  const said = { code, message, ...(hint !== undefined && { hint }) };
  if (!(failure instanceof OAuthError)) return said;
  const { error, description, status, retryAfter } = failure;
  // What is undefined does not go over.
  return { ...said, answer: { error, description, status, retryAfter } };
}

export function deserializeError({ code, message, hint, answer }: SerializedError): AuthError {
  const options = { ...(hint !== undefined && { hint }) };
  return answer === undefined
    ? new AuthError(code, message, options)
    : new OAuthError(answer.error, message, { ...answer, ...options, code });
}
