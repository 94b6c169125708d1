/** A login that is in the store, and how it is kept fresh. */
import type { Context } from './context.js';
import { AuthError, hasCode } from './errors.js';
import type { Proof } from './flows/flow.js';
import { unattendedFlow } from './flows/index.js';
import { parseSafeUrl } from './http/url-policy.js';
import { requestAuthorizationServer } from './oauth/authorization-server.js';
import { openDpop } from './oauth/dpop.js';
import { OAuthError } from './oauth/protocol-error.js';
import type { ClientInformation } from './oauth/registration.js';
import { requestRefresh, type TokenEndpoint, type TokenResponse, type TokenServer } from './oauth/token.js';
import { clientsOf, findServer, loginTypes, readLogin, writeLogin, type Login, type StoreDocument } from './store/document.js';

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
  if (!canRenew(stored)) return withoutRefresh({ login: stored, name, minTtl }, context);
  return context.store.withServerLock(name, async () => {
    const document = await context.store.read();
    const now = loginOf(document, name);
    if (isFresh(now)) return now;
    try {
      return await renew({ name, login: now, document }, context);
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
export function loginFrom(tokens: TokenResponse, before: Omit<Login, 'accessToken' | 'tokenType'>): Login {
  return {
    ...before,
    accessToken: tokens.accessToken,
    tokenType: tokens.tokenType,
    issuedAt: tokens.issuedAt,
    expiresAt: tokens.expiresAt,
    refreshToken: tokens.refreshToken ?? before.refreshToken,
    scope: tokens.scope ?? before.scope,
  };
}

/** A login, what the person calls its server, and the document that it was read from. */
interface Stored {
  readonly name: string;
  readonly login: Login;
  readonly document: StoreDocument;
}

/** The authorization server of a login as far as tokens go: from the store, else asked for again. */
export async function tokenServerOf(
  { name, login: { issuer, tokenEndpoint } }: Pick<Stored, 'name' | 'login'>,
  context: Pick<Context, 'http' | 'signal'>,
): Promise<TokenServer> {
  if (issuer === undefined || !URL.canParse(issuer))
    throw loginNeeded(name, `The token of ${name} was not obtained by mcp-auth and cannot be renewed`);
  if (tokenEndpoint !== undefined)
    return { issuer, token_endpoint: parseSafeUrl(tokenEndpoint, { what: 'The token endpoint in the store' }).href };
  const metadata = await requestAuthorizationServer({ issuer }, context);
  if (metadata === undefined)
    throw new AuthError('server_failed', `${issuer} has no metadata any more.`, { hint: `Try again, or run mcp-auth login ${name}` });
  return metadata;
}

/** The registration that a login was made with; a public client of that id if the store has lost it. */
export function clientOf({ name, login: { issuer, clientId }, document }: Stored): ClientInformation {
  if (clientId === undefined) throw loginNeeded(name, `The store does not say which client the login to ${name} belongs to`);
  const known = clientsOf(document, issuer ?? '').find((client) => client.client_id === clientId);
  return known ?? { client_id: clientId, token_endpoint_auth_method: 'none' };
}

/** Whether a new token can be had without a person. A proof that came by stdin cannot be read again. */
export function canRenew({ refreshToken, flow, ...files }: Login): boolean {
  return refreshToken !== undefined || (unattendedFlow(flow)?.canRepeat?.(files) ?? false);
}

/** New tokens for a login, which are stored unless a new login has come in between. */
async function renew(stored: Stored, context: Context): Promise<Login> {
  const { name, login } = stored;
  const metadata = await tokenServerOf(stored, context);
  const client = clientOf(stored);
  await context.store.checkWritable();
  const endpoint = { metadata, client, ...(login.dpopKey && { dpop: await openDpop(login.dpopKey) }) };
  const renewed = loginFrom(await requestNewTokens({ ...stored, endpoint }, context), login);
  return context.store.update((document) => {
    const entry = findServer(document, name);
    const now = readLogin(entry);
    if (entry === undefined || now?.accessToken !== login.accessToken) return now ?? renewed;
    writeLogin(entry, renewed, name);
    return renewed;
  });
}

/** By the refresh token; where there is none, or it has ended, by the unattended flow that made the login. */
async function requestNewTokens({ endpoint, ...stored }: Stored & { endpoint: TokenEndpoint }, context: Context): Promise<TokenResponse> {
  const { name, login } = stored;
  const { refreshToken, resource } = login;
  const flow = unattendedFlow(login.flow);
  if (refreshToken !== undefined) {
    try {
      return await requestRefresh({ ...endpoint, refreshToken, resource }, context);
    } catch (error) {
      if (error instanceof OAuthError && error.error === 'invalid_client') throw loginNeeded(name, error.message.replace(/\.$/, ''));
      if (hasCode(error, 'request_refused')) throw refusedToRenew(error, name);
      if (!hasCode(error, 'invalid_grant')) throw error;
      if (flow === undefined) throw loginNeeded(name, `The login to ${name} has ended: its refresh token is no longer accepted`);
    }
  }
  if (flow === undefined) throw loginNeeded(name, `There is nothing to renew the login to ${name} with`);
  const unavailable = flow.unavailable({
    metadata: endpoint.metadata,
    browserWanted: false,
    pkceUnadvertised: false,
    proof: proofOf(stored),
    env: context.env,
  });
  if (unavailable !== undefined) throw loginNeeded(name, `The token of ${name} cannot be renewed: ${unavailable}`);
  return (await flow.run({ ...endpoint, ...requestOf(stored) }, context)).tokens;
}

/** What an unattended flow was asked at first, from what the store keeps of it. */
function requestOf({ name, login, document }: Stored) {
  return {
    serverName: name,
    clientReused: false,
    redirectUri: '',
    resource: login.resource ?? String(findServer(document, name)?.url),
    ...(login.requestedScope !== undefined && { scope: login.requestedScope }),
    proof: proofOf({ name, login, document }),
  };
}

function proofOf({ login, document }: Stored): Proof {
  const { workloadTokenFile, idTokenFile, identityProvider, identityProviderClientId: id } = login;
  const known = clientsOf(document, identityProvider ?? '').find(({ client_id }) => client_id === id);
  return {
    workloadTokenFile,
    idTokenFile,
    identityProvider,
    ...(id !== undefined && { identityProviderClient: known ?? { client_id: id } }),
    issuerKnown: true,
  };
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
  if (typeof entry.auth?.type === 'string' && !loginTypes.has(entry.auth.type)) {
    throw new AuthError('not_a_login', `${name} is authenticated by ${entry.auth.type}, not by a login: it has no token.`);
  }
  if (entry.url === undefined) throw new AuthError('not_a_login', `${name} is not a remote server: there is nothing to log in to.`);
  throw loginNeeded(name, `You are not logged in to ${name}`);
}

function marginOf({ expiresAt, issuedAt }: Login): number {
  const life = expiresAt !== undefined && issuedAt !== undefined ? expiresAt - issuedAt : Infinity;
  return life < shortLife ? life / 10 : margin;
}

/** Some servers refuse a refresh token that has ended in other words than `invalid_grant`; nobody can tell. */
function refusedToRenew(error: AuthError, name: string): AuthError {
  return new AuthError(error.code, error.message, { hint: `Try again. If it stays so, run: mcp-auth login ${name}`, cause: error });
}

/** Exit 3, with the command that mends it. */
function loginNeeded(name: string, why: string): AuthError {
  return new AuthError('login_needed', `${why}.`, { hint: `Run: mcp-auth login ${name}` });
}
