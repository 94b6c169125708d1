/** Everything that a login does before it needs the user: discovery, settings, and the choice of flows. */
import type { ClientOptions } from './client.js';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { confirmEndpoints } from '../flows/confirm.js';
import { selectFlows, explainFlowChoice, isRelayed } from '../flows/index.js';
import type { Flow, FlowCredentials, HeldLogins } from '../flows/flow.js';
import { applyMtlsAliases } from '../oauth/authorization-server.js';
import { findForeignEndpoints, collectOwnAddresses, type OwnAddresses } from '../oauth/endpoints.js';
import { parseChallenge, type Challenge } from '../oauth/challenge.js';
import { findDialect, type Dialect } from '../oauth/dialect.js';
import { discover, type Discovery, type DiscoveryRequest } from '../oauth/discovery.js';
import { createDpop, type Dpop } from '../oauth/dpop.js';
import { quote, redactUrl } from '../text/server-text.js';
import { chooseScope } from '../oauth/scope.js';
import { findRelay } from './relay.js';
import { checkStepUp } from './step-up.js';
import { readHeaders, withAccessTo, withAllowedNetwork } from '../session/server-access.js';
import { findServer } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';
import { mergeSettings, readSettings, formatSettings, type SettingsChange, type ServerSettings } from '../store/settings.js';

export interface LoginRequest {
  readonly name: string;
  /** The URL as the user wrote it, which is stored. */
  readonly url: string;
  /** The URL with its variables expanded, which is used. */
  readonly expandedUrl: string;
  /** The name of the only flow to use. Without it, the first that can run. */
  readonly flow?: string;
  /** Whether a browser may be opened on this machine. */
  readonly browserWanted: boolean;
  /** The `WWW-Authenticate` value with which the server requested more scopes (step-up). */
  readonly challenge?: string;
  readonly client: ClientOptions;
  /** What an unattended flow presents instead of a user's consent. */
  readonly credentials: FlowCredentials;
  /** Settings that replace the stored ones. */
  readonly newSettings: SettingsChange;
  /** Headers that the server is sent from now on, by lower-case name. An empty value removes one. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The limit in seconds that the user has set. By default ten minutes, or the lifetime of a device code. */
  readonly timeout?: number;
  /** False with `--no-relay`. */
  readonly relayWanted?: boolean;
  /** True with `--start`. */
  readonly inTwoSteps?: boolean;
  /** Present if the process that starts the login also waits for it. */
  readonly held?: HeldLogins;
  /** Whether to try the token once it is stored. */
  readonly verify: boolean;
}

export interface Preparation {
  readonly serverUrl: URL;
  readonly discovery: Discovery;
  /** The settings of the server, stored and new. */
  readonly settings: ServerSettings;
  /** The headers that the server is sent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly dialect: Dialect;
  /** Where the endpoints of the authorization server may be. */
  readonly ownAddresses: OwnAddresses;
  readonly client: ClientOptions;
  readonly credentials: FlowCredentials;
  readonly scope?: string;
  readonly stepUps: number;
  readonly flows: readonly [Flow, ...Flow[]];
  /** The key for a server that accepts only DPoP-bound tokens. */
  readonly dpop?: Dpop;
  /** The context for all further requests: limited to the allowed network, with the headers and the certificate of the server. */
  readonly context: Context;
}

/**
 * Does everything that can fail before a client is registered and the user is sent to approve.
 *
 * @throws AuthError as `discover` does, `no_flow`, `usage`, `step_up_exhausted`, `endpoint_elsewhere`, `store_unwritable`.
 */
