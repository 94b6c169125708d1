/** Tries a new token: one visit to the MCP server. */
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Effects, HttpRequest } from '../effects.js';
import { AuthError, hasCode } from '../errors.js';
import { isObject, parseObject } from '../text/json.js';
import { requestWithDpop, type Dpop } from '../oauth/dpop.js';
import {
  checkBelongsToServer,
  isRedirect,
  maxServerRedirects,
  createForeignRedirectError,
  findRedirectTarget,
} from '../oauth/server-url.js';
import { listToolsRequest, toHttpRequest } from '../oauth/probe.js';
import { describeHeaderLengthRejection, needsBody, rejectsHeaderLength, rejectsToken } from '../oauth/token-rejection.js';
import type { TokenResponse } from '../oauth/token.js';
import { version } from '../version.js';
import { maxVisitBytes, createVisitLimits, type VisitLimits } from './visit-limits.js';

/** Milliseconds for the whole visit. */
const visitTimeout = 20_000;

/** Pages of tools that are requested, and tools that are counted. */
const maxPages = 100;
const maxTools = 10_000;

/** What the server says about itself. */
export interface Verification {
  readonly serverName: string;
  readonly serverVersion: string;
  readonly tools: number;
}

/** A token, the URL to use it at, and the key of a DPoP-bound token. */
export interface TokenToVerify {
  readonly url: URL;
  readonly tokens: Pick<TokenResponse, 'accessToken' | 'tokenType'>;
  readonly dpop?: Dpop | undefined;
}

/** A visit to the server with the token. */
interface Visit {
  readonly url: URL;
  readonly signal: AbortSignal;
  readonly fetch: (target: URL, request: HttpRequest) => Promise<Response>;
  readonly findings: Findings;
  readonly limits: VisitLimits;
}

/** What the responses say about the token so far. */
interface Findings {
  /** The status with which the server rejected the token. */
  rejectedStatus?: number;
  /** Whether the server rejected a request as malformed. */
  isMalformed: boolean;
  /** Whether the server accepts no POST, as one that supports only HTTP with SSE. */
  acceptsNoPost: boolean;
  /** An error outside of the protocol. */
  failure?: AuthError;
}

/** Statuses of a server that supports only HTTP with SSE, in response to a POST. */
const statusesOfSseServers = new Set([404, 405, 406, 415]);

/**
 * Opens the MCP server with a new token and asks for its tools: by Streamable HTTP up to MCP 2025-11-25, or else as in MCP
 * 2026-07-28, or by HTTP with SSE.
 *
 * @throws AuthError `token_refused` if the server rejects the token; `server_failed`, `response_invalid`, `network_error` or
 * `request_timed_out` if it could not be asked, which says nothing about the token; and the reason of the signal.
 */
export async function verifyToken(
  token: TokenToVerify,
  { http, clock, signal }: Pick<Effects, 'http' | 'clock' | 'signal'>,
): Promise<Verification> {
  const { url } = token;
  const findings: Findings = { isMalformed: false, acceptsNoPost: false };
  // One controller for the interrupt, the time limit and the visit limits. Not AbortSignal.any with AbortSignal.timeout: Node 20
  // collects those as garbage too early, and a server can cause garbage.
  const end = new AbortController();
  const limits = createVisitLimits(url.host, (error) => {
    findings.failure ??= error;
    end.abort(error);
  });
  const stopAlarm = clock.alarm(visitTimeout, () => end.abort(new Error('timed out')));
  const interrupt = () => end.abort(signal.reason);
  if (signal.aborted) interrupt();
  signal.addEventListener('abort', interrupt);
  const fetch: Visit['fetch'] = async (target, request) => {
    limits.countRequest();
    const maxBytes = request.stream ? undefined : maxVisitBytes;
    const limited = { ...request, maxBytes, signal: request.signal ?? end.signal };
    const received = await requestWithRedirects({ ...token, url: target }, limited, { http });
    const response = await limits.limitResponse(received, typeof request.body === 'string' ? request.body : undefined);
    await note(response, { findings, host: target.host, token: token.tokens.accessToken, isPost: request.method === 'POST' });
    return response;
  };
  try {
    return await openAnyTransport({ url, signal: end.signal, fetch, findings, limits });
  } catch (error) {
    throw toVerificationError(error, { url, findings, signal });
  } finally {
    stopAlarm();
    signal.removeEventListener('abort', interrupt);
  }
}

