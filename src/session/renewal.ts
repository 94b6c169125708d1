/** New tokens for a login, so that none is ever lost between the server that gives them and the store. */
import type { Context } from '../context.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError, hasCode } from '../errors.js';
import type { FlowCredentials } from '../flows/flow.js';
import { findUnattendedFlow } from '../flows/index.js';
import type { Network } from '../effects.js';
import { parseAllowedUrl } from '../http/url-policy.js';
import { createDefaultMetadata, requestAuthorizationServer, type AuthorizationServerRequest } from '../oauth/authorization-server.js';
import { findDialect, chooseResource, type Dialect } from '../oauth/dialect.js';
import type { AcceptedAuthentication } from '../oauth/client-authentication.js';
import { importDpop } from '../oauth/dpop.js';
import { isOwnAddress, collectOwnAddresses } from '../oauth/endpoints.js';
import { OAuthError } from '../oauth/protocol-error.js';
import type { ClientInformation } from '../oauth/client-information.js';
import { rejectsRefreshToken } from '../oauth/error-response.js';
import {
  requestRefresh,
  RotatedRefreshTokenError,
  type TokenRequestParties,
  type TokenResponse,
  type TokenServer,
} from '../oauth/token.js';
import { quote } from '../text/server-text.js';
import { readClients, putClient } from '../store/clients.js';
import { findServer, type StoreDocument } from '../store/document.js';
import { createFingerprint } from '../store/fingerprint.js';
import { readLogin, writeLogin, type Login } from '../store/login.js';
import { readSettings } from '../store/settings.js';
import { withAccessForRenewal } from './server-access.js';

/** More renewals than this within so many seconds help nobody: something is wrong with the token. */
const mostRenewals = 20;
const renewalWindow = 30;

/** A login, what the person calls its server, and the document that it was read from. */
interface Stored {
  readonly name: string;
  readonly login: Login;
  readonly document: StoreDocument;
}

/**
 * The authorization server of a login as far as tokens go: from the store, else asked for again. A token endpoint that is not at a
 * place of its issuer is asked for again before a secret is sent there: a login may have come from elsewhere, with the issuer
 * and the client id of another.
 */
export async function findTokenServer(stored: Stored, context: Pick<Context, 'http' | 'signal'>): Promise<TokenServer> {
  const { name, login, document } = stored;
  const { issuer, tokenEndpoint } = login;
  if (issuer === undefined || !URL.canParse(issuer))
    throw createLoginNeededError(name, `The token of ${name} was not obtained by mcp-auth and cannot be renewed`);
  if (tokenEndpoint !== undefined && mayReceiveCredentials(tokenEndpoint, stored))
    return {
      issuer,
      token_endpoint: parseAllowedUrl(tokenEndpoint, {
        what: 'The token endpoint in the store',
        allowedNetwork: context.http.allowedNetwork,
      }).href,
    };
  const metadata = await requestAuthorizationServer(createIssuerRequest({ issuer, name, document }), context);
  // MCP 2025-03-26 has servers without metadata, whose issuer is their origin.
  const { origin } = new URL(issuer);
  if (metadata === undefined && issuer === origin) return createDefaultMetadata(origin);
  if (metadata === undefined)
    throw new AuthError('server_failed', `${issuer} has no metadata any more.`, {
      hint: `Try again, or run ${formatCommand`mcp-auth login ${name}`}`,
    });
  return metadata;
}

/** Whether what proves the client of a login may be sent to an address that the store has for it: to one of its issuer. */
export function mayReceiveCredentials(address: string, { name, login, document }: Stored): boolean {
  const { issuer = '', clientId, flow } = login;
  const client = readClients(document, issuer).find(({ client_id }) => client_id === clientId);
  const hasProof = client?.client_secret !== undefined || client?.private_key_file !== undefined || flow !== undefined;
  if (!hasProof || !URL.canParse(address)) return true;
  const { trustedEndpoints: trusted } = readSettings(findServer(document, name));
  return isOwnAddress(new URL(address), collectOwnAddresses({ issuer, trusted }));
}

/** How the issuer of a login is asked for its metadata, by what the person has said of the server. */
export function createIssuerRequest({
  issuer,
  name,
  document,
}: Pick<Stored, 'name' | 'document'> & { issuer: string }): AuthorizationServerRequest {
  const { trustedIssuer, metadataUrl } = readSettings(findServer(document, name));
  return { issuer, metadataUrl, ...(trustedIssuer !== undefined && { trusted: { issuer: trustedIssuer } }) };
}

