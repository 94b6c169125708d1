/** From an MCP server's URL to its authorization server: MCP authorization 2025-11-25, "Authorization Server Discovery". */
import type { Effects } from '../effects.js';
import { AuthError, hasCode } from '../errors.js';
import type { Network } from '../effects.js';
import { quote } from '../text/server-text.js';
import {
  createDefaultMetadata,
  requestAuthorizationServer,
  type AuthorizationServerMetadata,
  type TrustedIssuer,
} from './authorization-server.js';
import type { Challenge } from './challenge.js';
import { isSameIssuer } from './issuer.js';
import { createNotProtectedError, requestProbe, type Probe } from './probe.js';
import { requestProtectedResource, type ProtectedResource } from './protected-resource.js';

type RequestContext = Pick<Effects, 'http' | 'signal'>;

export interface DiscoveryRequest {
  readonly serverUrl: URL;
  /** A challenge that the server sent to another program, to be used instead of the one it sends now. */
  readonly challenge?: Challenge;
  /** The authorization server to use: one of several, or the only one if the MCP server names none. */
  readonly issuer?: string | undefined;
  /** The issuer of the stored login. It is asked first if the MCP server still names it. */
  readonly previousIssuer?: string | undefined;
  /** An issuer that an authorization server's metadata may name instead of its own address. */
  readonly trusted?: TrustedIssuer | undefined;
  /** A resource that the MCP server's metadata may name instead of its URL. */
  readonly trustedResource?: string | undefined;
  /** The URL of the authorization server's metadata, instead of the well-known addresses. */
  readonly metadataUrl?: string | undefined;
  /** Whether a server may name addresses in a more private network than its own. */
  readonly privateNetworkAllowed?: boolean | undefined;
}

/** Everything that must be known about a server before a login can start. */
export interface Discovery {
  /** RFC 8707 `resource`: as written in the metadata, or the server's URL if there is no metadata. */
  readonly resource: string;
  /** The scopes in the server's challenge, which take precedence over the metadata. */
  readonly challengedScope?: string;
  /** RFC 9728 `scopes_supported`. */
  readonly resourceScopes?: readonly string[];
  readonly metadata: AuthorizationServerMetadata;
  /** The address at which the metadata was requested. It differs from the issuer only if the user or a vendor record allows that. */
  readonly issuerAddress: string;
  /** The most private network in which the authorization server's addresses may be. */
  readonly allowedNetwork: Network;
  /** Whether the server accepts only DPoP-bound tokens (RFC 9449). */
  readonly isDpopRequired: boolean;
  /** The HTTP status of a server that did not say that it requires a token: it may not be an MCP server at all. */
  readonly unclearStatus?: number;
  /** Whether no metadata was found. The endpoints are then the default ones of MCP authorization 2025-03-26, which may not exist. */
  readonly isAssumed: boolean;
}

/**
 * Find the authorization server of an MCP server.
 *
 * @throws AuthError `no_login_needed`, `not_an_mcp_server`, `no_authorization_server`, and the errors of the requests.
 */
export async function discover(request: DiscoveryRequest, { http, signal }: RequestContext): Promise<Discovery> {
  const { serverUrl, privateNetworkAllowed, trustedResource } = request;
  const probe = await requestChallenge(request, { http, signal });
  // The server has now been reached, so its network is known. Addresses that it names must not be in a more private one.
  const allowedNetwork = privateNetworkAllowed ? 'loopback' : http.networkOf(serverUrl);
  const context = { http: http.withAllowedNetwork(allowedNetwork), signal };
  const challenged = probe.challenge?.resourceMetadata;
  const resource = await requestProtectedResource({ serverUrl, challenged, trusted: trustedResource }, context);
  const found = await findMetadata(resource, { request, probe, context });
  const { metadata, address } = found ?? assumeMetadata(serverUrl);
  return {
    resource: resource?.resource ?? formatCanonicalUri(serverUrl),
    challengedScope: probe.challenge?.scope,
    resourceScopes: resource?.scopes_supported,
    isDpopRequired: probe.challenge?.isDpop === true || resource?.dpop_bound_access_tokens_required === true,
    metadata,
    issuerAddress: address,
    allowedNetwork,
    ...(probe.verdict === 'unclear' && isUnnamed(resource, request) && { unclearStatus: probe.status }),
    isAssumed: found === undefined,
  };
}

function assumeMetadata({ origin }: URL): FoundMetadata {
  return { address: origin, metadata: createDefaultMetadata(origin) };
}

/** Whether neither the server nor the user names an authorization server. */
function isUnnamed(resource: ProtectedResource | undefined, { issuer, metadataUrl }: DiscoveryRequest): boolean {
  return resource === undefined && issuer === undefined && metadataUrl === undefined;
}

/** The server's response without a token. A given challenge replaces the server's, except for a missing metadata address. */
async function requestChallenge({ serverUrl, challenge }: DiscoveryRequest, context: RequestContext): Promise<Probe> {
  const probe = await requestProbe(serverUrl, context);
  if (challenge === undefined) return probe;
  const resourceMetadata = challenge.resourceMetadata ?? probe.challenge?.resourceMetadata;
  return { ...probe, verdict: 'refused', challenge: { ...challenge, resourceMetadata } };
}

