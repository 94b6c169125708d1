/** From an MCP server's URL to its authorization server: MCP authorization 2025-11-25, "Authorization Server Discovery". */
import type { Effects, Network as Reach } from '../effects.js';
import { AuthError, hasCode } from '../errors.js';
import { quote } from '../text/server-text.js';
import {
  createDefaultMetadata,
  requestAuthorizationServer,
  type AuthorizationServerMetadata,
  type TrustedIssuer,
} from './authorization-server.js';
import type { Challenge } from './challenge.js';
import { createNotProtectedError, requestProbe, type Probe } from './probe.js';
import { requestProtectedResource, type ProtectedResource } from './protected-resource.js';

type Network = Pick<Effects, 'http' | 'signal'>;

export interface DiscoveryRequest {
  readonly serverUrl: URL;
  /** A challenge that the server gave to somebody else, in place of the one that it would give us. */
  readonly challenge?: Challenge;
  /** Which of several authorization servers to take, or which one where the server names none. */
  readonly issuer?: string | undefined;
  /** The one of the login before, which goes on if it is still named. */
  readonly previousIssuer?: string | undefined;
  /** An issuer that an authorization server's metadata may name in place of its own address. */
  readonly trusted?: TrustedIssuer | undefined;
  /** A resource that the server's metadata may name in place of its URL. */
  readonly trustedResource?: string | undefined;
  /** Where the authorization server's metadata is, in place of the usual addresses. */
  readonly metadataUrl?: string | undefined;
  /** Whether a server may name addresses in a more private network than its own. */
  readonly privateNetworkAllowed?: boolean | undefined;
}

/** All that has to be known of a server before a login can start. */
export interface Discovery {
  /** RFC 8707 `resource`: the metadata's own spelling, or the server's URL where there is no metadata. */
  readonly resource: string;
  /** The scopes that the server's challenge names, which its metadata cannot overrule. */
  readonly challengedScope?: string;
  /** RFC 9728 `scopes_supported`. */
  readonly resourceScopes?: readonly string[];
  readonly metadata: AuthorizationServerMetadata;
  /** The address that the metadata was found by, which is its issuer but for one that is trusted. */
  readonly issuerAddress: string;
  /** The most private network in which the authorization server's addresses may be. */
  readonly allowedNetwork: Reach;
  /** Whether the server takes only tokens that are bound to a key (RFC 9449). */
  readonly isDpopRequired: boolean;
  /** The status of a server that does not say that it wants a token: perhaps it is not there at all. */
  readonly unclearStatus?: number;
  /** Nobody has metadata: the endpoints are those of MCP 2025-03-26, and may not be there. */
  readonly isAssumed: boolean;
}

/**
 * Finds the authorization server of an MCP server.
 *
 * @throws AuthError `no_login_needed`, `not_an_mcp_server`, `no_authorization_server`, and what the requests throw.
 */
export async function discover(request: DiscoveryRequest, { http, signal }: Network): Promise<Discovery> {
  const { serverUrl, privateNetworkAllowed, trustedResource } = request;
  const probe = await challengeOf(request, { http, signal });
  // By now the server has been reached: all that it names from here on is in its own network, or in a less private one.
  const reach = privateNetworkAllowed ? 'loopback' : http.networkOf(serverUrl);
  const context = { http: http.withAllowedNetwork(reach), signal };
  const challenged = probe.challenge?.resourceMetadata;
  const resource = await requestProtectedResource({ serverUrl, challenged, trusted: trustedResource }, context);
  const isNamed = request.issuer !== undefined || request.metadataUrl !== undefined;
  const isSilent = resource === undefined && !isNamed;
  // The metadata of its origin says nothing of a server that lets us in, or is none: it may be there for others.
  if (isSilent && (probe.verdict === 'open' || probe.verdict === 'foreign')) throw createNotProtectedError(serverUrl, probe);
  const found = await requestNamed(resource, { request, context });
  if (isSilent && found === undefined && probe.verdict !== 'refused') throw createNotProtectedError(serverUrl, probe);
  const metadata = found?.metadata ?? createDefaultMetadata(serverUrl.origin);
  return {
    resource: resource?.resource ?? canonicalUri(serverUrl),
    challengedScope: probe.challenge?.scope,
    resourceScopes: resource?.scopes_supported,
    isDpopRequired: (probe.challenge?.isDpop ?? false) || (resource?.dpop_bound_access_tokens_required ?? false),
    metadata,
    issuerAddress: found?.address ?? metadata.issuer,
    allowedNetwork: reach,
    ...(isSilent && probe.verdict === 'unclear' && { unclearStatus: probe.status }),
    isAssumed: found === undefined,
  };
}

