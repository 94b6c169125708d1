/** From what was found out about a server to consent: a client, and the first flow that the authorization server lets it use. */
import { obtainClient, type ClientOptions, type ObtainedClient } from './client.js';
import type { Context } from '../context.js';
import { AuthError, hasCode } from '../errors.js';
import type { Flow, FlowRequest, FlowCredentials } from '../flows/flow.js';
import { choosePrompt, chooseResource, type Dialect } from '../oauth/dialect.js';
import type { Discovery } from '../oauth/discovery.js';
import { type OwnAddresses } from '../oauth/endpoints.js';
import type { Dpop } from '../oauth/dpop.js';
import { OAuthError } from '../oauth/protocol-error.js';
import { outdatedRegistrationErrors } from '../oauth/registration.js';
import type { ClientInformation } from '../oauth/client-information.js';

export interface ConsentRequest<T> {
  /** What the person calls the MCP server. */
  readonly name: string;
  readonly serverUrl: URL;
  readonly discovery: Discovery;
  readonly dialect: Dialect;
  readonly places: OwnAddresses;
  /** Scopes joined by spaces; undefined to ask for none by name. */
  readonly scope?: string;
  /** The flows to try, best first. */
  readonly flows: readonly [Flow, ...Flow[]];
  readonly client: ClientOptions;
  readonly credentials: FlowCredentials;
  /** The key for a server that takes only tokens that are bound to one. */
  readonly dpop?: Dpop;
  /** Seconds that the person has. */
  readonly timeout?: number;
  /** Names the attempt for who finishes it, where that is another process. */
  readonly secondStep?: { readonly attempt: string };
  /** Has a flow do what is wanted of it: all of it, or its first half. */
  runFlow(flow: Flow, request: FlowRequest): Promise<T>;
}

export interface Consent<T> {
  readonly result: T;
  /** The flow that it came by. */
  readonly flow: Flow;
  /** The client that the tokens are given to. */
  readonly client: ClientInformation;
  /** The id of a registration from the store that its server does not know any more. */
  readonly forgottenClientId?: string;
}

/**
 * Becomes a client and has a flow obtain consent. A registration from the store that turns out to be outdated is replaced, once:
 * servers prune clients, and some hold them to the scopes that they registered for.
 *
 * @throws AuthError for all that becoming a client and the flows throw.
 */
export async function obtainConsent<T>(request: ConsentRequest<T>, context: Context): Promise<Consent<T>> {
  const first = await become(request, context);
  try {
    return { client: first.client, ...(await ask({ ...request, ...first }, context)) };
  } catch (error) {
    const outdated = first.isReused && error instanceof OAuthError && outdatedRegistrationErrors.has(error.error);
    if (!outdated || request.discovery.metadata.registration_endpoint === undefined) throw error;
    context.ui.warn(`${error.message} Registering again.`);
    const again = await become({ ...request, client: { ...request.client, register: true } }, context);
    const asked = await ask({ ...request, ...again }, context);
    return { client: again.client, ...asked, ...(error.error === 'invalid_client' && { forgottenClientId: first.client.client_id }) };
  }
}

/** Becomes a client for the first of the flows. */
async function become<T>(request: ConsentRequest<T>, context: Context): Promise<ObtainedClient> {
  const { name: serverName, serverUrl, discovery, scope, client: options, flows } = request;
  try {
    const scopes = [scope ?? '', ...(discovery.resourceScopes ?? [])].join(' ').split(' ').filter(Boolean);
    const { metadata, resource } = discovery;
    return await obtainClient(
      { serverName, serverUrl, resource, metadata, options, flow: flows[0], scopes: [...new Set(scopes)] },
      context,
    );
  } catch (error) {
    // Endpoints that are only assumed may not be there.
    if (!discovery.isAssumed || !hasCode(error, 'registration_refused', 'server_failed', 'response_invalid')) throw error;
    throw nobody(discovery, error);
  }
}

/** A server without any metadata, where the endpoints of MCP 2025-03-26 turned out not to be either. */
function nobody({ metadata }: Discovery, cause: AuthError): AuthError {
  const { host } = new URL(metadata.issuer);
  return new AuthError('no_authorization_server', `${host} wants a token but names no authorization server, nor is it one itself.`, {
    hint: 'It may want an API key instead of a login: see its documentation.',
    cause,
  });
}

/** What one flow gave, and which. */
type Asked<T> = Pick<Consent<T>, 'result' | 'flow'>;

/** Asks by the flows, with all that they need. */
async function ask<T>(request: Omit<ConsentRequest<T>, 'client'> & ObtainedClient, context: Context): Promise<Asked<T>> {
  const {
    name,
    serverUrl,
    discovery,
    dialect,
    places,
    client,
    isReused: reused,
    isShared,
    flows,
    runFlow: obtain,
    scope,
    credentials: proof,
    dpop,
    timeout,
    secondStep: secondHalf,
  } = request;
  const asked: FlowRequest = {
    ...{ metadata: discovery.metadata, dialect, places, client, scope, credentials: proof, dpop, timeout, secondStep: secondHalf },
    resource: chooseResource(dialect, discovery.resource),
    prompt: choosePrompt(dialect, { scope, isShared }),
    extraParameters: dialect.authorizeParameters,
    redirectUri: client.redirect_uris?.[0] ?? '',
    serverName: name,
    serverHost: serverUrl.host,
    isClientReused: reused,
    mustStayValid: secondHalf !== undefined,
  };
  return firstWilling({ flows, request: asked, runFlow: obtain }, context);
}

/** Uses the first flow that the authorization server lets this client use, saying so whenever it moves on. */
async function firstWilling<T>(
  { flows: [flow, next, ...others], request, runFlow: obtain }: Pick<ConsentRequest<T>, 'flows' | 'runFlow'> & { request: FlowRequest },
  context: Context,
): Promise<Asked<T>> {
  try {
    return { flow, result: await obtain(flow, request) };
  } catch (error) {
    if (!hasCode(error, 'flow_refused') || next === undefined) throw error;
    context.ui.warn(`${error.message} Going on with ${next.name}.`);
    return firstWilling({ flows: [next, ...others], request, runFlow: obtain }, context);
  }
}
