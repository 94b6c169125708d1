/** Keeps logins fresh for programs that read the store and cannot ask for a token: `refresh --watch`. */
import type { Context } from '../context.js';
import { toAuthError } from '../errors.js';
import { OAuthError } from '../oauth/protocol-error.js';
import { canRenew } from './renewal.js';
import { getFreshLogin } from './session.js';
import { getRemainingSeconds, shortLifetimeSeconds } from '../store/freshness.js';
import { listServers } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';

/** Seconds: the store is looked at so often, since others change it, and a machine may have been suspended. */
const longestSleep = 30;
/**
 * Seconds before its end at which a token is renewed: a tenth of its life, within these bounds where it has a life of ten minutes
 * or more, and up to half as much earlier.
 */
const earliest = 600;
const latest = 60;
/** Seconds until a renewal that failed is tried again: twice as long each time. */
const firstPause = 30;
const longestPause = 1800;

interface Failure {
  readonly pause: number;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/**
 * Renews the logins of `names`, or of all servers where none is named, each shortly before its token expires, until the
 * signal aborts. A login that comes into the store is kept fresh from then on.
 */
export async function keepLoginsFresh(names: readonly string[], context: Context): Promise<void> {
  const failures = new Map<string, Failure>();
  const jitter = Math.random();
  context.ui.say(`Keeping the logins in ${context.store.path} fresh. Ctrl-C ends it.`);
  while (!context.signal.aborted) {
    const pause = await round({ names, failures, jitter }, context).catch((error: unknown) => {
      if (context.signal.aborted) return 0;
      // A store that cannot be read now may be read later.
      const { message, hint } = toAuthError(error);
      context.ui.fail(message, hint);
      return longestSleep;
    });
    await context.clock.sleep(pause * 1000, context.signal).catch(() => undefined);
  }
}

/** Renews what is due, and returns the seconds until something is due again. */
async function round(
  { names, failures, jitter }: { names: readonly string[]; failures: Map<string, Failure>; jitter: number },
  context: Context,
): Promise<number> {
  const now = context.clock.now();
  let next = longestSleep;
  for (const [name, entry] of listServers(await context.store.read())) {
    const login = readLogin(entry);
    if (login === undefined || !canRenew(login) || (names.length > 0 && !names.includes(name))) continue;
    const failure = failures.get(name);
    const wait = Math.max(secondsUntilDue(login, jitter, context), failure === undefined ? 0 : (failure.until - now) / 1000);
    const left = wait > 0 ? wait : await renewNow({ name, failures, failure, jitter }, context);
    next = Math.min(next, left);
  }
  return Math.max(next, 1);
}

/** Those who keep many copies of a store fresh do not all do so at the same second. */
function secondsUntilDue(login: Login, jitter: number, context: Context): number {
  const { expiresAtSeconds: expiresAt = Infinity, issuedAtSeconds: issuedAt = 0 } = login;
  const life = expiresAt - issuedAt;
  const lead = Math.min(Math.max(life / 10, life < shortLifetimeSeconds ? 0 : latest), earliest);
  return getRemainingSeconds(login, context) - lead * (1 + jitter / 2);
}

/** Renews a login, and returns the seconds until that is due again, or is to be tried again. */
async function renewNow(
  { name, failures, failure, jitter }: { name: string; failures: Map<string, Failure>; failure: Failure | undefined; jitter: number },
  context: Context,
): Promise<number> {
  try {
    const login = await getFreshLogin({ name, force: true }, context);
    failures.delete(name);
    context.ui.succeed(`Renewed ${name}.`);
    return secondsUntilDue(login, jitter, context);
  } catch (error) {
    if (context.signal.aborted) throw error;
    const { message, hint } = toAuthError(error);
    const asked = error instanceof OAuthError ? (error.retryAfter ?? 0) : 0;
    const pause = Math.max(Math.min(failure === undefined ? firstPause : failure.pause * 2, longestPause), asked);
    failures.set(name, { pause, until: context.clock.now() + pause * 1000 });
    context.ui.fail(`${name}: ${message}`, hint);
    return pause;
  }
}
