/** A renewal in this process, under the lock of its server. */
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { getRemainingSeconds } from '../store/freshness.js';
import type { Login } from '../store/login.js';
import { createFingerprint } from '../store/fingerprint.js';
import { renewLogin } from './renewal.js';
import { readStoredLogin } from './stored-login.js';

/** What is to be renewed, and why. No secret is in it. */
export interface RenewalTask {
  readonly name: string;
  /** The fingerprint of the access token that is not good enough: another one is as good as it gets. */
  readonly seen: string;
  /** Seconds that the token has to live at least. */
  readonly minTtl?: number;
  /** The token that is there is no answer to a renewal that failed. */
  readonly always: boolean;
  /** Whether its server has refused the token that was seen. */
  readonly isRefused?: boolean;
}

/** Renews a login, unless another process has; however many want to, one of them asks the server. */
export async function renewInProcess({ name, seen, minTtl, always, isRefused = false }: RenewalTask, context: Context): Promise<Login> {
  const renewed = async () => {
    const document = await context.store.read(name);
    const login = readStoredLogin(document, name, context);
    if (isAnother(login, seen, context)) return login;
    try {
      return await renewLogin({ name, login, document, isRefused }, context);
    } catch (error) {
      if (always) throw error;
      return stillValid({ login, minTtl, error }, context);
    }
  };
  return context.store.withServerLock(name, renewed, () => findRenewedLogin({ name, seen }, context));
}

/** What another process has put into the store meanwhile. */
export async function findRenewedLogin({ name, seen }: Pick<RenewalTask, 'name' | 'seen'>, context: Context): Promise<Login | undefined> {
  const login = readStoredLogin(await context.store.peek(name), name, context);
  return isAnother(login, seen, context) ? login : undefined;
}

function isAnother(login: Login, seen: string, context: Context): boolean {
  return createFingerprint(login.accessToken) !== seen && getRemainingSeconds(login, context) > 0;
}

/** After a refresh that failed: the token that is there, while it lives and is enough; else the error. */
function stillValid({ login, minTtl, error }: { login: Login; minTtl: number | undefined; error: unknown }, context: Context): Login {
  if (!(error instanceof AuthError) || error.code === 'interrupted') throw error;
  if (getRemainingSeconds(login, context) > (minTtl ?? 0)) {
    context.ui.warn(`The token could not be renewed yet, but is still valid: ${error.message}`);
    return login;
  }
  throw error;
}
