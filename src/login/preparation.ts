/** What a login finds out before the person is asked. */
import type { ClientOptions } from './client.js';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { confirmEndpoints } from '../flows/confirm.js';
import { selectFlows, explainFlowChoice } from '../flows/index.js';
import type { Flow, FlowCredentials } from '../flows/flow.js';
import { applyMtlsAliases } from '../oauth/authorization-server.js';
import { findForeignEndpoints, collectOwnAddresses, type OwnAddresses } from '../oauth/endpoints.js';
import { parseChallenge, type Challenge } from '../oauth/challenge.js';
import { findDialect, type Dialect } from '../oauth/dialect.js';
import { discover, type Discovery, type DiscoveryRequest } from '../oauth/discovery.js';
import { createDpop, type Dpop } from '../oauth/dpop.js';
import { quote, redactUrl } from '../text/server-text.js';
import { chooseScope } from '../oauth/scope.js';
import { checkStepUp } from './step-up.js';
import { withAllowedNetwork } from '../session/renewal.js';
import { readHeaders, withAccessTo } from '../session/server-access.js';
import { findServer } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';
import { mergeSettings, readSettings, formatSettings, type SettingsChange, type ServerSettings } from '../store/settings.js';

export interface LoginRequest {
  readonly name: string;
  /** As the person wrote it, which is how it is stored, and with its `${VAR}` in place, which is how it is used. */
  readonly url: string;
  readonly expandedUrl: string;
  /** The name of the one flow to use; without it, the first that can run. */
  readonly flow?: string;
  /** Whether a browser may be opened on this machine. */
  readonly browserWanted: boolean;
  /** The `WWW-Authenticate` value with which the server asked for more than the login that is there. */
  readonly challenge?: string;
  readonly client: ClientOptions;
  /** What a flow without a person shows in place of consent. */
  readonly credentials: FlowCredentials;
  /** What the person says of this server now; what they said before holds where they say nothing. */
  readonly newSettings: SettingsChange;
  /** Headers that the server is to be sent from now on, by lower-case name; an empty value takes one back. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Seconds that the person has; without it ten minutes, or the life of a device code. */
  readonly timeout?: number;
  /** Whether another process finishes it, later. */
  readonly inTwoSteps?: boolean;
  /** Whether to try the token before it is stored. */
  readonly verify: boolean;
}

/** What was found out before the person is asked. */
export interface Preparation {
  readonly serverUrl: URL;
  readonly discovery: Discovery;
  /** What the person has said of the server, now and before, and the headers that it is sent. */
  readonly settings: ServerSettings;
  readonly headers: Readonly<Record<string, string>>;
  readonly dialect: Dialect;
  /** Where the addresses of the authorization server may be. */
  readonly places: OwnAddresses;
  readonly client: ClientOptions;
  readonly credentials: FlowCredentials;
  readonly scope?: string;
  readonly stepUps: number;
  readonly flows: readonly [Flow, ...Flow[]];
  /** The key for a server that takes only tokens that are bound to one. */
  readonly dpop?: Dpop;
  /** The context for all that follows: to the networks that the server may name, with what it is to be sent. */
  readonly context: Context;
}

/**
 * Everything that can be known to fail before a client is registered and the person is sent to approve.
 *
 * @throws AuthError for what discovery finds wrong, `no_flow`, `usage`, `step_up_exhausted`, `store_unwritable`.
 */
export async function prepareLogin(request: LoginRequest, unlimited: Context): Promise<Preparation> {
  await unlimited.store.checkWritable();
  const entry = findServer(await unlimited.store.read(), request.name);
  const challenge = challengeOf(request);
  const login = readLogin(entry);
  const more = challenge && checkStepUp({ name: request.name, login, challenge });
  const said = mergeSettings(readSettings(entry), request.newSettings);
  const headers = withoutEmpty({ ...readHeaders(entry), ...request.headers });
  const serverUrl = new URL(request.expandedUrl);
  const context = await withAccessTo({ url: serverUrl, headers, settings: said }, unlimited);
  const found = await discover({ ...createDiscoveryRequest({ serverUrl, settings: said, login }), challenge }, context);
  const discovery = said.clientCertFile === undefined ? found : { ...found, metadata: applyMtlsAliases(found.metadata, found) };
  const { metadata } = discovery;
  const { settings, places } = await withPlaces(
    { serverUrl, discovery, settings: said, isSaidFor: saidFor({ request, said, login }) },
    context,
  );
  const dialect = findDialect(metadata.issuer, settings);
  const isIssuerKnown = settings.issuer !== undefined;
  const credentials = { ...request.credentials, isIssuerKnown };
  const { browserWanted, inTwoSteps = false } = request;
  const conditions = { metadata, dialect, browserWanted, credentials, inTwoSteps, env: context.env };
  const flows = selectFlows(conditions, request.flow);
  const scope = chooseScope(discovery, {
    asked: settings.scope,
    challenged: challenge?.scope,
    before: more?.previousScope,
    offline: !flows[0].unattended,
    offlineAccess: dialect.offlineAccess,
    least: dialect.defaultScope,
  });
  if (discovery.unclearStatus !== undefined) {
    context.ui.warn(
      `${redactUrl(serverUrl)} answers with status ${discovery.unclearStatus} and does not ask for a login. Going on by the metadata of ${serverUrl.host}. If the login is of no use, check the path: many servers are at /mcp or /sse.`,
    );
  }
  tellWhatHolds({ request, said, metadata, scope, dialect }, context);
  const reason = request.flow === undefined ? explainFlowChoice(flows[0], conditions) : undefined;
  if (reason !== undefined) context.ui.remark(reason);
  return {
    serverUrl,
    discovery,
    settings,
    headers,
    dialect,
    places,
    client: {
      ...request.client,
      isIssuerKnown,
      tokenAuthMethod: settings.tokenAuthMethod,
      hasCertificate: settings.clientCertFile !== undefined,
    },
    credentials,
    scope,
    stepUps: more?.repeats ?? 0,
    flows,
    ...(discovery.isDpopRequired && { dpop: await createDpop(metadata.dpop_signing_alg_values_supported) }),
    context: withAllowedNetwork(discovery.allowedNetwork, context),
  };
}