export async function prepareLogin(request: LoginRequest, unlimited: Context): Promise<Preparation> {
  await unlimited.store.checkWritable();
  const entry = findServer(await unlimited.store.read(), request.name);
  const challenge = parseRequestedChallenge(request);
  const login = readLogin(entry);
  const stepUp = challenge && checkStepUp({ name: request.name, login, challenge });
  const mergedSettings = mergeSettings(readSettings(entry), request.newSettings);
  const headers = removeEmpty({ ...readHeaders(entry), ...request.headers });
  const serverUrl = new URL(request.expandedUrl);
  const context = await withAccessTo({ url: serverUrl, headers, settings: mergedSettings }, unlimited);
  const discovery = await discoverServer({ serverUrl, settings: mergedSettings, login, challenge }, context);
  const isTrustFor = (issuer: string) => isTrustForIssuer({ issuer, request, settings: mergedSettings, login });
  const { settings, ownAddresses } = await checkEndpoints({ serverUrl, discovery, settings: mergedSettings, isTrustFor }, context);
  const { metadata } = discovery;
  const dialect = findDialect(metadata.issuer, settings);
  const isIssuerKnown = settings.issuer !== undefined;
  const credentials = { ...request.credentials, isIssuerKnown };
  const { browserWanted, inTwoSteps = false, held } = request;
  const relay = inTwoSteps && held === undefined ? undefined : await findRelay(request, unlimited);
  const conditions = { metadata, dialect, browserWanted, credentials, relay, held, inTwoSteps, env: context.env };
  const flows = selectFlows(conditions, request.flow);
  const scope = chooseScope(discovery, {
    asked: settings.scope,
    challenged: challenge?.scope,
    before: stepUp?.previousScope,
    offline: !flows[0].unattended,
    offlineAccess: dialect.offlineAccess,
    least: dialect.defaultScope,
  });
  const reason = request.flow === undefined ? explainFlowChoice(flows[0], conditions) : undefined;
  report({ request, settings: mergedSettings, serverUrl, discovery, scope, dialect, reason }, context);
  return {
    serverUrl,
    discovery,
    settings,
    headers,
    dialect,
    ownAddresses,
    client: {
      ...request.client,
      isIssuerKnown,
      relay: isRelayed(flows) ? relay : undefined,
      tokenAuthMethod: settings.tokenAuthMethod,
      hasCertificate: settings.clientCertFile !== undefined,
    },
    credentials,
    scope,
    stepUps: stepUp?.repeats ?? 0,
    flows,
    dpop: discovery.isDpopRequired ? await createDpop(metadata.dpop_signing_alg_values_supported) : undefined,
    context: withAllowedNetwork(discovery.allowedNetwork, context),
  };
}

/** @throws AuthError `usage` if the value of --challenge is not a challenge for a token. */
function parseRequestedChallenge({ challenge: text }: LoginRequest): Challenge | undefined {
  const challenge = text === undefined ? undefined : parseChallenge(text);
  if (text === undefined || challenge !== undefined) return challenge;
  throw new AuthError('usage', 'The value of --challenge does not request a token.', {
    hint: 'Pass the WWW-Authenticate value that the server sent.',
  });
}

interface DiscoverySources {
  readonly serverUrl: URL;
  readonly settings: ServerSettings;
  readonly login: Login | undefined;
}

async function discoverServer(
  { challenge, ...sources }: DiscoverySources & { readonly challenge: Challenge | undefined },
  context: Context,
): Promise<Discovery> {
  const discovery = await discover({ ...createDiscoveryRequest(sources), challenge }, context);
  if (sources.settings.clientCertFile === undefined) return discovery;
  return { ...discovery, metadata: applyMtlsAliases(discovery.metadata, discovery) };
}

/** The request for discovery, with the settings of a server and the issuer of its previous login. */
export function createDiscoveryRequest({ serverUrl, settings, login }: DiscoverySources): DiscoveryRequest {
  const { issuer, trustedIssuer, trustedIssuerAt, trustedResource, metadataUrl, privateNetworkAllowed } = settings;
  const trusted = trustedIssuer === undefined ? undefined : { issuer: trustedIssuer, address: trustedIssuerAt };
  return { serverUrl, issuer, previousIssuer: login?.issuer, trusted, trustedResource, metadataUrl, privateNetworkAllowed };
}