/** Tried in this order if Streamable HTTP fails. */
const fallbacks: readonly { readonly fits: (findings: Findings) => boolean; readonly open: (visit: Visit) => Promise<Verification> }[] = [
  { fits: ({ isMalformed }) => isMalformed, open: requestTools },
  { fits: ({ isMalformed, acceptsNoPost }) => isMalformed || acceptsNoPost, open: (visit) => openSession(visit, openSse) },
];

async function openAnyTransport(visit: Visit): Promise<Verification> {
  const { findings } = visit;
  try {
    return await openSession(visit, openStreamable);
  } catch (error) {
    for (const { fits, open } of fallbacks) {
      if (findings.rejectedStatus !== undefined || findings.failure !== undefined || !fits(findings)) continue;
      const verification = await open(visit).catch(() => undefined);
      if (verification !== undefined) return verification;
    }
    // The first error is reported, since most servers support Streamable HTTP.
    throw error;
  }
}

/** Notes what a response says about the token. Reads a copy of the body if the status alone does not decide. */
async function note(
  response: Response,
  { findings, host, token, isPost }: { findings: Findings; host: string; token: string; isPost: boolean },
): Promise<void> {
  const { status } = response;
  if (status < 400) return;
  const received = { status, challenge: response.headers.get('www-authenticate') ?? undefined };
  const mustRead = needsBody(received) || status === 413;
  const text = mustRead ? await readCopy(response) : undefined;
  if (rejectsHeaderLength({ status, text }, token)) {
    const { message, hint } = describeHeaderLengthRejection(host, token);
    findings.failure ??= new AuthError('token_refused', message, { hint });
  }
  // A 403 rejects the token whatever its body says; a 400 may be about the request.
  if (status === 403 || rejectsToken({ ...received, text })) findings.rejectedStatus = status;
  else if (status === 400) findings.isMalformed = true;
  else if (isPost && statusesOfSseServers.has(status)) findings.acceptsNoPost = true;
}

async function readCopy(response: Response): Promise<string> {
  try {
    return await response.clone().text();
  } catch {
    return '';
  }
}

/** Follows redirects to where the server has moved, as the bridge does. */
async function requestWithRedirects(token: TokenToVerify, request: HttpRequest, effects: Pick<Effects, 'http'>): Promise<Response> {
  let { url } = token;
  for (let redirects = 0; ; redirects += 1) {
    const response = await requestWithToken({ ...token, url }, request, effects);
    const redirect = { status: response.status, location: response.headers.get('location') };
    if (!isRedirect(redirect)) return response;
    await response.body?.cancel().catch(() => undefined);
    const target = redirects < maxServerRedirects ? findRedirectTarget(redirect, url) : undefined;
    if (target === undefined) throw createForeignRedirectError(redirect.location ?? '', url);
    url = target;
  }
}

function requestWithToken(
  { url, tokens: { accessToken: token, tokenType }, dpop }: TokenToVerify,
  request: HttpRequest,
  { http }: Pick<Effects, 'http'>,
): Promise<Response> {
  if (tokenType === 'dpop' && dpop) return requestWithDpop({ url, token, dpop, request }, { http });
  return http.fetch(url, { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } });
}

type SdkFetch = (target: string | URL, init?: RequestInit) => Promise<Response>;

/** Opens a transport of the SDK. The SDK takes long to load, and only a visit needs it. */
type OpenTransport = (url: URL, fetch: SdkFetch) => Promise<ClosableTransport>;
type ClosableTransport = Transport & { terminateSession?: () => Promise<void> };

const openStreamable: OpenTransport = async (url, fetch) => {
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  return new StreamableHTTPClientTransport(url, { fetch });
};

const openSse: OpenTransport = async (url, fetch) => {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- for servers that support nothing newer
  const { SSEClientTransport } = await import('@modelcontextprotocol/sdk/client/sse.js');
  return new SSEClientTransport(url, {
    fetch: (target, init) => {
      checkBelongsToServer(new URL(target), { target: url, what: 'The endpoint that the server names' });
      return fetch(target, init);
      return fetch(target, init);
    },
  });
};

