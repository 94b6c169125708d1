/** From an MCP server's URL to its authorization server: MCP authorization 2025-11-25, "Authorization Server Discovery". */
import type { Context } from '../context.js';
import { AuthError, hasCode } from '../errors.js';
import { quoted } from '../server-text.js';
import { defaultMetadata, requestAuthorizationServer, type AuthorizationServerMetadata } from './authorization-server.js';
import type { Challenge } from './challenge.js';
import { notProtected, requestProbe } from './probe.js';
import { requestProtectedResource } from './protected-resource.js';

type Network = Pick<Context, 'http' | 'signal'>;

export interface DiscoveryRequest {
  readonly serverUrl: URL;
  /** A challenge that the server gave to somebody else, in place of the one that it would give us. */
  readonly challenge?: Challenge;
  /** Which of several authorization servers to take. */
  readonly issuer?: string;
  /** An issuer that the authorization server's metadata may name in place of its own address. */
  readonly trustedIssuer?: string;
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
export async function discover(request: DiscoveryRequest, context: Network): Promise<Discovery> {
  const { serverUrl } = request;
  const probe = request.challenge ? { refused: true, challenge: request.challenge } : await requestProbe(serverUrl, context);
  const resource = await requestProtectedResource({ serverUrl, challenged: probe.challenge?.resourceMetadata }, context);
  if (resource === undefined && !probe.refused) throw notProtected(serverUrl, probe);
  const named = chosen(resource?.authorization_servers ?? [], request);
  const metadata = await firstWithMetadata(named.length > 0 ? named : [serverUrl.origin], {
    request,
    context,
    anyPath: named.length === 0,
  });
  if (metadata === undefined && named.length > 0) {
    const list = named.map(quoted).join(', ');
    throw new AuthError('no_authorization_server', `None of the authorization servers that ${serverUrl.host} names has metadata: ${list}.`);
  }
  return {
    resource: resource?.resource ?? canonicalUri(serverUrl),
    challengedScope: probe.challenge?.scope,
    resourceScopes: resource?.scopes_supported,
    dpop: (probe.challenge?.dpop ?? false) || (resource?.dpop_bound_access_tokens_required ?? false),
    metadata: metadata ?? defaultMetadata(serverUrl.origin),
    assumed: metadata === undefined,
  };
}

/** The authorization servers to ask: all that are named, or the one of `--issuer`, which has to be among them. */
function chosen(named: readonly string[], { issuer }: DiscoveryRequest): readonly string[] {
  if (issuer === undefined) return named;
  const bare = (one: string) => one.replace(/\/$/, '');
  if (named.length === 0) return [issuer];
  const found = named.filter((one) => bare(one) === bare(issuer));
  if (found.length > 0) return found;
  throw new AuthError('usage', `The server does not name ${quoted(issuer)} as an authorization server.`, {
    hint: `It names ${named.map(quoted).join(', ')}.`,
  });
}

/** The metadata of the first that has any. An error of one is told only when none has. `anyPath`: see requestAuthorizationServer. */
async function firstWithMetadata(
  issuers: readonly string[],
  { request: { trustedIssuer }, context, anyPath }: { request: DiscoveryRequest; context: Network; anyPath: boolean },
): Promise<AuthorizationServerMetadata | undefined> {
  let failure: AuthError | undefined;
  for (const issuer of issuers) {
    try {
      const metadata = await requestAuthorizationServer({ issuer, trustedIssuer, anyPath }, context);
      if (metadata) return metadata;
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