/** What the server asks for. A challenge from elsewhere is taken as it is, but for where the metadata is if it does not say. */
async function challengeOf({ serverUrl, challenge }: DiscoveryRequest, context: Network): Promise<Probe> {
  const probe = await requestProbe(serverUrl, context);
  if (challenge === undefined) return probe;
  const resourceMetadata = challenge.resourceMetadata ?? probe.challenge?.resourceMetadata;
  return { ...probe, verdict: 'refused', challenge: { ...challenge, resourceMetadata } };
}

/** An authorization server's metadata, and the address that it was found by. */
interface Found {
  readonly address: string;
  readonly metadata: AuthorizationServerMetadata;
}

/**
 * The authorization server that the server's metadata names, or the person; undefined where none is named and the origin has none.
 *
 * @throws AuthError `no_authorization_server` where none of those that are named has metadata, and what the requests throw.
 */
async function requestNamed(
  resource: ProtectedResource | undefined,
  { request, context }: { request: DiscoveryRequest; context: Network },
): Promise<Found | undefined> {
  const { serverUrl, metadataUrl } = request;
  const named = chosen(resource?.authorization_servers ?? [], request);
  const found = await firstWithMetadata(named, { request, context });
  if (found !== undefined) return found;
  if (metadataUrl !== undefined) {
    throw new AuthError('no_authorization_server', `There is no authorization server metadata at ${quote(metadataUrl)}.`, {
      hint: 'Check the address of --metadata-url; --metadata-url default looks for it at the usual addresses.',
    });
  }
  if (named.length === 0) return undefined;
  const list = named.slice(0, mostServers).map(quote).join(', ');
  const who =
    request.issuer === undefined
      ? `None of the authorization servers that ${serverUrl.host} names`
      : 'The authorization server of --issuer';
  throw new AuthError(
    'no_authorization_server',
    `${who} has metadata${request.issuer === undefined ? '' : ' at its usual addresses'}: ${list}.`,
    {
      hint: 'If you know where its metadata is, pass --metadata-url URL. If it is another authorization server, pass --issuer URL.',
    },
  );
}

/** The authorization servers to ask: all that are named, that of the login before first; or the one of `--issuer`, which has to be among them. */
function chosen(named: readonly string[], { issuer, previousIssuer: before, trusted }: DiscoveryRequest): readonly string[] {
  const bare = (one: string) => one.replace(/\/$/, '');
  const same = (wanted: string) => named.filter((one) => bare(one) === bare(wanted));
  if (issuer === undefined) return before === undefined ? named : [...new Set([...same(before), ...named])];
  if (named.length === 0) return [issuer];
  if (same(issuer).length > 0) return same(issuer);
  // Said twice, it is meant.
  if (trusted !== undefined && bare(trusted.issuer) === bare(issuer)) return [issuer];
  throw new AuthError('usage', `The server does not name ${quote(issuer)} as an authorization server.`, {
    hint: `It names ${named.slice(0, mostServers).map(quote).join(', ')}. If you know that its tokens come from the one that you named, pass --trust-issuer with the same URL; --issuer default takes what the server names.`,
  });
}

/** Of a list that is longer, nobody wants the rest. */
const mostServers = 5;

/** The metadata of the first that has any; of the server's own origin where none is named. An error of one is told only when none has. */
async function firstWithMetadata(
  named: readonly string[],
  { request: { serverUrl, trusted, metadataUrl }, context }: { request: DiscoveryRequest; context: Network },
): Promise<Found | undefined> {
  const isUnnamed = named.length === 0;
  const own = metadataUrl === undefined ? serverUrl.origin : new URL(metadataUrl).origin;
  let failure: AuthError | undefined;
  for (const address of isUnnamed ? [own] : named.slice(0, mostServers)) {
    try {
      const metadata = await requestAuthorizationServer({ issuer: address, trusted, serverUrl, isUnnamed, metadataUrl }, context);
      if (metadata) return { address, metadata };
    } catch (error) {
      if (!(error instanceof AuthError) || hasCode(error, 'interrupted', 'timed_out')) throw error;
      failure ??= error;
    }
  }
  if (failure) throw failure;
  return undefined;
}

/** MCP authorization, "Canonical Server URI": no fragment, and no slash at the end of an empty path. */
function canonicalUri(serverUrl: URL): string {
  const url = new URL(serverUrl);
  url.hash = '';
  return url.pathname === '/' && url.search === '' ? url.origin : url.href;
}
