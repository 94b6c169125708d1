/** Many logins renewed at once, and no server asked more often than it wants to be. */
import type { Context } from '../context.js';
import { AuthError, toAuthError } from '../errors.js';
import { OAuthError } from '../oauth/protocol-error.js';
import { getFreshLogin } from './session.js';
import { findServer } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';

/** Renewals that are under way at one time, and so the connections that they take. */
const atOnce = 16;
/** How often a server that is too busy is asked again, and the seconds that it is left alone at most, and where it does not say. */
const mostRetries = 3;
const longestPause = 60;
const firstPause = 1;

/** What became of one. */
export type RenewalResult = { readonly name: string; readonly login: Login } | { readonly name: string; readonly failure: AuthError };

/**
 * Renews each of `names`, whatever becomes of the others, and tells what became of each as it ends. A server that answers
 * 429 or 503 is left alone for as long as it asks for (RFC 9110 section 10.2.3), with all its logins.
 *
 * @throws AuthError `interrupted`, and what is a mistake of ours.
 */
export async function renewEach(names: readonly string[], tell: (renewed: RenewalResult) => void, context: Context): Promise<void> {
  const document = await context.store.read();
  const issuerOf = (name: string) => readLogin(findServer(document, name))?.issuer ?? name;
  /** When each issuer may be asked again, in milliseconds since the epoch. */
  const quiet = new Map<string, number>();

  const renewed = async (name: string): Promise<RenewalResult> => {
    const issuer = issuerOf(name);
    for (let retry = 0; ; retry += 1) {
      try {
        await untilQuietEnds(quiet.get(issuer), context);
        return { name, login: await getFreshLogin({ name, force: true }, context) };
      } catch (error) {
        const failure = toAuthError(error);
        if (failure.code === 'interrupted' || failure.code === 'internal') throw error;
        const pause = secondsToWait(error, retry);
        if (pause === undefined || pause > longestPause || retry === mostRetries) return { name, failure };
        quiet.set(issuer, Math.max(quiet.get(issuer) ?? 0, context.clock.now() + pause * 1000));
      }
    }
  };

  const left = [...names];
  const work = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) tell(await renewed(name));
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, names.length) }, work));
}

async function untilQuietEnds(until: number | undefined, { clock, signal }: Context): Promise<void> {
  const milliseconds = (until ?? 0) - clock.now();
  if (milliseconds > 0) await clock.sleep(milliseconds, signal);
}

/** Undefined for what is no reason to ask again. */
function secondsToWait(error: unknown, retry: number): number | undefined {
  if (!(error instanceof OAuthError) || (error.status !== 429 && error.status !== 503)) return undefined;
  return error.retryAfter ?? firstPause * 2 ** retry;
}
