/** Obtains consent: becomes a client, then runs the first flow that the authorization server allows for it. */
import { obtainClient, type ClientOptions, type ObtainedClient } from './client.js';
import type { Context } from '../context.js';
import { AuthError, hasCode } from '../errors.js';
import type { Flow, FlowRequest, FlowCredentials, HeldLogins } from '../flows/flow.js';
import { choosePrompt, chooseResource, type Dialect } from '../oauth/dialect.js';
import type { Discovery } from '../oauth/discovery.js';
import { type OwnAddresses } from '../oauth/endpoints.js';
import type { Dpop } from '../oauth/dpop.js';
import { OAuthError } from '../oauth/oauth-error.js';
import { outdatedRegistrationErrors } from '../oauth/registration.js';
import type { ClientInformation } from '../oauth/client-information.js';

export interface ConsentRequest<T> {
  /** The name of the MCP server in the store. */
  readonly name: string;
  readonly serverUrl: URL;
  readonly discovery: Discovery;
  readonly dialect: Dialect;
  /** Where the endpoints of the authorization server may be. */
  readonly ownAddresses: OwnAddresses;
  /** Scopes joined by spaces; undefined to request none by name. */
  readonly scope?: string;
  /** The flows to try, best first. */
  readonly flows: readonly [Flow, ...Flow[]];
  readonly client: ClientOptions;
  readonly credentials: FlowCredentials;
  /** The key for a server that accepts only DPoP-bound tokens. */
  readonly dpop?: Dpop;
  /** The limit in seconds that the user has set. */
  readonly timeout?: number;
  /** Names the attempt for `--finish`. Present with `--start` only. */
  readonly secondStep?: { readonly attempt: string };
  readonly held?: HeldLogins | undefined;
  /** Runs a flow, or its first step. */
  runFlow(flow: Flow, request: FlowRequest): Promise<T>;
}

export interface Consent<T> {
  /** What `runFlow` returned. */
  readonly result: T;
  /** The flow that succeeded. */
  readonly flow: Flow;
  /** The client that the tokens are issued to. */
  readonly client: ClientInformation;
  /** The client id of a stored registration that the authorization server no longer knows. */
  readonly forgottenClientId?: string;
}

/**
 * Becomes a client and runs a flow. A stored registration that turns out to be outdated is replaced, once: servers delete
 * clients, and some restrict them to the scopes that they registered for.
 *
 * @throws AuthError as `obtainClient` and the flows do.
 */
export async function obtainConsent<T>(request: ConsentRequest<T>, context: Context): Promise<Consent<T>> {
  const first = await becomeClient(request, context);
  try {
    return { client: first.client, ...(await runFlows({ ...request, ...first, relay: request.client.relay }, context)) };
  } catch (error) {
    const isOutdated = first.isReused && error instanceof OAuthError && outdatedRegistrationErrors.has(error.error);
    if (!isOutdated || request.discovery.metadata.registration_endpoint === undefined) throw error;
    context.ui.warn(`${error.message} Registering again.`);
    const second = await becomeClient({ ...request, client: { ...request.client, register: true } }, context);
    const result = await runFlows({ ...request, ...second, relay: request.client.relay }, context);
    const forgottenClientId = error.error === 'invalid_client' ? first.client.client_id : undefined;
    return { client: second.client, ...result, forgottenClientId };
  }
}

/** Becomes a client for the first of the flows. */
async function becomeClient<T>(request: ConsentRequest<T>, context: Context): Promise<ObtainedClient> {
  const { name: serverName, serverUrl, discovery, scope, client: options, flows } = request;
  const { metadata, resource } = discovery;
  const scopes = [scope ?? '', ...(discovery.resourceScopes ?? [])].join(' ').split(' ').filter(Boolean);
  try {
    return await obtainClient(
      { serverName, serverUrl, resource, metadata, options, flow: flows[0], scopes: [...new Set(scopes)] },
      context,
    );
  } catch (error) {
    // Without metadata, the endpoints are assumed and may not exist.
    if (!discovery.isAssumed || !hasCode(error, 'registration_refused', 'server_failed', 'response_invalid')) throw error;
    throw createNoAuthorizationServerError(discovery, error);
  }
}

/** For a server without metadata that does not have the default endpoints of MCP 2025-03-26 either. */
function createNoAuthorizationServerError({ metadata }: Discovery, cause: AuthError): AuthError {
  const { host } = new URL(metadata.issuer);
  return new AuthError('no_authorization_server', `${host} requires a token but does not say which authorization server issues it.`, {
    hint: 'It may require an API key instead of a login: see its documentation.',
    cause,
  });
}

type FlowsRequest<T> = Omit<ConsentRequest<T>, 'client'> & ObtainedClient & Pick<ClientOptions, 'relay'>;

type FlowResult<T> = Pick<Consent<T>, 'result' | 'flow'>;

async function runFlows<T>(request: FlowsRequest<T>, context: Context): Promise<FlowResult<T>> {
  const { name, serverUrl, discovery, dialect, client, isReused, isShared, flows, runFlow, scope, secondStep } = request;
  const flowRequest: FlowRequest = {
    metadata: discovery.metadata,
    dialect,
    ownAddresses: request.ownAddresses,
    client,
    scope,
    credentials: request.credentials,
    relay: request.relay,
    held: request.held,
    dpop: request.dpop,
    timeout: request.timeout,
    secondStep,
    resource: chooseResource(dialect, discovery.resource),
    prompt: choosePrompt(dialect, { scope, isShared }),
    extraParameters: dialect.authorizeParameters,
    redirectUri: client.redirect_uris?.[0] ?? '',
    serverName: name,
    serverHost: serverUrl.host,
    isClientReused: isReused,
    mustStayValid: secondStep !== undefined,
  };
  return runFirstAllowed({ flows, request: flowRequest, runFlow }, context);
}

/** Runs the first flow that the authorization server allows for this client, and reports each flow that it does not allow. */
async function runFirstAllowed<T>(
  { flows: [flow, next, ...others], request, runFlow }: Pick<ConsentRequest<T>, 'flows' | 'runFlow'> & { request: FlowRequest },
  context: Context,
): Promise<FlowResult<T>> {
  try {
    return { flow, result: await runFlow(flow, request) };
  } catch (error) {
    if (!hasCode(error, 'flow_refused') || next === undefined) throw error;
    context.ui.warn(`${error.message} Continuing with ${next.name}.`);
    return runFirstAllowed({ flows: [next, ...others], request, runFlow }, context);
  }
}