/** An authorization server's metadata, and the address at which it was requested. */
interface FoundMetadata {
  readonly address: string;
  readonly metadata: AuthorizationServerMetadata;
}

/**
 * The metadata of the authorization server; undefined for a server that requires a token but has no metadata at all.
 *
 * @throws AuthError `no_login_needed` or `not_an_mcp_server` if nothing says that the server requires a token.
 */
async function findMetadata(
  resource: ProtectedResource | undefined,
  { request, probe, context }: { request: DiscoveryRequest; probe: Probe; context: RequestContext },
): Promise<FoundMetadata | undefined> {
  const { serverUrl } = request;
  if (!isUnnamed(resource, request)) return requestNamed(resource, { request, context });
  // Metadata of the origin proves nothing for a server that is open or is not an MCP server: it may be there for others.
  if (probe.verdict === 'open' || probe.verdict === 'foreign') throw createNotProtectedError(serverUrl, probe);
  const found = await requestNamed(resource, { request, context });
  if (found === undefined && probe.verdict !== 'refused') throw createNotProtectedError(serverUrl, probe);
  return found;
}

/**
 * The metadata of the authorization server that the MCP server's metadata or the user names; undefined if none is named and
 * the MCP server's origin has none.
 *
 * @throws AuthError `no_authorization_server` if none of the named ones has metadata, and the errors of the requests.
 */
async function requestNamed(
  resource: ProtectedResource | undefined,
  { request, context }: { request: DiscoveryRequest; context: RequestContext },
): Promise<FoundMetadata | undefined> {
  const named = chooseServers(resource?.authorization_servers ?? [], request);
  const found = await requestFirst(named, { request, context });
  if (found !== undefined) return found;
  const error = createNoMetadataError(named, request);
  if (error !== undefined) throw error;
  return undefined;
}

function createNoMetadataError(named: readonly string[], { issuer, metadataUrl, serverUrl }: DiscoveryRequest): AuthError | undefined {
  if (metadataUrl !== undefined) {
    return new AuthError('no_authorization_server', `No authorization server metadata was found at ${quote(metadataUrl)}.`, {
      hint: 'Check the URL of --metadata-url. To look for the metadata at the well-known addresses, pass --metadata-url default.',
    });
  }
  if (named.length === 0) return undefined;
  const subject = issuer === undefined ? `the authorization servers that ${serverUrl.host} names` : 'the authorization server of --issuer';
  return new AuthError(
    'no_authorization_server',
    `No metadata was found at the well-known addresses of ${subject}: ${formatList(named)}.`,
    {
      hint: 'If you know the URL of its metadata, pass --metadata-url URL. To use another authorization server, pass --issuer URL.',
    },
  );
}

/**
 * The authorization servers to ask: all that the MCP server names, the one of the stored login first; or the one of `--issuer`,
 * which must be among them.
 *
 * @throws AuthError `usage` if the MCP server names others, unless the user also passed --trust-issuer with the same URL.
 */
function chooseServers(named: readonly string[], { issuer, previousIssuer, trusted }: DiscoveryRequest): readonly string[] {
  const findSame = (wanted: string) => named.filter((one) => isSameIssuer(one, wanted));
  if (issuer === undefined) return previousIssuer === undefined ? named : [...new Set([...findSame(previousIssuer), ...named])];
  if (named.length === 0) return [issuer];
  const same = findSame(issuer);
  if (same.length > 0) return same;
  if (isSameIssuer(trusted?.issuer, issuer)) return [issuer];
  throw new AuthError('usage', `The server does not name ${quote(issuer)} as an authorization server.`, {
    hint: `It names ${formatList(named)}. If you know that its tokens come from the one that you named, pass --trust-issuer with the same URL. To use one that the server names, pass --issuer default.`,
  });
}

/** Authorization servers of a list that are asked or shown. */
const maxServers = 5;

function formatList(issuers: readonly string[]): string {
  return issuers.slice(0, maxServers).map(quote).join(', ');
}

/**
 * The metadata of the first named authorization server that has any, or of the MCP server's origin if none is named. An error of
 * one of them is thrown only if none has metadata.
 */
async function requestFirst(
  named: readonly string[],
  { request: { serverUrl, trusted, metadataUrl }, context }: { request: DiscoveryRequest; context: RequestContext },
): Promise<FoundMetadata | undefined> {
  const isNoneNamed = named.length === 0;
  const origin = metadataUrl === undefined ? serverUrl.origin : new URL(metadataUrl).origin;
  let firstError: AuthError | undefined;
  for (const address of isNoneNamed ? [origin] : named.slice(0, maxServers)) {
    try {
      const request = { issuer: address, trusted, serverUrl, isUnnamed: isNoneNamed, metadataUrl };
      const metadata = await requestAuthorizationServer(request, context);
      if (metadata) return { address, metadata };
    } catch (error) {
      if (!(error instanceof AuthError) || hasCode(error, 'interrupted', 'timed_out')) throw error;
      firstError ??= error;
    }
  }
  if (firstError) throw firstError;
  return undefined;
}

/** MCP authorization, "Canonical Server URI": without a fragment, and without the slash of an empty path. */
function formatCanonicalUri(serverUrl: URL): string {
  const url = new URL(serverUrl);
  url.hash = '';
  return url.pathname === '/' && url.search === '' ? url.origin : url.href;
}
