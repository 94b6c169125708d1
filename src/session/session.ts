/** A login that is in the store: the token that is valid now. */
import type { Context, Refresher } from '../context.js';
import { ownCommand } from '../command-line.js';
import { AuthError } from '../errors.js';
import { requestIsTurnedAway } from '../oauth/probe.js';
import { withAccess } from './server-access.js';
import { renewElsewhere, type Outcome } from './renew-elsewhere.js';
import { canRenew, loginNeeded } from './renewal.js';
import { checkRefusal } from './refusal.js';
import { renewedByAnother, renewHere, type Renewal } from './renew-here.js';
import { storedLogin } from './stored-login.js';
import { findServer, servers } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';
import { fingerprint } from '../store/fingerprint.js';
import { isFresh, secondsLeft, shortLife } from '../store/freshness.js';
import { expandVariables, isUrlOf } from '../store/variables.js';
import { shownUrl } from '../server-text.js';

export interface FreshRequest {
  readonly name: string;
  /** Seconds that the token has to live at least; without it, see `isFresh`. */
  readonly minTtl?: number;
  /** Renew a token that is good still; it is no answer to a renewal that failed. */
  readonly always?: boolean;
  /** An access token that the server has turned away: the same as `always`, as long as it is the stored one. */
  readonly refused?: string;
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
export async function freshLogin(request: FreshRequest, context: Context): Promise<Login> {
  const { name, minTtl } = request;
  const stored = storedLogin(await context.store.read(name), name, context);
  const isRefused = stored.accessToken === request.refused;
  if (isRefused) await checkRefusal({ name, login: stored, hasWorked: request.hasWorked }, context);
  const always = request.always ?? isRefused;
  if (!always && (await isGood(stored, request, context))) return stored;
  if (!canRenew(stored)) return withoutRenewal(stored, { ...request, always }, context);
  const renewal = { name, seen: fingerprint(stored.accessToken), minTtl, always, isRefused };
  const { refresher, store } = context;
  if (refresher === undefined) return renewHere(renewal, context);
  const byAnother = () => renewedByAnother(renewal, context);
  const asked = async () => (await byAnother()) ?? (await renewedElsewhere(renewal, { refresher, context }));
  return store.withAskingLock(name, asked, byAnother);
}

/** By a process of its own; by this one, where there can be none. */
async function renewedElsewhere(renewal: Renewal, { refresher, context }: { refresher: Refresher; context: Context }): Promise<Login> {
  let failure: AuthError | undefined;
  const take = (outcome: Outcome) => (failure = outcome.failure);
  if (!(await renewElsewhere({ renewals: [renewal], take }, { refresher, context }))) return renewHere(renewal, context);
  if (failure !== undefined) throw failure;
  return storedLogin(await context.store.read(renewal.name), renewal.name, context);
}

/**
 * The name of the server with that URL.
 *
 * @throws AuthError `login_needed` when the store has none.
 */
export async function loginOfUrl(url: string, { store, env }: Pick<Context, 'store' | 'env'>): Promise<string> {
  const same = servers(await store.read()).filter(([, entry]) => isUrlOf(entry.url, url, env));
  const [name] = same.find(([, entry]) => readLogin(entry) !== undefined) ?? same[0] ?? [];
  if (name !== undefined) return name;
  throw new AuthError('login_needed', `There is no server with the URL ${shownUrl(url)} in the store.`, {
    hint: `Run: ${ownCommand`mcp-auth login ${shownUrl(url)}`}`,
  });
}

/** Fresh by the clock; where that says nothing, and the token could be renewed, by asking its server (RFC 6750 section 3.1). */
async function isGood(login: Login, { name, minTtl }: FreshRequest, context: Context): Promise<boolean> {
  if (!isFresh(login, minTtl, context)) return false;
  const unknown = login.expiresAt === undefined && login.tokenType === 'bearer' && canRenew(login);
  return !unknown || isYoung(login, context) || !(await isTurnedAway({ name, login }, context));
}

/** A token of a few minutes is not asked about. */
function isYoung({ issuedAt }: Login, { clock }: Pick<Context, 'clock'>): boolean {
  return issuedAt !== undefined && Math.abs(clock.now() / 1000 - issuedAt) < shortLife;
}

/** Whether the server refuses the token. One that cannot be asked does not. */
async function isTurnedAway({ name, login }: { name: string; login: Login }, context: Context): Promise<boolean> {
  const entry = findServer(await context.store.read(name), name);
  const url = entry?.url;
  if (typeof url !== 'string') return false;
  try {
    const asItWants = await withAccess(entry, context);
    return await requestIsTurnedAway({ url: new URL(expandVariables(url, context.env)), token: login.accessToken }, asItWants);
  } catch (error) {
    if (context.signal.aborted) throw error;
    return false;
  }
}

/** Nothing can be renewed: a token that is still valid will do, unless more was asked for. */
function withoutRenewal(login: Login, { name, minTtl, always, refused }: FreshRequest, context: Context): Login {
  const left = secondsLeft(login, context);
  if (left > 0 && minTtl === undefined && !always) return login;
  if (login.endedAt !== undefined) throw ended(name, login.endedAt);
  const state = login.accessToken === refused ? 'was refused' : lifeInWords(left);
  throw loginNeeded(name, `The access token of ${name} ${state}, and there is no refresh token to renew it with`);
}

function lifeInWords(secondsLeft: number): string {
  if (secondsLeft <= 0) return 'has expired';
  return Number.isFinite(secondsLeft) ? `expires in ${Math.floor(secondsLeft)} s` : 'has no known end';
}

function ended(name: string, at: number): AuthError {
  const when = new Date(at * 1000).toISOString().slice(0, 16).replace('T', ' ');
  return loginNeeded(name, `The login to ${name} has ended: its refresh token has not been accepted since ${when} UTC`);
}
