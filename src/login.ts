/** One login, from a server's URL to tokens in the store. Read it first: it is the story that the other folders tell. */
import type { Context } from './context.js';
import { AuthError, hasCode, toAuthError } from './errors.js';
import type { ClientOptions } from './client.js';
import { obtainConsent, type Consent } from './consent.js';
import { availableFlows } from './flows/index.js';
import type { Flow, Proof } from './flows/flow.js';
import type { TrustedIssuer } from './oauth/authorization-server.js';
import { parseChallenge } from './oauth/challenge.js';
import { discover, type Discovery } from './oauth/discovery.js';
import { createDpop, type Dpop } from './oauth/dpop.js';
import { scopeToRequest } from './oauth/scope.js';
import { loginFrom } from './renewal.js';
import { deleteClient, findServer, putClient, putServer, readLogin, writeLogin, type Login, type ServerEntry } from './store/document.js';
import { stepUp } from './step-up.js';
import { verifyToken, type Verification } from './verification.js';

export interface LoginRequest {
  readonly name: string;
  /** As the person wrote it, which is how it is stored. */
  readonly url: string;
  /** The name of the one flow to use; without it, the first that can run. */
  readonly flow?: string;
  /** Whether a browser may be opened on this machine. */
  readonly browserWanted: boolean;
  /** Scopes joined by spaces, in place of those that the server names. */
  readonly scope?: string;
  /** The `WWW-Authenticate` value with which the server asked for more than the login that is there. */
  readonly challenge?: string;
  readonly client: ClientOptions;
  /** What a flow without a person shows in place of consent. */
  readonly proof: Proof;
  /** Which of the server's authorization servers to use. */
  readonly issuer?: string;
  /** An issuer that the authorization server may call itself; remembered for this server. */
  readonly trustedIssuer?: string;
  /** Whether to go on where the metadata does not mention PKCE. */
  readonly pkceUnadvertised: boolean;
  /** Parameters of the authorization request that one server needs. */
  readonly extraParameters?: Readonly<Record<string, string>>;
  /** Seconds that the person has; without it ten minutes, or the life of a device code. */
  readonly timeout?: number;
  /** Whether to try the token before it is stored. */
  readonly verify: boolean;
}

export interface LoginResult {
  readonly login: Login;
  /** Absent when it was not asked for, or when the server could not be asked. */
  readonly verification?: Verification;
}

/** What was found out before the person is asked. */
interface Preparation {
  readonly discovery: Discovery;
  readonly scope?: string;
  readonly stepUps: number;
  readonly flows: readonly [Flow, ...Flow[]];
  /** The key for a server that takes only tokens that are bound to one. */
  readonly dpop?: Dpop;
}

/**
 * Logs in. Whatever fails or is interrupted before the very end leaves the store, and a login in it, as it was.
 *
 * @throws AuthError for everything that can go wrong on the way; see errors.ts.
 */
export async function login(request: LoginRequest, context: Context): Promise<LoginResult> {
  await context.store.checkWritable();
  const prepared = await prepare(request, context);
  const { discovery, scope } = prepared;
  const { metadata, resource } = discovery;
  context.ui.remark(`Authorization server: ${metadata.issuer}${scope === undefined ? '' : `     scope: ${scope}`}`);
  const { name: serverName, client: options, proof, extraParameters, timeout } = request;
  const asked = { ...prepared, serverName, client: options, proof, extraParameters, timeout };
  const consent = await obtainConsent(asked, context);
  const { grant, client } = consent;
  try {
    const { tokens } = grant;
    const server = { url: new URL(request.url), tokens, dpop: prepared.dpop };
    const verification = request.verify ? await verify(server, context) : undefined;
    const login = loginFrom(tokens, {
      scope,
      requestedScope: scope,
      issuer: metadata.issuer,
      resource,
      clientId: client.client_id,
      tokenEndpoint: metadata.token_endpoint,
      revocationEndpoint: metadata.revocation_endpoint,
      ...(prepared.stepUps > 0 && { stepUps: prepared.stepUps }),
      ...(tokens.tokenType === 'dpop' && { dpopKey: prepared.dpop?.key }),
      ...renewalOf({ flow: prepared.flows[0], proof: grant.proof ?? proof }),
    });
    await save({ request, discovery, login, consent }, context);
    await grant.answerBrowser?.();
    return { login, verification };
  } catch (error) {
    await grant.answerBrowser?.(toAuthError(error));
    throw error;
  }
}

