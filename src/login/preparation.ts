/** What a login finds out before the person is asked. */
import type { ClientOptions } from './client.js';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { confirmEndpoints } from '../flows/confirm.js';
import { availableFlows, reasonForFlow } from '../flows/index.js';
import type { Flow, Proof } from '../flows/flow.js';
import { withMtlsEndpoints } from '../oauth/authorization-server.js';
import { foreignEndpoints, ownPlaces, type OwnPlaces } from '../oauth/endpoints.js';
import { parseChallenge, type Challenge } from '../oauth/challenge.js';
import { dialectOf, type Dialect } from '../oauth/dialect.js';
import { discover, type Discovery, type DiscoveryRequest } from '../oauth/discovery.js';
import { createDpop, type Dpop } from '../oauth/dpop.js';
import { quoted, shownUrl } from '../server-text.js';
import { scopeToRequest } from '../oauth/scope.js';
import { stepUp } from './step-up.js';
import { withinReach } from '../session/renewal.js';
import { headersOf, withAccessTo } from '../session/server-access.js';
import { findServer } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';
import { mergeSettings, readSettings, settingsInWords, type SaidSettings, type ServerSettings } from '../store/settings.js';

export interface LoginRequest {
  readonly name: string;
  /** As the person wrote it, which is how it is stored, and with its `${VAR}` in place, which is how it is used. */
  readonly url: string;
  readonly address: string;
  /** The name of the one flow to use; without it, the first that can run. */
  readonly flow?: string;
  /** Whether a browser may be opened on this machine. */
  readonly browserWanted: boolean;
  /** The `WWW-Authenticate` value with which the server asked for more than the login that is there. */
  readonly challenge?: string;
  readonly client: ClientOptions;
  /** What a flow without a person shows in place of consent. */
  readonly proof: Proof;
  /** What the person says of this server now; what they said before holds where they say nothing. */
  readonly said: SaidSettings;
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
  readonly places: OwnPlaces;
  readonly client: ClientOptions;
  readonly proof: Proof;
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
export async function prepare(request: LoginRequest, unlimited: Context): Promise<Preparation> {
  await unlimited.store.checkWritable();
  const entry = findServer(await unlimited.store.read(), request.name);
  const challenge = challengeOf(request);
  const login = readLogin(entry);
  const more = challenge && stepUp({ name: request.name, login, challenge });
  const said = mergeSettings(readSettings(entry), request.said);
  const headers = withoutEmpty({ ...headersOf(entry), ...request.headers });
  const serverUrl = new URL(request.address);
  const context = await withAccessTo({ url: serverUrl, headers, settings: said }, unlimited);
  const found = await discover({ ...discoveryRequest({ serverUrl, settings: said, login }), challenge }, context);
  const discovery = said.clientCertFile === undefined ? found : { ...found, metadata: withMtlsEndpoints(found.metadata, found) };
  const { metadata } = discovery;
  const { settings, places } = await withPlaces(
    { serverUrl, discovery, settings: said, isSaidFor: saidFor({ request, said, login }) },
    context,
  );
  const dialect = dialectOf(metadata.issuer, settings);
  const issuerKnown = settings.issuer !== undefined;
  const proof = { ...request.proof, issuerKnown };
  const { browserWanted, inTwoSteps = false } = request;
  const situation = { metadata, dialect, browserWanted, proof, inTwoSteps, env: context.env };
  const flows = availableFlows(situation, request.flow);
  const scope = scopeToRequest(discovery, {
    asked: settings.scope,
    challenged: challenge?.scope,
    before: more?.before,
    offline: !flows[0].unattended,
    offlineAccess: dialect.offlineAccess,
    least: dialect.leastScope,
  });
  if (discovery.unclearStatus !== undefined) {
    context.ui.warn(
      `${shownUrl(serverUrl)} answers with status ${discovery.unclearStatus} and does not ask for a login. Going on by the metadata of ${serverUrl.host}. If the login is of no use, check the path: many servers are at /mcp or /sse.`,
    );
  }
  tellWhatHolds({ request, said, metadata, scope, dialect }, context);
  const reason = request.flow === undefined ? reasonForFlow(flows[0], situation) : undefined;
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
      issuerKnown,
      tokenAuthMethod: settings.tokenAuthMethod,
      hasCertificate: settings.clientCertFile !== undefined,
    },
    proof,
    scope,
    stepUps: more?.repeats ?? 0,
    flows,
    ...(discovery.dpop && { dpop: await createDpop(metadata.dpop_signing_alg_values_supported) }),
    context: withinReach(discovery.reach, context),
  };
}

function challengeOf({ challenge: text }: LoginRequest): Challenge | undefined {
  const challenge = text === undefined ? undefined : parseChallenge(text);
  if (text === undefined || challenge !== undefined) return challenge;
  throw new AuthError('usage', 'The value of --challenge asks for no token.', { hint: 'Pass what the server sent as WWW-Authenticate.' });
}

/** What discovery is told by what the person has said, and by the login before. */
export function discoveryRequest({
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
  return { serverUrl, issuer, before: login?.issuer, trusted, trustedResource, metadataUrl, privateNetworkAllowed };
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
  const places = ownPlaces({ ...owner, trusted: before });
  const foreign = foreignEndpoints(metadata, places);
  if (foreign.length === 0) return { settings: withTrusted(settings, before), places };
  const trusted = await confirmEndpoints({ issuer: metadata.issuer, foreign, trusted: before }, context);
  return { settings: withTrusted(settings, trusted), places: ownPlaces({ ...owner, trusted }) };
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
  return (issuer) => typeof request.said.trustedEndpoints === 'string' || said.issuer !== undefined || login?.issuer === issuer;
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
  ui.remark(`Authorization server: ${metadata.issuer}${scope === undefined ? '' : `     scope: ${quoted(scope)}`}`);
  const before = Object.entries(said).filter(([key]) => request.said[key as keyof SaidSettings] === undefined);
  const words = settingsInWords(Object.fromEntries(before));
  if (words.length > 0) ui.remark(`As said before: ${words.join(' ')}`);
  const { name, taken } = dialect.vendor ?? { name: '', taken: [] };
  if (taken.length > 0) ui.remark(`As ${name} needs it: ${taken.join(', ')}.`);
}

function withoutEmpty(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''));
}
