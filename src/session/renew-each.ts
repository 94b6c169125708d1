/** Renews many logins at once in this process, without asking any server more often than it allows. */
import type { Context } from '../context.js';
import { AuthError, toAuthError } from '../errors.js';
import { OAuthError } from '../oauth/oauth-error.js';
import { getFreshLogin } from './session.js';
import { findServer } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';

/** Renewals, and so connections, at one time. */
const maxConcurrent = 16;
/** Retries after 429 or 503; the longest Retry-After, in seconds, that is waited for; and the wait if the server names none. */
const maxRetries = 3;
const maxWaitSeconds = 60;
const firstWaitSeconds = 1;

export type RenewalResult = { readonly name: string; readonly login: Login } | { readonly name: string; readonly failure: AuthError };

/**
 * Renews each of `names`, and calls `report` with each result as soon as it is known. One failure does not end the others. After a
 * 429 or 503, all logins of that server wait for as long as it asks (RFC 9110 section 10.2.3).
 *
 * @throws AuthError `interrupted`, and `internal` for a bug.
 */
export async function renewEach(names: readonly string[], report: (result: RenewalResult) => void, context: Context): Promise<void> {
  const document = await context.store.read();
  const getIssuer = (name: string) => readLogin(findServer(document, name))?.issuer ?? name;
  /** When each issuer may be asked again, in milliseconds since the epoch. */
  const blockedUntil = new Map<string, number>();

  const renew = async (name: string): Promise<RenewalResult> => {
    const issuer = getIssuer(name);
    for (let retry = 0; ; retry += 1) {
      try {
        await waitUntil(blockedUntil.get(issuer) ?? 0, context);
        return { name, login: await getFreshLogin({ name, force: true }, context) };
      } catch (error) {
        const failure = toAuthError(error);
        if (failure.code === 'interrupted' || failure.code === 'internal') throw error;
        const waitSeconds = getRetrySeconds(error, retry);
        if (waitSeconds === undefined || waitSeconds > maxWaitSeconds || retry === maxRetries) return { name, failure };
        blockedUntil.set(issuer, Math.max(blockedUntil.get(issuer) ?? 0, context.clock.now() + waitSeconds * 1000));
      }
    }
  };

  const queue = [...names];
  const work = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) report(await renew(name));
  };
  await Promise.all(Array.from({ length: Math.min(maxConcurrent, names.length) }, work));
}

async function waitUntil(time: number, { clock, signal }: Context): Promise<void> {
  const milliseconds = time - clock.now();
  if (milliseconds > 0) await clock.sleep(milliseconds, signal);
}

/** Seconds to wait before a retry; undefined if the error is not worth one. */
function getRetrySeconds(error: unknown, retry: number): number | undefined {
  if (!(error instanceof OAuthError) || (error.status !== 429 && error.status !== 503)) return undefined;
  return error.retryAfter ?? firstWaitSeconds * 2 ** retry;
}
