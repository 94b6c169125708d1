/** Renewing a login in this process, under the lock of its server. */
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { getRemainingSeconds } from '../store/freshness.js';
import type { Login } from '../store/login.js';
import { createFingerprint } from '../store/fingerprint.js';
import { renewLogin } from './renewal.js';
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

/**
 * Renews a login, unless another process has done so. If several processes call this at once, one of them asks the server.
 *
 * @throws AuthError as `readStoredLogin` and `renewLogin` do.
 */
export async function renewInProcess(task: RenewalTask, context: Context): Promise<Login> {
  const { name, seen, minTtl, always, isRefused: isRejected = false } = task;
  const renew = async () => {
    const document = await context.store.read(name);
    const login = readStoredLogin(document, name, context);
    if (isRenewed(login, seen, context)) return login;
    try {
      return await renewLogin({ name, login, document, isRejected }, context);
    } catch (error) {
      if (always) throw error;
      return fallBack({ login, minTtl, error }, context);
    }
  };
  return context.store.withServerLock(name, renew, () => findRenewedLogin(task, context));
}

/** The login, if another process has renewed it in the meantime. */
export async function findRenewedLogin({ name, seen }: Pick<RenewalTask, 'name' | 'seen'>, context: Context): Promise<Login | undefined> {
  const login = readStoredLogin(await context.store.peek(name), name, context);
  return isRenewed(login, seen, context) ? login : undefined;
}

function isRenewed(login: Login, seen: string, context: Context): boolean {
  return createFingerprint(login.accessToken) !== seen && getRemainingSeconds(login, context) > 0;
}

/** After a failed renewal: the stored login with a warning, if its token is still valid for long enough. Otherwise throws the error. */
export function fallBack({ login, minTtl, error }: { login: Login; minTtl: number | undefined; error: unknown }, context: Context): Login {
  if (!(error instanceof AuthError) || error.code === 'interrupted') throw error;
  if (getRemainingSeconds(login, context) <= (minTtl ?? 0)) throw error;
  context.ui.warn(`The token could not be renewed, but is still valid: ${error.message}`);
  return login;
}
