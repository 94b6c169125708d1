/** What a renewal is asked to do, how another process's is recognised, and what is left when it fails. */
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { createFingerprint } from '../store/fingerprint.js';
import { getRemainingSeconds } from '../store/freshness.js';
import type { Login } from '../store/login.js';
import { readStoredLogin } from './stored-login.js';

/**
 * What to renew, and why. It is sent from process to process, which may be of different versions after an update: do not rename
 * its members. It contains no secret.
 */
export interface RenewalTask {
  readonly name: string;
  /** The fingerprint of the access token to replace. Any other token that is valid will do. */
  readonly seen: string;
  /** The least remaining lifetime of the token, in seconds. */
  readonly minTtl?: number;
  /** Whether a failed renewal is an error even if the stored token is still valid. */
  readonly always: boolean;
  /** Whether the server has rejected the token. */
  readonly isRefused?: boolean;
}

/** The login, if another process has renewed it in the meantime. */
export async function findRenewedLogin({ name, seen }: Pick<RenewalTask, 'name' | 'seen'>, context: Context): Promise<Login | undefined> {
  const login = readStoredLogin(await context.store.peek(name), name, context);
  return isRenewed(login, seen, context) ? login : undefined;
}

/** Whether the login has another token than the one that was seen, and a valid one. */
export function isRenewed(login: Login, seen: string, context: Context): boolean {
  return createFingerprint(login.accessToken) !== seen && getRemainingSeconds(login, context) > 0;
}

/** After a failed renewal: the stored login with a warning, if its token is still valid for long enough. Otherwise throws the error. */
export function fallBack({ login, minTtl, error }: { login: Login; minTtl: number | undefined; error: unknown }, context: Context): Login {
  if (!(error instanceof AuthError) || error.code === 'interrupted') throw error;
  if (getRemainingSeconds(login, context) <= (minTtl ?? 0)) throw error;
  context.ui.warn(`The token could not be renewed, but is still valid: ${error.message}`);
  return login;
}