/** What has to be known to run an unattended flow again. A token from stdin is not: it is the person's, and soon over. */
function renewalOf({ flow, proof }: { flow: Flow; proof: Proof }): Partial<Login> {
  if (!flow.unattended) return {};
  return {
    flow: flow.name,
    workloadTokenFile: proof.workloadTokenFile,
    idTokenFile: proof.idTokenFile,
    identityProvider: proof.identityProvider,
    identityProviderClientId: proof.identityProviderClient?.client_id,
  };
}

/** Everything that can be known to fail before a client is registered and the person is sent to approve. */
async function prepare(request: LoginRequest, context: Context): Promise<Preparation> {
  const entry = findServer(await context.store.read(), request.name);
  const challenge = request.challenge === undefined ? undefined : parseChallenge(request.challenge);
  if (request.challenge !== undefined && challenge === undefined) {
    throw new AuthError('usage', 'The value of --challenge asks for no token.', {
      hint: 'Pass what the server sent as WWW-Authenticate.',
    });
  }
  const login = readLogin(entry);
  const more = challenge && stepUp({ name: request.name, login, challenge });
  const discovery = await discover(
    { serverUrl: new URL(request.url), challenge, issuer: request.issuer, before: login?.issuer, trusted: trustedIssuer(request, entry) },
    context,
  );
  const { metadata } = discovery;
  const { browserWanted, pkceUnadvertised, proof } = request;
  const flows = availableFlows({ metadata, browserWanted, pkceUnadvertised, proof, env: context.env }, request.flow);
  return {
    discovery,
    scope: scopeToRequest(discovery, {
      asked: request.scope,
      challenged: challenge?.scope,
      before: more?.before,
      offline: !flows[0].unattended,
    }),
    stepUps: more?.repeats ?? 0,
    flows,
    ...(discovery.dpop && { dpop: await createDpop(metadata.dpop_signing_alg_values_supported) }),
  };
}

/** The pin of this login, for whatever address it turns out to be, or the one that is kept, for the address that it was given for. */
function trustedIssuer({ trustedIssuer }: LoginRequest, entry: ServerEntry | undefined): TrustedIssuer | undefined {
  if (trustedIssuer !== undefined) return { issuer: trustedIssuer };
  return typeof entry?.trusted_issuer === 'string' ? { issuer: entry.trusted_issuer, address: entry.trusted_issuer_at } : undefined;
}

/** A token that the server refuses ends the login; a server that cannot be asked says nothing about it. */
async function verify(server: Parameters<typeof verifyToken>[0], context: Context): Promise<Verification | undefined> {
  try {
    return await verifyToken(server, context);
  } catch (error) {
    if (!hasCode(error, 'server_failed', 'network_error', 'request_timed_out')) throw error;
    context.ui.warn(`The token could not be tried: ${error.message}`);
    return undefined;
  }
}

/** Writes the login, unless the server has become another one while the person approved. */
async function save(
  {
    request,
    discovery,
    login,
    consent: { client, forgotten, grant },
  }: { request: LoginRequest; discovery: Discovery; login: Login; consent: Consent },
  { store, signal }: Context,
): Promise<void> {
  signal.throwIfAborted();
  const { name, url, trustedIssuer } = request;
  const proof = grant.proof ?? request.proof;
  await store.update((document) => {
    const entry = putServer(document, { name, url });
    writeLogin(entry, login, name);
    if (trustedIssuer !== undefined) Object.assign(entry, { trusted_issuer: trustedIssuer, trusted_issuer_at: discovery.issuerAddress });
    if (forgotten !== undefined) deleteClient(document, discovery.metadata.issuer, forgotten);
    putClient(document, discovery.metadata.issuer, client);
    if (proof.identityProvider !== undefined && proof.identityProviderClient?.client_secret !== undefined) {
      putClient(document, proof.identityProvider, { ...proof.identityProviderClient, obtained_by: 'pre_registration' });
    }
  });
  const stored = readLogin(findServer(await store.read(), name));
  if (stored?.accessToken !== login.accessToken) {
    throw new AuthError('store_unwritable', `The login was written to ${store.path} but is not there.`, {
      hint: 'See what else writes to that file.',
    });
  }
}
