/** Keeps logins fresh for programs that read the store and cannot ask for a token: `refresh --watch`. */
import type { Context } from '../context.js';
import { toAuthError } from '../errors.js';
import { OAuthError } from '../oauth/oauth-error.js';
import { canRenew } from './renewal.js';
import { getFreshLogin } from './session.js';
import { getRemainingSeconds, shortLifetimeSeconds } from '../store/freshness.js';
import { listServers } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';

/** Seconds between two reads of the store at most: other processes change it, and the machine may be suspended. */
const maxSleepSeconds = 30;
/**
 * A token is renewed when a tenth of its lifetime remains, within these bounds in seconds, and up to half as much earlier. The lower
 * bound does not apply to short lifetimes.
 */
const minLeadSeconds = 60;
const maxLeadSeconds = 600;
/** Seconds until a failed renewal is retried. Doubled after each failure, up to the maximum. */
const firstRetrySeconds = 30;
const maxRetrySeconds = 1800;

/** Renewals at one time. */
const maxConcurrent = 8;

interface FailedRenewal {
  readonly retrySeconds: number;
  /** Milliseconds since the epoch. */
  readonly retryAt: number;
}

interface DueLogin {
  readonly name: string;
  readonly login: Login;
}

interface Watch {
  /** The logins to renew; empty for all. */
  readonly names: readonly string[];
  readonly failures: Map<string, FailedRenewal>;
  /** Between 0 and 1, so that several machines with a copy of one store do not all renew in the same second. */
  readonly jitter: number;
}

/**
 * Renews the logins of `names`, or of all servers if that is empty, each shortly before its token expires, until the signal
 * aborts. New logins in the store are renewed as well. Renews in this process, which runs on anyway: with thousands of logins, a
 * process for each would take longer than their tokens live.
 */
export async function keepLoginsFresh(names: readonly string[], given: Context): Promise<void> {
  const context = { ...given, refresher: undefined };
  const watch: Watch = { names, failures: new Map(), jitter: Math.random() };
  // A locked agent would say the same every 30 seconds.
  let reported: string | undefined;
  context.ui.say(`Keeping the logins in ${context.store.path} fresh. Press Ctrl-C to stop.`);
  while (!context.signal.aborted) {
    const seconds = await renewDueLogins(watch, context).catch((error: unknown) => {
      if (context.signal.aborted) return 0;
      // The store may be readable again later.
      const { message, hint } = toAuthError(error);
      if (message !== reported) context.ui.fail(message, hint);
      reported = message;
      return maxSleepSeconds;
    });
    await context.clock.sleep(seconds * 1000, context.signal).catch(() => undefined);
  }
}

/** Renews what is due. Returns the seconds until the next login is due. */
async function renewDueLogins(watch: Watch, context: Context): Promise<number> {
  const { names, failures, jitter } = watch;
  const now = context.clock.now();
  let next = maxSleepSeconds;
  const due: DueLogin[] = [];
  for (const [name, entry] of listServers(await context.store.read())) {
    const login = readLogin(entry);
    if (login === undefined || !canRenew(login) || (names.length > 0 && !names.includes(name))) continue;
    const { retryAt = now } = failures.get(name) ?? {};
    const wait = Math.max(getSecondsUntilDue(login, jitter, context), (retryAt - now) / 1000);
    if (wait > 0) next = Math.min(next, wait);
    else due.push({ name, login });
  }
  const renewDue = async () => {
    for (let one = takeRandom(due); one !== undefined; one = takeRandom(due)) next = Math.min(next, await renewNow(one, watch, context));
  };
  const renewing = Array.from({ length: Math.min(maxConcurrent, due.length) }, renewDue);
  // Also if one ends with the process: the responses to the others are still stored.
  await Promise.allSettled(renewing);
  await Promise.all(renewing);
  return Math.max(next, 1);
}

function getSecondsUntilDue(login: Login, jitter: number, context: Context): number {
  const { expiresAtSeconds = Infinity, issuedAtSeconds = 0 } = login;
  const lifetime = expiresAtSeconds - issuedAtSeconds;
  const minLead = lifetime < shortLifetimeSeconds ? 0 : minLeadSeconds;
  const lead = Math.min(Math.max(lifetime / 10, minLead), maxLeadSeconds);
  return getRemainingSeconds(login, context) - lead * (1 + jitter / 2);
}

/** Takes one out of the list at random: several machines that watch one store do not all begin with the same login. */
function takeRandom<T>(list: T[]): T | undefined {
  const [taken] = list.splice(Math.floor(Math.random() * list.length), 1);
  return taken;
}

/**
 * Renews a login, unless another process has done so since it was read. Returns the seconds until the next renewal, or the next retry.
 */
async function renewNow({ name, login: seen }: DueLogin, { failures, jitter }: Watch, context: Context): Promise<number> {
  const failure = failures.get(name);
  try {
    const login = await getFreshLogin({ name, force: true, replaces: seen.accessToken }, context);
    failures.delete(name);
    if (login.accessToken !== seen.accessToken) context.ui.succeed(`Renewed ${name}.`);
    return getSecondsUntilDue(login, jitter, context);
  } catch (error) {
    if (context.signal.aborted) throw error;
    const { message, hint } = toAuthError(error);
    const retryAfter = error instanceof OAuthError ? (error.retryAfter ?? 0) : 0;
    const backoff = failure === undefined ? firstRetrySeconds : Math.min(failure.retrySeconds * 2, maxRetrySeconds);
    const retrySeconds = Math.max(backoff, retryAfter);
    failures.set(name, { retrySeconds, retryAt: context.clock.now() + retrySeconds * 1000 });
    context.ui.fail(`${name}: ${message}`, hint);
    return retrySeconds;
  }
}