function challengeOf({ challenge: text }: LoginRequest): Challenge | undefined {
  const challenge = text === undefined ? undefined : parseChallenge(text);
  if (text === undefined || challenge !== undefined) return challenge;
  throw new AuthError('usage', 'The value of --challenge asks for no token.', { hint: 'Pass what the server sent as WWW-Authenticate.' });
}

/** What discovery is told by what the person has said, and by the login before. */
export function createDiscoveryRequest({
  serverUrl,
  settings,
  login,
}: {
  serverUrl: URL;
  settings: ServerSettings;
  login: Login | undefined;
}): DiscoveryRequest {
  const { issuer, trustedIssuer, trustedIssuerAt, trustedResource, metadataUrl, privateNetworkAllowed } = settings;
  const trusted =
    trustedIssuer === undefined ? undefined : { issuer: trustedIssuer, ...(trustedIssuerAt !== undefined && { address: trustedIssuerAt }) };
  return { serverUrl, issuer, previousIssuer: login?.issuer, trusted, trustedResource, metadataUrl, privateNetworkAllowed };
}

/**
 * The places where the authorization server's addresses may be, and the settings with those that the person vouches for now.
 *
 * @throws AuthError `endpoint_elsewhere` for an endpoint at another place.
 */
async function withPlaces(
  {
    serverUrl,
    discovery,
    settings,
    isSaidFor,
  }: Pick<Preparation, 'serverUrl' | 'discovery' | 'settings'> & { isSaidFor: (issuer: string) => boolean },
  context: Context,
): Promise<Pick<Preparation, 'settings' | 'places'>> {
  const { metadata, issuerAddress } = discovery;
  const owner = { issuer: metadata.issuer, issuerAddress, serverUrl: serverUrl.href };
  const before = isSaidFor(metadata.issuer) ? settings.trustedEndpoints : undefined;
  const places = collectOwnAddresses({ ...owner, trusted: before });
  const foreign = findForeignEndpoints(metadata, places);
  if (foreign.length === 0) return { settings: withTrusted(settings, before), places };
  const trusted = await confirmEndpoints({ issuer: metadata.issuer, foreign, trusted: before }, context);
  return { settings: withTrusted(settings, trusted), places: collectOwnAddresses({ ...owner, trusted }) };
}

/**
 * Whether hosts that are trusted are so for that issuer: those that are said now, else by the login before or `--issuer`. That a
 * host belongs to one authorization server makes it no other's, which the MCP server may name the next time.
 */
function saidFor({
  request,
  said,
  login,
}: {
  request: LoginRequest;
  said: ServerSettings;
  login: Login | undefined;
}): (issuer: string) => boolean {
  return (issuer) => typeof request.newSettings.trustedEndpoints === 'string' || said.issuer !== undefined || login?.issuer === issuer;
}

function withTrusted(settings: ServerSettings, trusted: string | undefined): ServerSettings {
  const others = Object.fromEntries(Object.entries(settings).filter(([key]) => key !== 'trustedEndpoints')) as ServerSettings;
  return trusted === undefined ? others : { ...others, trustedEndpoints: trusted };
}

/** What is asked for and of whom, and why in another way than usual: by what was said before, or by what is known of the make. */
function tellWhatHolds(
  {
    request,
    said,
    metadata,
    scope,
    dialect,
  }: Pick<Preparation, 'dialect' | 'scope'> & { request: LoginRequest; said: ServerSettings; metadata: { issuer: string } },
  { ui }: Context,
): void {
  ui.remark(`Authorization server: ${metadata.issuer}${scope === undefined ? '' : `     scope: ${quote(scope)}`}`);
  const before = Object.entries(said).filter(([key]) => request.newSettings[key as keyof SettingsChange] === undefined);
  const words = formatSettings(Object.fromEntries(before));
  if (words.length > 0) ui.remark(`As said before: ${words.join(' ')}`);
  const { name, taken } = dialect.vendor ?? { name: '', taken: [] };
  if (taken.length > 0) ui.remark(`As ${name} needs it: ${taken.join(', ')}.`);
}

function withoutEmpty(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''));
}
