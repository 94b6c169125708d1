/** One login, from a server's URL to tokens in the store. Read it first: it is the story that the other folders tell. */
import type { Context } from './context.js';
import { AuthError, hasCode, toAuthError } from './errors.js';
import { obtainClient, type ClientOptions } from './client.js';
import { availableFlows } from './flows/index.js';
import type { Flow, FlowRequest, Grant } from './flows/flow.js';
import { parseBearerChallenge } from './oauth/challenge.js';
import { discover, type Discovery } from './oauth/discovery.js';
import { OAuthError } from './oauth/protocol-error.js';
import type { ClientInformation } from './oauth/registration.js';
import { scopeToRequest } from './oauth/scope.js';
import { loginFrom } from './session.js';
import { findServer, putClient, putServer, readLogin, writeLogin, type Login } from './store/document.js';
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
  /** Which of the server's authorization servers to use. */
  readonly issuer?: string;
  /** An issuer that the authorization server may call itself; remembered for this server. */
  readonly trustedIssuer?: string;
  /** Whether to go on where the metadata does not mention PKCE. */
  readonly pkceUnadvertised: boolean;
  /** Parameters of the authorization request that one server needs. */
  readonly extraParameters?: Readonly<Record<string, string>>;
  /** Seconds that the person has. */
  readonly timeout: number;
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
  readonly flows: Flow[];
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
  const { grant, client } = await withinTime(request.timeout, context, (limited) => obtainGrant({ request, prepared }, limited));
  try {
    const token = grant.tokens.accessToken;
    const verification = request.verify ? await verify({ url: new URL(request.url), token }, context) : undefined;
    const login = loginFrom(grant.tokens, {
      scope,
      requestedScope: scope,
      issuer: metadata.issuer,
      resource,
      clientId: client.client_id,
      tokenEndpoint: metadata.token_endpoint,
      revocationEndpoint: metadata.revocation_endpoint,
      ...(prepared.stepUps > 0 && { stepUps: prepared.stepUps }),
    });
    // A refresh of the old login that is under way may not come after this one.
    await context.store.withServerLock(request.name, () => save({ request, login, client }, context));
    await grant.answerBrowser?.();
    return { login, verification };
  } catch (error) {
    await grant.answerBrowser?.(toAuthError(error));
    throw error;
  }
}

/** Everything that can be known to fail before a client is registered and the person is sent to approve. */
async function prepare(request: LoginRequest, context: Context): Promise<Preparation> {
  const entry = findServer(await context.store.read(), request.name);
  const challenge = request.challenge === undefined ? undefined : parseBearerChallenge(request.challenge);
  if (request.challenge !== undefined && challenge === undefined) {
    throw new AuthError('usage', 'The value of --challenge holds no Bearer challenge.', {
      hint: 'Pass what the server sent as WWW-Authenticate.',
    });
  }
  const more = challenge && stepUp({ name: request.name, login: readLogin(entry), challenge });
  const discovery = await discover(
    { serverUrl: new URL(request.url), challenge, issuer: request.issuer, trustedIssuer: request.trustedIssuer ?? entry?.trusted_issuer },
    context,
  );
  const { metadata } = discovery;
  const situation = { metadata, browserWanted: request.browserWanted, pkceUnadvertised: request.pkceUnadvertised, context };
  return {
    discovery,
    scope: scopeToRequest(discovery, { asked: request.scope, before: more?.before }),
    stepUps: more?.repeats ?? 0,
    flows: availableFlows(situation, request.flow),
  };
}

/**
 * Becomes a client and obtains a grant. A registration from the store that its server has forgotten is replaced, once:
 * servers prune clients, and nobody can tell before it is used.
 */