/**
 * Whether a client is the one that a login from elsewhere came with. A document may name a client whose secret is first used here
 * afterwards: that secret proves who others are, not who the document's login is.
 */
function isOf(
  { importedSecretFingerprint: importedWith }: Login,
  { client_secret: secret = '', private_key_file: key }: ClientInformation,
): boolean {
  return importedWith === undefined || (key === undefined && createFingerprint(secret) === importedWith);
}

/** The registration that a login was made with; a public client of that id if the store has lost it. */
export function findLoginClient({ name, login, document }: Stored): ClientInformation {
  const { issuer, clientId } = login;
  if (clientId === undefined) throw createLoginNeededError(name, `The store does not say which client the login to ${name} belongs to`);
  const known = readClients(document, issuer ?? '').find((client) => client.client_id === clientId && isOf(login, client));
  return known ?? { client_id: clientId, token_endpoint_auth_method: 'none' };
}

/** Whether a new token can be had without a person. A proof that came by stdin cannot be read again. */
export function canRenew({ refreshToken, endedAtSeconds: endedAt, flow, ...files }: Login): boolean {
  return (refreshToken !== undefined && endedAt === undefined) || (findUnattendedFlow(flow)?.canRunAgain?.(files) ?? false);
}

/** A login from a token response. What a refresh does not send anew stays as it was (RFC 6749 sections 5.1 and 6). */
export function applyTokenResponse(tokens: TokenResponse, before: Omit<Login, 'accessToken' | 'tokenType'>): Login {
  return {
    ...before,
    accessToken: tokens.accessToken,
    tokenType: tokens.tokenType,
    issuedAtSeconds: tokens.issuedAtSeconds,
    expiresAtSeconds: tokens.expiresAtSeconds,
    refreshToken: tokens.refreshToken ?? before.refreshToken,
    scope: tokens.scope ?? before.scope,
  };
}

/**
 * Renews a login; its lock is the caller's. From the request on nothing interrupts it until the answer is stored, since a
 * refresh token that was spent is worth nothing any more.
 *
 * @param isRefused whether its server has refused the token that is there.
 * @throws AuthError `login_needed` when the login has ended, and what the requests and the store throw.
 */
export async function renewLogin({ isRefused, ...stored }: Stored & { isRefused: boolean }, unlimited: Context): Promise<Login> {
  const entry = findServer(stored.document, stored.name);
  const context = withAllowedNetwork(stored.login.network, await withAccessForRenewal(entry, unlimited));
  const braked = brake(stored, context);
  const metadata = await findTokenServer(stored, context);
  const client = findLoginClient(stored);
  await context.store.checkWritable();
  const endpoint = { metadata, client, ...(stored.login.dpopKey && { dpop: await importDpop(stored.login.dpopKey) }) };
  context.signal.throwIfAborted();
  const login = { ...stored.login, tokenEndpoint: metadata.token_endpoint };
  const renewed = await context.uninterrupted(async (root) => {
    const undisturbed = { ...root, http: context.http };
    try {
      const tokens = await requestNewTokens({ ...stored, endpoint }, undisturbed);
      const { acceptedAuthentication: proven } = tokens;
      const saved = await save(
        { ...stored, renewed: { ...applyTokenResponse(tokens, login), ...braked, refusals: isRefused ? 1 : undefined }, proven },
        undisturbed,
      );
      // Nothing is made of a server's words before the tokens beside them are safe.
      tellWhatWasGained({ ...stored, tokens }, undisturbed);
      return saved;
    } catch (error) {
      if (error instanceof RotatedRefreshTokenError) await saveRotated({ ...stored, refreshToken: error.refreshToken }, undisturbed);
      if (!hasCode(error, 'invalid_grant')) throw error;
      return afterInvalidGrant(stored, undisturbed);
    }
  });
  context.signal.throwIfAborted();
  return renewed;
}

/** A context whose requests go to no more private network than that; to any, for a login that does not say. */
export function withAllowedNetwork(reach: Network | undefined, context: Context): Context {
  return reach === undefined ? context : { ...context, http: context.http.withAllowedNetwork(reach) };
}

