/** What an MCP server says to somebody without a token: RFC 6750 section 3, RFC 9728 section 5.1. */
import type { Context, HttpRequest } from '../context.js';
import { AuthError } from '../errors.js';
import { quoted } from '../server-text.js';
import { parseChallenge, type Challenge } from './challenge.js';

/** One MCP request, as its version of the protocol puts it on the wire. */
export interface Question {
  readonly headers: Record<string, string>;
  readonly message: object;
}

/** MCP up to 2025-11-25: what every session begins with. */
const initialize: Question = {
  headers: {},
  message: {
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'mcp-auth', version: '1' } },
  },
};

/** MCP 2026-07-28, which has no initialize: every request says by itself what it is. */
export const listTools: Question = {
  headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' },
  message: {
    method: 'tools/list',
    params: {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'mcp-auth', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  },
};

/** The server's first answer. */
export interface Probe {
  /** The server did not let us in without a token. */
  readonly refused: boolean;
  readonly challenge?: Challenge;
  readonly status: number;
  readonly mediaType: string;
  readonly location: string | null;
}

/** Asks without a token, to be told what is missing; again in the newer wire if the older one is not understood. */
export async function requestProbe(serverUrl: URL, context: Pick<Context, 'http' | 'signal'>): Promise<Probe> {
  const first = await ask(serverUrl, initialize, context);
  return first.status === 400 ? ask(serverUrl, listTools, context) : first;
}

/** A question as an HTTP request. */
export function questionRequest({ headers, message }: Question): HttpRequest & { readonly headers: Record<string, string> } {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, ...message }),
  };
}

/** The status with which a server answers the first request of a session that comes with this bearer token. */
export async function requestAnswerTo(
  { url, token }: { url: URL; token: string },
  { http, signal }: Pick<Context, 'http' | 'signal'>,
): Promise<number> {
  const { headers, ...request } = questionRequest(initialize);
  const response = await http.fetch(url, { ...request, headers: { ...headers, authorization: `Bearer ${token}` }, stream: true, signal });
  await response.body?.cancel().catch(() => undefined);
  return response.status;
}

async function ask(serverUrl: URL, question: Question, { http, signal }: Pick<Context, 'http' | 'signal'>): Promise<Probe> {
  // An open server may answer with a stream that never ends; only the head is wanted.
  const response = await http.fetch(serverUrl, { ...questionRequest(question), stream: true, signal });
  await response.body?.cancel().catch(() => undefined);
  const challenge = parseChallenge(response.headers.get('www-authenticate'));
  return {
    refused: response.status === 401 || (response.status === 403 && challenge !== undefined),
    challenge,
    status: response.status,
    location: response.headers.get('location'),
    mediaType: (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '',
  };
}

/** Why there is nothing to log in to at a server that did not refuse us and has no metadata. */
export function notProtected(serverUrl: URL, { status = 0, mediaType = '', location = null }: Partial<Probe>): AuthError {
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