async function obtainGrant(
  { request, prepared }: { request: LoginRequest; prepared: Preparation },
  context: Context,
): Promise<{ grant: Grant; client: ClientInformation }> {
  const { discovery, scope, flows } = prepared;
  const { metadata, resource } = discovery;
  const attempt = async (options: ClientOptions) => {
    const { client, reused } = await obtainClient({ serverName: request.name, metadata, options }, context).catch((error: unknown) => {
      throw discovery.assumed && error instanceof AuthError && !hasCode(error, 'interrupted', 'timed_out')
        ? nobody(request.url, error)
        : error;
    });
    const redirectUri = client.redirect_uris?.[0] ?? '';
    const { extraParameters } = request;
    const flowRequest = { serverName: request.name, metadata, client, clientReused: reused, redirectUri, resource, scope, extraParameters };
    return { reused, client, run: async () => ({ grant: await firstWilling(flows, flowRequest, context), client }) };
  };
  const first = await attempt(request.client);
  try {
    return await first.run();
  } catch (error) {
    const forgotten = error instanceof OAuthError && error.error === 'invalid_client';
    if (!forgotten || !first.reused || metadata.registration_endpoint === undefined) throw error;
    context.ui.warn(`${error.message} Registering again.`);
    const again = await attempt({
      ...request.client,
      redirectUri: request.client.redirectUri ?? first.client.redirect_uris?.[0],
      register: true,
    });
    return again.run();
  }
}

/** A server without any metadata, where the endpoints of MCP 2025-03-26 turned out not to be either. */
function nobody(url: string, cause: AuthError): AuthError {
  return new AuthError(
    'no_authorization_server',
    `${new URL(url).host} wants a token but names no authorization server, nor is it one itself.`,
    {
      hint: 'It may want an API key instead of a login: see its documentation.',
      cause,
    },
  );
}

/** Runs the first flow that the authorization server lets this client use, saying so whenever it moves on. */
async function firstWilling([flow, ...others]: Flow[], request: FlowRequest, context: Context): Promise<Grant> {
  if (flow === undefined) throw new AuthError('internal', 'There is no flow to run.');
  try {
    return await flow.run(request, context);
  } catch (error) {
    const [next] = others;
    if (!hasCode(error, 'flow_refused') || next === undefined) throw error;
    context.ui.warn(`${error.message} Going on with ${next.name}.`);
    return firstWilling(others, request, context);
  }
}

/** Gives `work` a context whose signal also aborts after `seconds`. */
async function withinTime<T>(seconds: number, context: Context, work: (limited: Context) => Promise<T>): Promise<T> {
  const limit = new AbortController();
  const stop = context.clock.alarm(seconds * 1000, () => {
    limit.abort(
      new AuthError('timed_out', `Nobody approved within ${seconds} s.`, {
        hint: 'Run the command again; --timeout SECONDS gives more time.',
      }),
    );
  });
  try {
    return await work({ ...context, signal: AbortSignal.any([context.signal, limit.signal]) });
  } finally {
    stop();
  }
}

/** A token that the server refuses ends the login; a server that cannot be asked says nothing about it. */
async function verify(server: { url: URL; token: string }, context: Context): Promise<Verification | undefined> {
  try {
    return await verifyToken(server, context);
  } catch (error) {
    if (!hasCode(error, 'server_failed', 'network_error', 'request_timed_out')) throw error;
    context.ui.warn(`The token could not be tried: ${error.message}`);
    return undefined;
  }
}

async function save(
  { request, login, client }: { request: LoginRequest; login: Login; client: ClientInformation },
  { store, signal }: Context,
): Promise<void> {
  signal.throwIfAborted();
  await store.update((document) => {
    const entry = putServer(document, { name: request.name, url: request.url });
    writeLogin(entry, login);
    if (request.trustedIssuer !== undefined) entry.trusted_issuer = request.trustedIssuer;
    if (login.issuer !== undefined) putClient(document, login.issuer, client);
  });
  const stored = readLogin(findServer(await store.read(), request.name));
  if (stored?.accessToken !== login.accessToken) {
    throw new AuthError('store_unwritable', `The login was written to ${store.path} but is not there.`, {
      hint: 'See what else writes to that file.',
    });
  }
}
