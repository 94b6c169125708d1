/** One login, from a server's URL to tokens in the store. Read it first: it is the story that the other folders tell. */
import type { Context } from './context.js';
import { AuthError, hasCode, toAuthError } from './errors.js';
import { availableFlows } from './flows/index.js';
import type { Flow, FlowRequest, Grant } from './flows/flow.js';
import { freeRedirectUri } from './flows/loopback.js';
import { discover } from './oauth/discovery.js';
import type { AuthorizationServerMetadata } from './oauth/authorization-server.js';
import { isUsable, requestRegistration, type ClientInformation } from './oauth/registration.js';
import { scopeToRequest } from './oauth/scope.js';
import { loginFrom } from './session.js';
import { clientsOf, findServer, putClient, putServer, readLogin, writeLogin, type Login } from './store/document.js';
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

/**
 * Logs in. Whatever fails or is interrupted before the very end leaves the store, and a login in it, as it was.
 *
 * @throws AuthError for everything that can go wrong on the way; see errors.ts.
 */
export async function login(request: LoginRequest, context: Context): Promise<LoginResult> {
  await context.store.checkWritable();
  const url = new URL(request.url);
  const discovery = await discover(url, context);
  const { metadata, resource } = discovery;
  const flows = availableFlows({ metadata, browserWanted: request.browserWanted, context }, request.flow);
  const client = await obtainClient(metadata, context);
  const scope = scopeToRequest(discovery, request.scope);
  const redirectUri = client.redirect_uris?.[0] ?? '';
  const flowRequest: FlowRequest = { serverName: request.name, metadata, client, redirectUri, resource, scope };

  context.ui.remark(`Authorization server: ${metadata.issuer}${scope === undefined ? '' : `     scope: ${scope}`}`);
  const grant = await withinTime(request.timeout, context, (limited) => firstWilling(flows, flowRequest, limited));
  try {
    const verification = request.verify ? await verify({ url, token: grant.tokens.accessToken }, context) : undefined;
    const login = loginFrom(grant.tokens, {
      scope,
      issuer: metadata.issuer,
      resource,
      clientId: client.client_id,
      tokenEndpoint: metadata.token_endpoint,
      revocationEndpoint: metadata.revocation_endpoint,
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

/** The registration that the store holds for this issuer, else a new one. It is stored with the login, not before. */
async function obtainClient(metadata: AuthorizationServerMetadata, context: Context): Promise<ClientInformation> {
  const now = context.clock.now();
  const known = clientsOf(await context.store.read(), metadata.issuer).find((client) => isUsable(client, { metadata, now }));
  return known ?? requestRegistration({ metadata, redirectUri: await freeRedirectUri() }, context);
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
    writeLogin(putServer(document, { name: request.name, url: request.url }), login);
    if (login.issuer !== undefined) putClient(document, login.issuer, client);
  });
  const stored = readLogin(findServer(await store.read(), request.name));
  if (stored?.accessToken !== login.accessToken) {
    throw new AuthError('store_unwritable', `The login was written to ${store.path} but is not there.`, {
      hint: 'See what else writes to that file.',
    });
  }
}