/** Opens a session, counts the tools, and closes it. */
async function openSession({ url, signal: end, fetch, limits }: Visit, open: OpenTransport): Promise<Verification> {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const transport = await open(url, (target, { method, headers, body, signal } = {}) =>
    fetch(new URL(target), {
      method,
      headers: Object.fromEntries(new Headers(headers)),
      body: body as string,
      stream: true,
      signal: signal ? AbortSignal.any([end, signal]) : end,
    }),
  );
  const client = new Client({ name: 'mcp-auth', version });
  try {
    await client.connect(guard(transport, limits), { signal: end });
    const { name = '', version: serverVersion = '' } = client.getServerVersion() ?? {};
    const tools = client.getServerCapabilities()?.tools ? await countTools(client, end) : 0;
    await transport.terminateSession?.().catch(() => undefined);
    return { serverName: name, serverVersion, tools };
  } finally {
    await client.close().catch(() => undefined);
  }
}

/**
 * The transport with a limit on what the server sends. Also converts ids: some servers respond with the id "1" to the request 1,
 * and the SDK, whose ids are numbers, would wait forever.
 */
function guard(transport: ClosableTransport, limits: VisitLimits): ClosableTransport {
  let receive: Transport['onmessage'];
  transport.onmessage = (message, extra) => {
    if (!limits.acceptsMessage(message)) return;
    const { id, ...rest } = message as { id?: unknown };
    const isNumber = typeof id === 'string' && /^\d+$/.test(id) && !('method' in message);
    receive?.(isNumber ? ({ ...rest, id: Number(id) } as typeof message) : message, extra);
  };
  return new Proxy(transport, {
    get: (target, key) => {
      if (key === 'onmessage') return receive;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
    set: (target, key, value) => {
      if (key === 'onmessage') receive = value as Transport['onmessage'];
      else Reflect.set(target, key, value);
      return true;
    },
  });
}

/**
 * Counts the tools, which may come in pages. Does not use the SDK's own `listTools`: it compiles the `outputSchema` of each tool,
 * and a server can write one that takes hours.
 */
async function countTools(client: import('@modelcontextprotocol/sdk/client/index.js').Client, signal: AbortSignal): Promise<number> {
  const { ResultSchema } = await import('@modelcontextprotocol/sdk/types.js');
  let count = 0;
  let cursor: string | undefined;
  for (let pages = 0; pages < maxPages && count < maxTools; pages += 1) {
    // The SDK adds a listener to the signal for each request and removes none: each page has a signal of its own.
    const options = { signal: AbortSignal.any([signal]) };
    const { tools, nextCursor } = await client.request({ method: 'tools/list', params: { cursor } }, ResultSchema, options);
    if (!Array.isArray(tools)) break;
    count += tools.length;
    if (typeof nextCursor !== 'string' || nextCursor === '' || nextCursor === cursor) break;
    cursor = nextCursor;
  }
  return count;
}

/** One request for the tools, as in MCP 2026-07-28, which has no sessions. The response is JSON or an event. */
async function requestTools({ url, signal, fetch }: Visit): Promise<Verification> {
  const response = await fetch(url, { ...toHttpRequest(listToolsRequest), signal });
  const text = await response.text();
  const { result } = parseObject(/^data: ?(.*)$/m.exec(text)?.[1] ?? text) ?? {};
  if (!isObject(result) || !Array.isArray(result['tools'])) throw new AuthError('server_failed', `${url.host} did not list its tools.`);
  const info = isObject(result['_meta']) ? result['_meta']['io.modelcontextprotocol/serverInfo'] : undefined;
  const toText = (value: unknown) => (typeof value === 'string' ? value : '');
  const { name, version: serverVersion } = isObject(info) ? info : {};
  return { serverName: toText(name), serverVersion: toText(serverVersion), tools: result['tools'].length };
}

function toVerificationError(error: unknown, { url, findings, signal }: { url: URL; findings: Findings; signal: AbortSignal }): unknown {
  if (signal.aborted) return signal.reason;
  if (findings.failure !== undefined) return findings.failure;
  if (findings.rejectedStatus !== undefined) {
    return new AuthError(
      'token_refused',
      `${url.host} rejected the token issued by its authorization server (status ${findings.rejectedStatus}).`,
      {
        hint: 'The server may require other scopes (--scope), or a token for another resource (--resource). With --no-verify, the login is stored without trying the token.',
        cause: error,
      },
    );
  }
  if (error instanceof AuthError) return error;
  for (let one = error; one instanceof Error; one = one.cause) {
    if (hasCode(one, 'network_error', 'request_timed_out', 'url_refused', 'server_failed')) return one;
  }
  return new AuthError('server_failed', `${url.host} did not respond as an MCP server.`, { cause: error });
}
