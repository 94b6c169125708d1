/** A stored login with an access token that is valid now. */
import type { Context } from '../context.js';
import type { Refresher } from '../effects.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError, hasCode } from '../errors.js';
import { withAccess } from './server-access.js';
import { renewInRefresher, type RefresherOutcome } from './renew-in-refresher.js';
import { createLoginNeededError } from './login-needed.js';
import { checkRejectedToken } from './rejected-token.js';
import { fallBack, findRenewedLogin, type RenewalTask } from './renewal-task.js';
import { readStoredLogin } from './stored-login.js';
import { findServer, listServers } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';
import { createFingerprint } from '../store/fingerprint.js';
import { isFresh, getRemainingSeconds, shortLifetimeSeconds } from '../store/freshness.js';
import { expandVariables, expandsToUrl } from '../store/variables.js';
import { redactUrl } from '../text/server-text.js';

export interface FreshLoginRequest {
  readonly name: string;
  /** The least remaining lifetime of the token, in seconds. Without it, `isFresh` decides. */
  readonly minTtl?: number;
  /** Renew even if the token is still valid, and fail instead of falling back to it. */
  readonly force?: boolean;
  /** With `force`: renew only while this is the stored access token. Another process may have renewed it in the meantime. */
  readonly replaces?: string;
  /** An access token that the server has rejected. If it is the stored one, it is renewed as with `force`. */
  readonly rejectedToken?: string;
  /** Whether the server accepted that token before. */
  readonly hasWorked?: boolean;
}

/**
 * Returns the login of server `name` with an access token that is valid now: the stored one, or a new one, which is then
 * stored. If several processes call this at once, one of them renews, and the others use its result.
 *
 * @throws AuthError `login_needed` if there is no login or it has expired, `not_a_login` for other kinds of authentication,
 * `token_refused` if the server rejects every new token, and as `renewLogin` does if no valid token is left.
 */
export async function getFreshLogin(request: FreshLoginRequest, context: Context): Promise<Login> {
  const { name, minTtl } = request;
  const stored = readStoredLogin(await context.store.read(name), name, context);
  const isRejected = stored.accessToken === request.rejectedToken;
  if (isRejected) await checkRejectedToken({ name, login: stored, hasWorked: request.hasWorked }, context);
  if (request.replaces !== undefined && stored.accessToken !== request.replaces) return stored;
  const force = request.force ?? isRejected;
  if (!force && (await isUsable(stored, request, context))) return stored;
  if (!(await canRenew(stored))) return getUnrenewable(stored, { ...request, force }, context);
  const task: RenewalTask = { name, seen: createFingerprint(stored.accessToken), minTtl, always: force, isRefused: isRejected };
  try {
    return await renew(task, context);
  } catch (error) {
    // The right to renew could not be had. The token in hand is as good as it was.
    if (force || !hasCode(error, 'store_away')) throw error;
    return fallBack({ login: stored, minTtl, error }, context);
  }
}

/** What renews is loaded when a token may have to be renewed: a bridge with a fresh token starts without it. */
async function canRenew(login: Login): Promise<boolean> {
  const renewal = await import('./renewal.js');
  return renewal.canRenew(login);
}

async function renew(task: RenewalTask, context: Context): Promise<Login> {
  const { refresher, store } = context;
  if (refresher === undefined) return renewInProcess(task, context);
  const findRenewed = () => findRenewedLogin(task, context);
  const renewOnce = async () => (await findRenewed()) ?? (await renewByRefresher(task, { refresher, context }));
  return store.withRenewalRequestLock(task.name, renewOnce, findRenewed);
}

async function renewInProcess(task: RenewalTask, context: Context): Promise<Login> {
  const loaded = await import('./renew-in-process.js');
  return loaded.renewInProcess(task, context);
}

