/** A login that is in the store: the token that is valid now. */
import type { Context } from '../context.js';
import type { Refresher } from '../effects.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { requestIsTokenRejected } from '../oauth/probe.js';
import { withAccess } from './server-access.js';
import { renewInRefresher, type RefresherOutcome } from './renew-in-refresher.js';
import { canRenew, createLoginNeededError } from './renewal.js';
import { checkRejectedToken } from './rejected-token.js';
import { findRenewedLogin, renewInProcess, type RenewalTask } from './renew-in-process.js';
import { readStoredLogin } from './stored-login.js';
import { findServer, listServers } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';
import { createFingerprint } from '../store/fingerprint.js';
import { isFresh, getRemainingSeconds, shortLifetimeSeconds } from '../store/freshness.js';
import { expandVariables, expandsToUrl } from '../store/variables.js';
import { redactUrl } from '../text/server-text.js';

export interface FreshLoginRequest {
  readonly name: string;
  /** Seconds that the token has to live at least; without it, see `isFresh`. */
  readonly minTtl?: number;
  /** Renew a token that is good still; it is no answer to a renewal that failed. */
  readonly force?: boolean;
  /** An access token that the server has turned away: the same as `always`, as long as it is the stored one. */
  readonly rejectedToken?: string;
  /** Whether the server has taken that token before. */
  readonly hasWorked?: boolean;
}

/**
 * The login of server `name` with an access token that is valid now: the stored one, or a new one, which is then stored.
 * However many processes ask at once, one of them renews, and the others take what it has put there.
 *
 * @throws AuthError `login_needed` when there is no login or it has ended, `not_a_login` for other kinds of
 * authentication, and what a refresh throws while no valid token is left.
 */
export async function getFreshLogin(request: FreshLoginRequest, context: Context): Promise<Login> {
  const { name, minTtl } = request;
  const stored = readStoredLogin(await context.store.read(name), name, context);
  const isRefused = stored.accessToken === request.rejectedToken;
  if (isRefused) await checkRejectedToken({ name, login: stored, hasWorked: request.hasWorked }, context);
  const always = request.force ?? isRefused;
  if (!always && (await isGood(stored, request, context))) return stored;
  if (!canRenew(stored)) return withoutRenewal(stored, { ...request, force: always }, context);
  const renewal = { name, seen: createFingerprint(stored.accessToken), minTtl, always, isRefused };
  const { refresher, store } = context;
  if (refresher === undefined) return renewInProcess(renewal, context);
  const byAnother = () => findRenewedLogin(renewal, context);
  const asked = async () => (await byAnother()) ?? (await renewedElsewhere(renewal, { refresher, context }));
  return store.withRenewalRequestLock(name, asked, byAnother);
}

/** By a process of its own; by this one, where there can be none. */
async function renewedElsewhere(renewal: RenewalTask, { refresher, context }: { refresher: Refresher; context: Context }): Promise<Login> {
  let failure: AuthError | undefined;
  const take = (outcome: RefresherOutcome) => (failure = outcome.failure);
  if (!(await renewInRefresher({ renewals: [renewal], take }, { refresher, context }))) return renewInProcess(renewal, context);
  if (failure !== undefined) throw failure;
  return readStoredLogin(await context.store.read(renewal.name), renewal.name, context);
}

/**
 * The name of the server with that URL.
 *
 * @throws AuthError `login_needed` when the store has none.
 */
export async function findServerNameByUrl(url: string, { store, env }: Pick<Context, 'store' | 'env'>): Promise<string> {
  const same = listServers(await store.read()).filter(([, entry]) => expandsToUrl(entry.url, url, env));
  const [name] = same.find(([, entry]) => readLogin(entry) !== undefined) ?? same[0] ?? [];
  if (name !== undefined) return name;
  throw new AuthError('login_needed', `There is no server with the URL ${redactUrl(url)} in the store.`, {
    hint: `Run: ${formatCommand`mcp-auth login ${redactUrl(url)}`}`,
  });
}

/** Fresh by the clock; where that says nothing, and the token could be renewed, by asking its server (RFC 6750 section 3.1). */
async function isGood(login: Login, { name, minTtl }: FreshLoginRequest, context: Context): Promise<boolean> {
  if (!isFresh(login, minTtl, context)) return false;
  const unknown = login.expiresAtSeconds === undefined && login.tokenType === 'bearer' && canRenew(login);
  return !unknown || isYoung(login, context) || !(await isTurnedAway({ name, login }, context));
}

/** A token of a few minutes is not asked about. */
function isYoung({ issuedAtSeconds: issuedAt }: Login, { clock }: Pick<Context, 'clock'>): boolean {
  return issuedAt !== undefined && Math.abs(clock.now() / 1000 - issuedAt) < shortLifetimeSeconds;
}

/** Whether the server refuses the token. One that cannot be asked does not. */
async function isTurnedAway({ name, login }: { name: string; login: Login }, context: Context): Promise<boolean> {
  const entry = findServer(await context.store.read(name), name);
  const url = entry?.url;
  if (typeof url !== 'string') return false;
  try {
    const asItWants = await withAccess(entry, context);
    return await requestIsTokenRejected({ url: new URL(expandVariables(url, context.env)), token: login.accessToken }, asItWants);
  } catch (error) {
    if (context.signal.aborted) throw error;
    return false;
  }
}

/** Nothing can be renewed: a token that is still valid will do, unless more was asked for. */
function withoutRenewal(login: Login, { name, minTtl, force: always, rejectedToken: refused }: FreshLoginRequest, context: Context): Login {
  const left = getRemainingSeconds(login, context);
  if (left > 0 && minTtl === undefined && !always) return login;
  if (login.endedAtSeconds !== undefined) throw ended(name, login.endedAtSeconds);
  const state = login.accessToken === refused ? 'was refused' : lifeInWords(left);
  throw createLoginNeededError(name, `The access token of ${name} ${state}, and there is no refresh token to renew it with`);
}

function lifeInWords(secondsLeft: number): string {
  if (secondsLeft <= 0) return 'has expired';
  return Number.isFinite(secondsLeft) ? `expires in ${Math.floor(secondsLeft)} s` : 'has no known end';
}

function ended(name: string, at: number): AuthError {
  const when = new Date(at * 1000).toISOString().slice(0, 16).replace('T', ' ');
  return createLoginNeededError(name, `The login to ${name} has ended: its refresh token has not been accepted since ${when} UTC`);
}
