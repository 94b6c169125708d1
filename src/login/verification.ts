/** Whether a token does what it is for: one visit to the MCP server. */
import type { Context, HttpRequest } from '../context.js';
import { AuthError, hasCode } from '../errors.js';
import { isObject, parseObject } from '../json.js';
import { requestWithProof, type Dpop } from '../oauth/dpop.js';
import { listTools, questionRequest } from '../oauth/probe.js';
import type { TokenResponse } from '../oauth/token.js';
import { version } from '../version.js';

/** Milliseconds that the whole visit may take. */
const timeLimit = 20_000;

/** Bytes of one answer. */
const largest = 8 * 1024 * 1024;

/** Who answered, as far as they say. */
export interface Verification {
  readonly serverName: string;
  readonly serverVersion: string;
  readonly tools: number;
}

/** Where a token is to be used, and the key that a token of type `dpop` is bound to. */
export interface Bearer {
  readonly url: URL;
  readonly tokens: Pick<TokenResponse, 'accessToken' | 'tokenType'>;
  readonly dpop?: Dpop;
}

/** The server, asked with the token. */
interface Visited {
  readonly url: URL;
  readonly signal: AbortSignal;
  readonly fetch: (target: URL, request: HttpRequest) => Promise<Response>;
  /** The status with which the server turned the token away, or did not understand the question. */
  readonly seen: { refused?: number; misunderstood: boolean };
}

/**
 * Opens the MCP server with a new token and asks for its tools, in the wire of MCP up to 2025-11-25, or else in that of
 * 2026-07-28.
 *
 * @throws AuthError `token_refused` when the server does not take the token, `server_failed` or a network error when it
 * could not be asked, which says nothing about the token.
 */
export async function verifyToken(bearer: Bearer, { http, signal }: Pick<Context, 'http' | 'signal'>): Promise<Verification> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeLimit)]);
  const seen: Visited['seen'] = { misunderstood: false };
  const fetch: Visited['fetch'] = async (target, request) => {
    const response = await requestWithToken({ ...bearer, url: target }, request, { http });
    if (response.status === 401 || response.status === 403) seen.refused = response.status;
    if (response.status === 400) seen.misunderstood = true;
    return response;
  };
  const visited = { url: bearer.url, signal: limit, fetch, seen };
  try {
    return await openSession(visited).catch((error: unknown) => {
      if (seen.misunderstood && seen.refused === undefined) return askOnce(visited);
      throw error;
    });
  } catch (error) {
    throw verificationError(error, { url: bearer.url, refused: seen.refused, signal });
  }
}

function requestWithToken(
  { url, tokens: { accessToken: token, tokenType }, dpop }: Bearer,
  request: HttpRequest,
  { http }: Pick<Context, 'http'>,
): Promise<Response> {
  if (tokenType === 'dpop' && dpop) return requestWithProof({ url, token, dpop, request }, { http });
  return http.fetch(url, { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } });
}

/** One session, opened and closed. */
async function openSession({ url, signal: limit, fetch }: Visited): Promise<Verification> {
  // The SDK is most of what there is to load, and only this needs it.
  const [{ Client }, { StreamableHTTPClientTransport }] = await Promise.all([
    import('@modelcontextprotocol/sdk/client/index.js'),
    import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
  ]);
  const transport = new StreamableHTTPClientTransport(url, {
    fetch: (target, { method, headers, body, signal } = {}) =>
      fetch(new URL(target), {
        method,
        headers: Object.fromEntries(new Headers(headers)),
        body: body as string,
        stream: true,
        largest,
        signal: signal ? AbortSignal.any([limit, signal]) : limit,
      }),
  });
  const client = new Client({ name: 'mcp-auth', version });
  try {
    await client.connect(transport, { signal: limit });
    const { name = '', version: serverVersion = '' } = client.getServerVersion() ?? {};
    const tools = client.getServerCapabilities()?.tools ? await countTools(client, limit) : 0;
    await transport.terminateSession().catch(() => undefined);
    return { serverName: name, serverVersion, tools };
  } finally {
    await client.close().catch(() => undefined);
  }
}

/** A server may hand its tools out in pages. */
async function countTools(client: import('@modelcontextprotocol/sdk/client/index.js').Client, signal: AbortSignal): Promise<number> {
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await client.listTools({ cursor }, { signal });
    count += page.tools.length;
    cursor = page.nextCursor;
  } while (cursor !== undefined && count < 10_000);
  return count;
}

/** One question to a server that has no sessions, answered as JSON or as an event. */
async function askOnce({ url, signal, fetch }: Visited): Promise<Verification> {
  const response = await fetch(url, { ...questionRequest(listTools), signal });
  const text = await response.text();
  const { result } = parseObject(/^data: ?(.*)$/m.exec(text)?.[1] ?? text) ?? {};
  if (!isObject(result) || !Array.isArray(result['tools'])) throw new AuthError('server_failed', `${url.host} did not list its tools.`);
  const info = isObject(result['_meta']) ? result['_meta']['io.modelcontextprotocol/serverInfo'] : undefined;
  const word = (value: unknown) => (typeof value === 'string' ? value : '');
  const { name, version: serverVersion } = isObject(info) ? info : {};
  return { serverName: word(name), serverVersion: word(serverVersion), tools: result['tools'].length };
}

function verificationError(
  error: unknown,
  { url, refused, signal }: { url: URL; refused: number | undefined; signal: AbortSignal },
): unknown {
  if (signal.aborted) return signal.reason;
  if (refused !== undefined) {
    return new AuthError('token_refused', `${url.host} does not take the token that its authorization server gave (status ${refused}).`, {
      hint: 'Perhaps other scopes are needed (--scope). With --no-verify the login is stored all the same.',
      cause: error,
    });
  }
  if (error instanceof AuthError) return error;
  for (let one = error; one instanceof Error; one = one.cause) {
    if (hasCode(one, 'network_error', 'request_timed_out', 'url_refused')) return one;
  }
  return new AuthError('server_failed', `${url.host} did not answer as an MCP server does.`, { cause: error });
}