/** Renews in a process of its own; in this process, if none can be started. */
async function renewByRefresher(task: RenewalTask, { refresher, context }: { refresher: Refresher; context: Context }): Promise<Login> {
  let failure: AuthError | undefined;
  const take = (outcome: RefresherOutcome) => (failure = outcome.failure);
  if (!(await renewInRefresher({ renewals: [task], take }, { refresher, context }))) return renewInProcess(task, context);
  if (failure !== undefined) throw failure;
  const login = readStoredLogin(await context.store.read(task.name), task.name, context);
  if (createFingerprint(login.accessToken) !== task.seen) return login;
  // The refresher could reach the database, and this process cannot: it remembers the old token, and a change waits for the database.
  return readStoredLogin(await context.store.update((document) => document, task.name), task.name, context);
}

/**
 * Finds the name of the server with that URL.
 *
 * @throws AuthError `login_needed` if the store has none.
 */
export async function findServerNameByUrl(url: string, { store, env }: Pick<Context, 'store' | 'env'>): Promise<string> {
  const same = listServers(await store.read()).filter(([, entry]) => expandsToUrl(entry.url, url, env));
  const [name] = same.find(([, entry]) => readLogin(entry) !== undefined) ?? same[0] ?? [];
  if (name !== undefined) return name;
  throw new AuthError('login_needed', `The store has no server with the URL ${redactUrl(url)}.`, {
    hint: `Run: ${formatCommand`mcp-auth login ${redactUrl(url)}`}`,
  });
}

/** Whether a token is fresh. If its lifetime is unknown and it can be renewed, the server is asked (RFC 6750 section 3.1). */
async function isUsable(login: Login, { name, minTtl }: FreshLoginRequest, context: Context): Promise<boolean> {
  if (!isFresh(login, minTtl, context)) return false;
  const hasUnknownLifetime = login.expiresAtSeconds === undefined && login.tokenType === 'bearer';
  return !hasUnknownLifetime || !(await canRenew(login)) || isNew(login, context) || !(await isTokenRejected({ name, login }, context));
}

/** Whether a token was issued a few minutes ago. The server is not asked about it then. */
function isNew({ issuedAtSeconds }: Login, { clock }: Pick<Context, 'clock'>): boolean {
  return issuedAtSeconds !== undefined && Math.abs(clock.now() / 1000 - issuedAtSeconds) < shortLifetimeSeconds;
}

/** Whether the server rejects the token. False if the server cannot be asked. */
async function isTokenRejected({ name, login }: { name: string; login: Login }, context: Context): Promise<boolean> {
  const entry = findServer(await context.store.read(name), name);
  const url = entry?.url;
  if (typeof url !== 'string') return false;
  try {
    const { requestIsTokenRejected } = await import('../oauth/probe.js');
    const effects = await withAccess(entry, context);
    return await requestIsTokenRejected({ url: new URL(expandVariables(url, context.env)), token: login.accessToken }, effects);
  } catch (error) {
    if (context.signal.aborted) throw error;
    return false;
  }
}

/** Returns a login that cannot be renewed, if its token is still valid and the request asks for no more than that. */
function getUnrenewable(login: Login, { name, minTtl, force, rejectedToken }: FreshLoginRequest, context: Context): Login {
  const remaining = getRemainingSeconds(login, context);
  if (remaining > 0 && minTtl === undefined && !force) return login;
  if (login.endedAtSeconds !== undefined) throw createEndedError(name, login.endedAtSeconds);
  const state = login.accessToken === rejectedToken ? 'was rejected' : formatLifetime(remaining);
  throw createLoginNeededError(name, `The access token of ${name} ${state}, and there is no refresh token to renew it with`);
}

function formatLifetime(remainingSeconds: number): string {
  if (remainingSeconds <= 0) return 'has expired';
  return Number.isFinite(remainingSeconds) ? `expires in ${Math.floor(remainingSeconds)} s` : 'has an unknown lifetime';
}

function createEndedError(name: string, atSeconds: number): AuthError {
  const when = new Date(atSeconds * 1000).toISOString().slice(0, 16).replace('T', ' ');
  return createLoginNeededError(name, `The login to ${name} has expired: its refresh token has been rejected since ${when} UTC`);
}
