/** From an MCP server's URL to its authorization server: MCP authorization 2025-11-25, "Authorization Server Discovery". */
import type { Context } from '../context.js';
import { AuthError, hasCode } from '../errors.js';
import type { Network as Reach } from '../http/networks.js';
import { quoted } from '../server-text.js';
import {
  defaultMetadata,
  requestAuthorizationServer,
  type AuthorizationServerMetadata,
  type TrustedIssuer,
} from './authorization-server.js';
import type { Challenge } from './challenge.js';
import { notProtected, requestProbe, type Probe } from './probe.js';
import { requestProtectedResource } from './protected-resource.js';

type Network = Pick<Context, 'http' | 'signal'>;

export interface DiscoveryRequest {
  readonly serverUrl: URL;
  /** A challenge that the server gave to somebody else, in place of the one that it would give us. */
  readonly challenge?: Challenge;
  /** Which of several authorization servers to take. */
  readonly issuer?: string;
  /** The one of the login before, which goes on if it is still named. */
  readonly before?: string;
  /** An issuer that an authorization server's metadata may name in place of its own address. */
  readonly trusted?: TrustedIssuer;
  /** Whether a server may name addresses in a more private network than its own. */
  readonly privateNetworkAllowed?: boolean;
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
  readonly reach: Reach;
  /** Whether the server takes only tokens that are bound to a key (RFC 9449). */
  readonly dpop: boolean;
  /** Nobody has metadata: the endpoints are those of MCP 2025-03-26, and may not be there. */
  readonly assumed: boolean;
}

/**
 * Finds the authorization server of an MCP server.
 *
 * @throws AuthError `no_login_needed`, `not_an_mcp_server`, `no_authorization_server`, and what the requests throw.
 */
export async function discover(request: DiscoveryRequest, { http, signal }: Network): Promise<Discovery> {
  const { serverUrl, privateNetworkAllowed } = request;
  const probe = await challengeOf(request, { http, signal });
  // By now the server has been reached: all that it names from here on is in its own network, or in a less private one.
  const reach = privateNetworkAllowed ? 'loopback' : http.networkOf(serverUrl);
  const context = { http: http.within(reach), signal };
  const resource = await requestProtectedResource({ serverUrl, challenged: probe.challenge?.resourceMetadata }, context);
  if (resource === undefined && !probe.refused) throw notProtected(serverUrl, probe);
  const named = chosen(resource?.authorization_servers ?? [], request);
  const found = await firstWithMetadata(named, { request, context });
  if (found === undefined && named.length > 0) {
    const list = named.slice(0, mostServers).map(quoted).join(', ');
    throw new AuthError('no_authorization_server', `None of the authorization servers that ${serverUrl.host} names has metadata: ${list}.`);
  }
  const metadata = found?.metadata ?? defaultMetadata(serverUrl.origin);
  return {
    resource: resource?.resource ?? canonicalUri(serverUrl),
    challengedScope: probe.challenge?.scope,
    resourceScopes: resource?.scopes_supported,
    dpop: (probe.challenge?.dpop ?? false) || (resource?.dpop_bound_access_tokens_required ?? false),
    metadata,
    issuerAddress: found?.address ?? metadata.issuer,
    reach,
    assumed: found === undefined,
  };
}

/** What the server asks for. A challenge from elsewhere is taken as it is, but for where the metadata is if it does not say. */
async function challengeOf({ serverUrl, challenge }: DiscoveryRequest, context: Network): Promise<Partial<Probe> & Pick<Probe, 'refused'>> {
  const probe = await requestProbe(serverUrl, context);
  if (challenge === undefined) return probe;
  return { refused: true, challenge: { ...challenge, resourceMetadata: challenge.resourceMetadata ?? probe.challenge?.resourceMetadata } };
}

/** The authorization servers to ask: all that are named, that of the login before first; or the one of `--issuer`, which has to be among them. */
function chosen(named: readonly string[], { issuer, before }: DiscoveryRequest): readonly string[] {
  const bare = (one: string) => one.replace(/\/$/, '');
  const same = (wanted: string) => named.filter((one) => bare(one) === bare(wanted));
  if (issuer === undefined) return before === undefined ? named : [...new Set([...same(before), ...named])];
  if (named.length === 0) return [issuer];
  if (same(issuer).length > 0) return same(issuer);
  throw new AuthError('usage', `The server does not name ${quoted(issuer)} as an authorization server.`, {
    hint: `It names ${named.slice(0, mostServers).map(quoted).join(', ')}.`,
  });
}

/** Of a list that is longer, nobody wants the rest. */
const mostServers = 5;

/** The metadata of the first that has any; of the server's own origin where none is named. An error of one is told only when none has. */
async function firstWithMetadata(
  named: readonly string[],
  { request: { serverUrl, trusted }, context }: { request: DiscoveryRequest; context: Network },
): Promise<{ address: string; metadata: AuthorizationServerMetadata } | undefined> {
  const anyPath = named.length === 0;
  let failure: AuthError | undefined;
  for (const address of anyPath ? [serverUrl.origin] : named.slice(0, mostServers)) {
    try {
      const metadata = await requestAuthorizationServer({ issuer: address, trusted, anyPath }, context);
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