/** RFC 6749 section 6: a renewal gives no more than the person has approved. It is the server's to give; they hear of it. */
function tellWhatWasGained({ name, login, tokens }: Stored & { tokens: TokenResponse }, { ui }: Context): void {
  const before = login.scope ?? login.requestedScope;
  const approved = new Set(`${login.scope ?? ''} ${login.requestedScope ?? ''}`.split(' '));
  const gained = tokens.scope?.split(' ').filter((scope) => scope !== '' && !approved.has(scope)) ?? [];
  if (before === undefined || gained.length === 0) return;
  ui.warn(
    `The renewed token of ${name} may do more than was approved: ${quote(gained.join(' '))}. If nobody expected that: ${formatCommand`mcp-auth logout ${name}`}`,
  );
}

/**
 * Stores the renewed login, unless a new one has come in between. It is kept in a file of its own first, so that it is not lost if
 * this process is killed while it waits for its turn; and stays there, loudly, where the store cannot take it.
 */
async function save(
  { name, login, renewed, proven, document: before }: Stored & { renewed: Login; proven?: AcceptedAuthentication | undefined },
  { store, ui }: Context,
): Promise<Login> {
  const kept = await store.savePendingRenewal({ name, login: renewed, document: before }).catch(() => undefined);
  try {
    return await store.update((document) => {
      if (Object.keys(document).length === 0) throw emptied(store.path);
      if (proven !== undefined) keepProven(document, { login, proven });
      const entry = findServer(document, name);
      const now = readLogin(entry);
      if (entry === undefined || now?.accessToken !== login.accessToken) return now ?? renewed;
      writeLogin(entry, renewed, name);
      return renewed;
    }, name);
  } catch (error) {
    if (!(error instanceof AuthError) || kept === undefined) throw error;
    ui.fail(
      `${name} has new tokens, and they could not be stored: ${error.message}`,
      `They are kept in ${kept}. Make room, then run: ${formatCommand`mcp-auth token ${name}`}`,
    );
    return renewed;
  }
}

/** Another program that fills the file anew empties it first: what it is about to write has the login that was renewed. */
function emptied(file: string): AuthError {
  return new AuthError('store_invalid', `There was nothing in ${file} at that moment.`);
}

/** The way in which the client has proved itself: the next request begins with that. Changes `document`. */
function keepProven(
  document: StoreDocument,
  { login: { issuer = '', clientId }, proven }: { login: Login; proven: AcceptedAuthentication },
): void {
  const client = readClients(document, issuer).find(({ client_id }) => client_id === clientId);
  const isNew =
    client?.token_endpoint_auth_method !== proven.token_endpoint_auth_method || client?.basic_unencoded !== proven.basic_unencoded;
  if (client !== undefined && isNew) putClient(document, issuer, { ...client, ...proven });
}

/** The refresh token of an answer that cannot be used otherwise: the one before is spent. The access token is, too, as far as anybody knows. */
async function saveRotated({ refreshToken, ...stored }: Stored & { refreshToken: string }, context: Context): Promise<void> {
  const now = Math.floor(context.clock.now() / 1000);
  const { expiresAtSeconds: expiresAt = now } = stored.login;
  await save({ ...stored, renewed: { ...stored.login, refreshToken, expiresAtSeconds: Math.min(expiresAt, now) } }, context);
}

/** RFC 6749 section 5.2: the refresh token is spent. Another machine that shares the store may have spent it, and saved. */
async function afterInvalidGrant({ name, login }: Stored, { store, clock }: Context): Promise<Login> {
  const now = readLogin(findServer(await store.read(name), name));
  if (now !== undefined && now.refreshToken !== login.refreshToken) return now;
  await store.update((document) => {
    const entry = findServer(document, name);
    if (entry === undefined || readLogin(entry)?.refreshToken !== login.refreshToken) return;
    writeLogin(entry, { ...login, refreshToken: undefined, endedAtSeconds: Math.floor(clock.now() / 1000) }, name);
  }, name);
  throw createLoginNeededError(name, `The login to ${name} has ended: its refresh token is no longer accepted`);
}

