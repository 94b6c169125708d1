/** A login that is in the store: the token that is valid now. */
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { requestIsTurnedAway } from '../oauth/probe.js';
import { covers } from '../oauth/resource.js';
import { withAccess } from './server-access.js';
import { canRenew, loginNeeded, renew } from './renewal.js';
import { quoted } from '../server-text.js';
import { findServer, servers, type StoreDocument } from '../store/document.js';
import { loginTypes, placeOf, readLogin, type Login } from '../store/login.js';
import { isFresh, secondsLeft, shortLife } from '../store/freshness.js';
import { expandVariables, isUrlOf } from '../store/variables.js';

export interface FreshRequest {
  readonly name: string;
  /** Seconds that the token has to live at least; without it, see `isFresh`. */
  readonly minTtl?: number;
  /** Renew a token that is good still; it is no answer to a renewal that failed. */
  readonly always?: boolean;
  /** An access token that the server has turned away: the same as `always`, as long as it is the stored one. */
  readonly refused?: string;
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
  const stored = loginOf(await context.store.read(), name, context);
  const always = request.always ?? stored.accessToken === request.refused;
  if (!always && (await isGood(stored, request, context))) return stored;
  if (!canRenew(stored)) return withoutRenewal(stored, { ...request, always }, context);
  /** What another process has put there meanwhile is as good as it gets. */
  const isNew = (now: Login) => now.accessToken !== stored.accessToken && secondsLeft(now, context) > 0;
  const renewed = async () => {
    const document = await context.store.read();
    const now = loginOf(document, name, context);
    if (isNew(now)) return now;
    try {
      return await renew({ name, login: now, document }, context);
    } catch (error) {
      if (always) throw error;
      return stillValid({ login: now, minTtl, error }, context);
    }
  };
  const byAnother = async () => {
    const now = loginOf(await context.store.read(), name, context);
    return isNew(now) ? now : undefined;
  };
  return context.store.withServerLock(name, renewed, byAnother);
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
  throw new AuthError('login_needed', `There is no server with the URL ${url} in the store.`, { hint: `Run: mcp-auth login ${url}` });
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
  const entry = findServer(await context.store.read(), name);
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

/** After a refresh that failed: the token that is there, while it lives and is enough; else the error. */
function stillValid({ login, minTtl, error }: { login: Login; minTtl: number | undefined; error: unknown }, context: Context): Login {
  if (!(error instanceof AuthError) || error.code === 'interrupted') throw error;
  if (secondsLeft(login, context) > (minTtl ?? 0)) {
    context.ui.warn(`The token could not be renewed yet, but is still valid: ${error.message}`);
    return login;
  }
  throw error;
}

function loginOf(document: StoreDocument, name: string, context: Pick<Context, 'env'>): Login {
  const entry = findServer(document, name);
  const login = readLogin(entry);
  if (login) return checkResource(login, { name, url: entry?.url }, context);
  if (entry === undefined) {
    throw new AuthError('login_needed', `There is no server called ${name} in the store.`, {
      hint: `Run: mcp-auth login URL --name ${name}     (mcp-auth list shows the servers)`,
    });
  }
  if (typeof entry.auth?.type === 'string' && !loginTypes.has(entry.auth.type)) {
    throw new AuthError('not_a_login', `${name} is authenticated by ${entry.auth.type}, not by a login: it has no token.`);
  }
  if (entry.url === undefined) throw new AuthError('not_a_login', `${name} is not a remote server: there is nothing to log in to.`);
  throw loginNeeded(name, `You are not logged in to ${name}`);
}

/** A token goes to the resource that it is for, also when another program has given the server another URL since. */
function checkResource(login: Login, { name, url }: { name: string; url: unknown }, { env }: Pick<Context, 'env'>): Login {
  const place = placeOf(login);
  if (place === undefined || typeof url !== 'string') return login;
  const address = expandedUrl(url, env);
  if (address === undefined || covers(place, address)) return login;
  throw loginNeeded(name, `The login to ${name} is for ${quoted(place)}, and its URL in the store is now ${quoted(address.href)}`);
}

/** Undefined where a variable in it is not set: whoever uses the URL is told. */
function expandedUrl(url: string, env: Context['env']): URL | undefined {
  try {
    return new URL(expandVariables(url, env));
  } catch {
    return undefined;
  }
}

function ended(name: string, at: number): AuthError {
  const when = new Date(at * 1000).toISOString().slice(0, 16).replace('T', ' ');
  return loginNeeded(name, `The login to ${name} has ended: its refresh token has not been accepted since ${when} UTC`);
}
