/** From an MCP server's URL to its authorization server: MCP authorization 2025-11-25, "Authorization Server Discovery". */
import type { Context } from '../context.js';
import { AuthError, hasCode } from '../errors.js';
import { quoted } from '../server-text.js';
import { requestAuthorizationServer, type AuthorizationServerMetadata } from './authorization-server.js';
import { parseBearerChallenge, type BearerChallenge } from './challenge.js';
import { requestProtectedResource, type ProtectedResource } from './protected-resource.js';

type Network = Pick<Context, 'http' | 'signal'>;

/** All that has to be known of a server before a login can start. */
export interface Discovery {
  /** RFC 8707 `resource`: the metadata's own spelling, or the server's URL where there is no metadata. */
  readonly resource: string;
  /** The scopes that the server's challenge names, which its metadata cannot overrule. */
  readonly challengedScope?: string;
  /** RFC 9728 `scopes_supported`. */
  readonly resourceScopes?: readonly string[];
  readonly metadata: AuthorizationServerMetadata;
}

/** The MCP request that every server must answer, with a challenge where it wants a token. */
const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'mcp-auth', version: '1' } },
});

/**
 * Finds the authorization server of the MCP server at `serverUrl`.
 *
 * @throws AuthError `no_login_needed`, `not_an_mcp_server`, `no_authorization_server`, and what the requests throw.
 */
export async function discover(serverUrl: URL, context: Network): Promise<Discovery> {
  const probe = await requestChallenge(serverUrl, context);
  const resource = await requestProtectedResource({ serverUrl, challenged: probe.challenge?.resourceMetadata }, context);
  if (resource === undefined && !probe.refused) throw notProtected(serverUrl, probe);
  return {
    resource: resource?.resource ?? canonicalUri(serverUrl),
    challengedScope: probe.challenge?.scope,
    resourceScopes: resource?.scopes_supported,
    metadata: await chooseAuthorizationServer({ serverUrl, resource }, context),
  };
}

interface Probe {
  /** The server did not let us in without a token. */
  readonly refused: boolean;
  readonly challenge?: BearerChallenge;
  readonly status: number;
  readonly mediaType: string;
  readonly location: string | null;
}

/** Sends `initialize` without a token, to be told what is missing (RFC 6750 section 3). */
async function requestChallenge(serverUrl: URL, { http, signal }: Network): Promise<Probe> {
  const response = await http.fetch(serverUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: initialize,
    // An open server may answer with a stream that never ends; only the head is wanted.
    stream: true,
    signal,
  });
  await response.body?.cancel().catch(() => undefined);
  const challenge = parseBearerChallenge(response.headers.get('www-authenticate'));
  return {
    refused: response.status === 401 || (response.status === 403 && challenge !== undefined),
    challenge,
    status: response.status,
    location: response.headers.get('location'),
    mediaType: (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '',
  };
}

/** The first authorization server of the list that answers with metadata of its own. */
async function chooseAuthorizationServer(
  { serverUrl, resource }: { serverUrl: URL; resource: ProtectedResource | undefined },
  context: Network,
): Promise<AuthorizationServerMetadata> {
  const named = resource?.authorization_servers ?? [];
  // Without protected-resource metadata, MCP 2025-03-26: the server's own origin is the authorization server.
  const issuers = named.length > 0 ? named : [serverUrl.origin];
  let failure: AuthError | undefined;
  for (const issuer of issuers) {
    try {
      const metadata = await requestAuthorizationServer(issuer, context);
      if (metadata) return metadata;
    } catch (error) {
      if (!(error instanceof AuthError) || hasCode(error, 'interrupted', 'timed_out')) throw error;
      failure ??= error;
    }
  }
  if (failure) throw failure;
  throw new AuthError(
    'no_authorization_server',
    named.length > 0
      ? `None of the authorization servers that ${serverUrl.host} names has metadata: ${named.map(quoted).join(', ')}.`
      : `${serverUrl.host} wants a token but names no authorization server, nor is it one itself.`,
    { hint: 'It may want an API key instead of a login: see its documentation.' },
  );
}

function notProtected(serverUrl: URL, { status, mediaType, location }: Probe): AuthError {
  const speaksMcp = mediaType === 'application/json' || mediaType === 'text/event-stream';
  if (status >= 200 && status < 300 && speaksMcp) {
    return new AuthError('no_login_needed', `${serverUrl.href} lets everybody in: no login is needed.`, {
      hint: 'Use it as it is, without a token.',
    });
  }
  if (status >= 500) return new AuthError('server_failed', `${serverUrl.host} failed with status ${status}.`, { hint: 'Try again later.' });
  return new AuthError(
    'not_an_mcp_server',
    `${serverUrl.href} does not answer as an MCP server does: status ${status}${mediaType ? `, ${quoted(mediaType)}` : ''}.`,
    { hint: location === null ? 'Check the path: many servers are at /mcp or /sse.' : `It points to ${quoted(location)}: try that.` },
  );
}

/** MCP authorization, "Canonical Server URI": no fragment, and no slash at the end of an empty path. */
function canonicalUri(serverUrl: URL): string {
  const url = new URL(serverUrl);
  url.hash = '';
  return url.pathname === '/' && url.search === '' ? url.origin : url.href;
}