interface EndpointCheck extends Pick<Preparation, 'serverUrl' | 'discovery' | 'settings'> {
  /** Whether the trusted endpoints of the settings are trusted for that issuer. */
  readonly isTrustFor: (issuer: string) => boolean;
}

/**
 * Checks that the endpoints belong to the authorization server. Asks the user about the others, and adds the ones that the user
 * confirms to the settings.
 *
 * @throws AuthError `endpoint_elsewhere`.
 */
async function checkEndpoints(
  { serverUrl, discovery, settings, isTrustFor }: EndpointCheck,
  context: Context,
): Promise<Pick<Preparation, 'settings' | 'ownAddresses'>> {
  const { metadata, issuerAddress } = discovery;
  const sources = { issuer: metadata.issuer, issuerAddress, serverUrl: serverUrl.href };
  const trusted = isTrustFor(metadata.issuer) ? settings.trustedEndpoints : undefined;
  const ownAddresses = collectOwnAddresses({ ...sources, trusted });
  const foreign = findForeignEndpoints(metadata, ownAddresses);
  if (foreign.length === 0) return { settings: withTrustedEndpoints(settings, trusted), ownAddresses };
  const confirmed = await confirmEndpoints({ issuer: metadata.issuer, foreign, trusted }, context);
  return {
    settings: withTrustedEndpoints(settings, confirmed),
    ownAddresses: collectOwnAddresses({ ...sources, trusted: confirmed }),
  };
}

/**
 * Whether the trusted endpoints of the settings are trusted for this issuer: if the user names them now, or has named the issuer,
 * or has logged in with it before. Trust in a host of one authorization server does not extend to the next one that the MCP
 * server names.
 */
function isTrustForIssuer({
  issuer,
  request,
  settings,
  login,
}: Pick<DiscoverySources, 'settings' | 'login'> & { readonly issuer: string; readonly request: LoginRequest }): boolean {
  return typeof request.newSettings.trustedEndpoints === 'string' || settings.issuer !== undefined || login?.issuer === issuer;
}

function withTrustedEndpoints(settings: ServerSettings, trusted: string | undefined): ServerSettings {
  const others = Object.fromEntries(Object.entries(settings).filter(([key]) => key !== 'trustedEndpoints')) as ServerSettings;
  return trusted === undefined ? others : { ...others, trustedEndpoints: trusted };
}

interface LoginReport {
  readonly request: LoginRequest;
  readonly settings: ServerSettings;
  readonly serverUrl: URL;
  readonly discovery: Discovery;
  readonly scope: string | undefined;
  readonly dialect: Dialect;
  /** Why a browser is or is not opened. */
  readonly reason: string | undefined;
}

/** Reports what is requested from which server, and which stored settings and vendor facts apply. */
function report({ request, settings, serverUrl, discovery, scope, dialect, reason }: LoginReport, { ui }: Context): void {
  const { metadata, unclearStatus } = discovery;
  if (unclearStatus !== undefined) {
    ui.warn(
      `${redactUrl(serverUrl)} responds with status ${unclearStatus} and does not ask for a login. Continuing with the metadata of ${serverUrl.host}. If the token is rejected, check the path: many servers are at /mcp or /sse.`,
    );
  }
  ui.remark(`Authorization server: ${metadata.issuer}${scope === undefined ? '' : `     scope: ${quote(scope)}`}`);
  const stored = Object.entries(settings).filter(([key]) => request.newSettings[key as keyof SettingsChange] === undefined);
  const options = formatSettings(Object.fromEntries(stored));
  if (options.length > 0) ui.remark(`Stored settings: ${options.join(' ')}`);
  const { name, applied } = dialect.vendor ?? { name: '', applied: [] };
  if (applied.length > 0) ui.remark(`Required by ${name}: ${applied.join(', ')}.`);
  if (reason !== undefined) ui.remark(reason);
}

function removeEmpty(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''));
}