/** Counts the renewals of a login. */
function brake({ name, login }: Stored, { clock }: Context): Pick<Login, 'renewals' | 'renewalsSinceSeconds'> {
  const now = Math.floor(clock.now() / 1000);
  const { renewals = 0, renewalsSinceSeconds: renewalsSince = 0 } = login;
  if (Math.abs(now - renewalsSince) > renewalWindow) return { renewals: 1, renewalsSinceSeconds: now };
  if (renewals < mostRenewals) return { renewals: renewals + 1, renewalsSinceSeconds: renewalsSince };
  throw new AuthError(
    'renewed_too_often',
    `The token of ${name} was renewed ${renewals} times within ${renewalWindow} seconds, so it was not renewed again.`,
    {
      hint: `A server that keeps refusing new tokens wants another audience or scope. See: mcp-auth list --json, and log in again with --scope.`,
    },
  );
}

/** By the refresh token; where there is none, or it has ended, by the unattended flow that made the login. */
async function requestNewTokens(
  { endpoint, ...stored }: Stored & { endpoint: TokenRequestParties },
  context: Context,
): Promise<TokenResponse> {
  const { name, login } = stored;
  const { refreshToken } = login;
  const dialect = findDialect(endpoint.metadata.issuer, readSettings(findServer(stored.document, name)));
  const flow = findUnattendedFlow(login.flow);
  if (refreshToken !== undefined) {
    try {
      return await requestRefresh({ ...endpoint, refreshToken, ...refreshParameters(login, dialect) }, context);
    } catch (error) {
      const ended = error instanceof OAuthError ? asEnding(error, name) : error;
      if (!hasCode(ended, 'invalid_grant') || flow === undefined) throw ended;
    }
  }
  if (flow === undefined) throw createLoginNeededError(name, `There is nothing to renew the login to ${name} with`);
  const unavailable = flow.unavailable({
    metadata: endpoint.metadata,
    dialect,
    browserWanted: false,
    inTwoSteps: false,
    credentials: proofOf(stored),
    env: context.env,
  });
  if (unavailable !== undefined) throw createLoginNeededError(name, `The token of ${name} cannot be renewed: ${unavailable}`);
  return (await flow.run({ ...endpoint, dialect, ...requestOf(stored, dialect) }, context)).tokens;
}

/** What a refresh names beside the refresh token. */
function refreshParameters(login: Login, { resource, scopeAtRefresh }: Dialect) {
  const scope = login.scope ?? login.requestedScope;
  return { resource: resource === 'none' ? undefined : login.resource, scope, isScopeNamed: scopeAtRefresh };
}

/** What an unattended flow was asked at first, from what the store keeps of it. */
function requestOf({ name, login, document }: Stored, dialect: Dialect) {
  const url = String(findServer(document, name)?.url);
  return {
    serverName: name,
    serverHost: URL.canParse(url) ? new URL(url).host : name,
    isClientReused: false,
    redirectUri: '',
    places: collectOwnAddresses({ issuer: login.issuer ?? '' }),
    resource: chooseResource(dialect, login.resource ?? url),
    extraParameters: dialect.authorizeParameters,
    ...(login.requestedScope !== undefined && { scope: login.requestedScope }),
    credentials: proofOf({ name, login, document }),
  };
}

function proofOf({ login, document }: Stored): FlowCredentials {
  const { workloadTokenFile, idTokenFile, identityProvider, identityProviderClientId: id } = login;
  const known = readClients(document, identityProvider ?? '').find(({ client_id }) => client_id === id);
  return {
    workloadTokenFile,
    idTokenFile,
    identityProvider,
    ...(id !== undefined && { identityProviderClient: known ?? { client_id: id } }),
    isIssuerKnown: true,
  };
}

/** A refusal by what it means for the login: `invalid_grant` for one that ends it, in whatever words; else with what to do. */
function asEnding(error: OAuthError, name: string): AuthError {
  const why = error.message.replace(/\.$/, '');
  if (rejectsRefreshToken(error)) return new AuthError('invalid_grant', error.message, { cause: error });
  // A server that fails says nothing for certain: the login stays, and the person is told.
  if (error.error === 'invalid_client' || error.code === 'invalid_grant') return createLoginNeededError(name, why);
  if (error.code !== 'request_refused') return error;
  return new AuthError(error.code, error.message, {
    hint: error.hint ?? `Try again. If it stays so, run: ${formatCommand`mcp-auth login ${name}`}`,
    cause: error,
  });
}

/** Exit 3, with the command that mends it. */
export function createLoginNeededError(name: string, why: string): AuthError {
  return new AuthError('login_needed', `${why}.`, { hint: `Run: ${formatCommand`mcp-auth login ${name}`}` });
}
