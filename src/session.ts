/** A login that is in the store, and how it is kept fresh. */
import type { Context } from './context.js';
import { AuthError, hasCode } from './errors.js';
import { requestAuthorizationServer } from './oauth/authorization-server.js';
import type { ClientInformation } from './oauth/registration.js';
import { requestRefresh, type TokenResponse, type TokenServer } from './oauth/token.js';
import { clientsOf, findServer, readLogin, writeLogin, type Login, type StoreDocument } from './store/document.js';

/** A token that has less than this left, in seconds, is renewed before it is handed out. */
const margin = 60;
/** A token whose whole life, in seconds, is shorter than this is renewed when less than a tenth of it is left. */
const shortLife = 600;

/**
 * The login of server `name` with an access token that is valid now: the stored one, or a new one, which is then stored.
 *
 * @param minTtl seconds that the token has to live at least; without it, see `margin`.
 * @throws AuthError `login_needed` when there is no login or it has ended, `not_a_login` for other kinds of
 * authentication, and what a refresh throws while no valid token is left.
 */
export async function freshLogin({ name, minTtl }: { name: string; minTtl?: number }, context: Context): Promise<Login> {
  const isFresh = (login: Login) => secondsLeft(login, context) >= (minTtl ?? marginOf(login));
  const stored = loginOf(await context.store.read(), name);
  if (isFresh(stored)) return stored;
  if (stored.refreshToken === undefined) return withoutRefresh({ login: stored, name, minTtl }, context);
  return context.store.withServerLock(name, async () => {
    const document = await context.store.read();
    const now = loginOf(document, name);
    if (isFresh(now)) return now;
    try {
      return await refresh({ name, login: now, document }, context);
    } catch (error) {
      return stillValid({ login: now, minTtl, error }, context);
    }
  });
}

/** Seconds until the access token expires; infinite where its server did not say. */
export function secondsLeft({ expiresAt }: Login, { clock }: Pick<Context, 'clock'>): number {
  return expiresAt === undefined ? Infinity : expiresAt - clock.now() / 1000;
}

/** A login from a token response. What a refresh does not send anew stays as it was (RFC 6749 sections 5.1 and 6). */
export function loginFrom(tokens: TokenResponse, before: Omit<Login, 'accessToken'>): Login {
  return {
    ...before,
    accessToken: tokens.accessToken,
    issuedAt: tokens.issuedAt,
    expiresAt: tokens.expiresAt,
    refreshToken: tokens.refreshToken ?? before.refreshToken,
    scope: tokens.scope ?? before.scope,
  };
}

/** The authorization server of a login as far as tokens go: from the store, else asked for again. */
export async function tokenServerOf(login: Login, name: string, context: Pick<Context, 'http' | 'signal'>): Promise<TokenServer> {
  const { issuer, tokenEndpoint } = login;
  if (issuer === undefined) throw loginNeeded(name, `The token of ${name} was not obtained by mcp-auth and cannot be renewed`);
  if (tokenEndpoint !== undefined) return { issuer, token_endpoint: tokenEndpoint };
  const metadata = await requestAuthorizationServer({ issuer }, context);
  if (metadata === undefined)
    throw new AuthError('server_failed', `${issuer} has no metadata any more.`, { hint: `Try again, or run mcp-auth login ${name}` });
  return metadata;
}

/** The registration that a login was made with; a public client of that id if the store has lost it. */
export function clientOf(login: Login, document: StoreDocument): ClientInformation {
  const known = clientsOf(document, login.issuer ?? '').find((client) => client.client_id === login.clientId);
  return known ?? { client_id: login.clientId ?? '', token_endpoint_auth_method: 'none' };
}

async function refresh(
  { name, login, document }: { name: string; login: Login; document: StoreDocument },
  context: Context,
): Promise<Login> {
  const { refreshToken = '', resource } = login;
  const metadata = await tokenServerOf(login, name, context);
  await context.store.checkWritable();
  const tokens = await requestRefresh({ metadata, client: clientOf(login, document), refreshToken, resource }, context).catch(
    (error: unknown) => {
      throw hasCode(error, 'invalid_grant')
        ? loginNeeded(name, `The login to ${name} has ended: its refresh token is no longer accepted`)
        : error;
    },
  );
  const renewed = loginFrom(tokens, login);
  await context.store.update((now) => {
    const entry = findServer(now, name);
    if (entry) writeLogin(entry, renewed);
  });
  return renewed;
}

/** Nothing can be renewed: a token that is still valid will do, unless more was asked for. */
function withoutRefresh({ login, name, minTtl }: { login: Login; name: string; minTtl: number | undefined }, context: Context): Login {
  const left = secondsLeft(login, context);
  if (left > 0 && minTtl === undefined) return login;
  const when = left > 0 ? `expires in ${Math.floor(left)} s` : 'has expired';
  throw loginNeeded(name, `The access token of ${name} ${when}, and there is no refresh token to renew it with`);
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

function loginOf(document: StoreDocument, name: string): Login {
  const entry = findServer(document, name);
  const login = readLogin(entry);
  if (login) return login;
  if (entry === undefined) {
    throw new AuthError('login_needed', `There is no server called ${name} in the store.`, {
      hint: `Run: mcp-auth login URL --name ${name}     (mcp-auth list shows the servers)`,
    });
  }
  if (entry.auth?.type !== undefined && entry.auth.type !== 'bearer') {
    throw new AuthError('not_a_login', `${name} is authenticated by ${entry.auth.type}, not by a login: it has no token.`);
  }
  if (entry.url === undefined) throw new AuthError('not_a_login', `${name} is not a remote server: there is nothing to log in to.`);
  throw loginNeeded(name, `You are not logged in to ${name}`);
}

function marginOf({ expiresAt, issuedAt }: Login): number {
  const life = expiresAt !== undefined && issuedAt !== undefined ? expiresAt - issuedAt : Infinity;
  return life < shortLife ? life / 10 : margin;
}

/** Exit 3, with the command that mends it. */
function loginNeeded(name: string, why: string): AuthError {
  return new AuthError('login_needed', `${why}.`, { hint: `Run: mcp-auth login ${name}` });
}
