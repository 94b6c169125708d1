/** Renewing a login in this process, under the lock of its server. */
import type { Context } from '../context.js';
import type { Login } from '../store/login.js';
import { renewLogin } from './renewal.js';
import { fallBack, findRenewedLogin, isRenewed, type RenewalTask } from './renewal-task.js';
import { readStoredLogin } from './stored-login.js';

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
