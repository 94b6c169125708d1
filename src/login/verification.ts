/** Whether a token does what it is for: one visit to the MCP server. */
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Context } from '../context.js';
import type { HttpRequest } from '../effects.js';
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

/** Milliseconds that the whole visit may take. */
const timeLimit = 20_000;

/** Pages of tools that are counted, and tools. */
const mostPages = 100;
const mostTools = 10_000;

/** Who answered, as far as they say. */
export interface Verification {
  readonly serverName: string;
  readonly serverVersion: string;
  readonly tools: number;
}

/** Where a token is to be used, and the key that a token of type `dpop` is bound to. */
export interface TokenToVerify {
  readonly url: URL;
  readonly tokens: Pick<TokenResponse, 'accessToken' | 'tokenType'>;
  readonly dpop?: Dpop;
}

/** The server, asked with the token. */
interface Visited {
  readonly url: URL;
  readonly signal: AbortSignal;
  readonly fetch: (target: URL, request: HttpRequest) => Promise<Response>;
  readonly seen: Seen;
  readonly limits: VisitLimits;
}

/** What the server has made of the token so far. */
interface Seen {
  /** The status with which it turned the token away. */
  refused?: number;
  /** Whether it did not understand the question. */
  misunderstood: boolean;
  /** Whether it takes no messages there, as one of HTTP with SSE does. */
  takesNoMessages: boolean;
  /** What went wrong before the protocol could. */
  failure?: AuthError;
}

/** Statuses of a server that speaks HTTP with SSE alone, in answer to a message. */
const oldTransport = new Set([404, 405, 406, 415]);

/**
 * Opens the MCP server with a new token and asks for its tools, in the wire of MCP up to 2025-11-25, or else in that of
 * 2026-07-28, or by HTTP with SSE.
 *
 * @throws AuthError `token_refused` when the server does not take the token, `server_failed` or a network error when it
 * could not be asked, which says nothing about the token.
 */
export async function verifyToken(bearer: TokenToVerify, { http, signal }: Pick<Context, 'http' | 'signal'>): Promise<Verification> {
  const seen: Seen = { misunderstood: false, takesNoMessages: false };
  const visit = new AbortController();
  const limits = createVisitLimits(bearer.url.host, (error) => {
    seen.failure ??= error;
    visit.abort(error);
  });
  // Not AbortSignal.timeout in an AbortSignal.any: Node 20 lets that be collected as garbage, of which a server can make much.
  const timer = setTimeout(() => visit.abort(new Error('too long')), timeLimit);
  const interrupt = () => visit.abort(signal.reason);
  if (signal.aborted) interrupt();
  signal.addEventListener('abort', interrupt);
  const limit = visit.signal;
  const fetch: Visited['fetch'] = async (target, request) => {
    limits.countRequest();
    const answered = await requestOnward(
      { ...bearer, url: target },
      { ...request, ...(!request.stream && { maxBytes: maxVisitBytes }), signal: request.signal ?? limit },
      { http },
    );
    const response = await limits.limitResponse(answered, typeof request.body === 'string' ? request.body : undefined);
    await note(response, { seen, host: target.host, token: bearer.tokens.accessToken, isMessage: request.method === 'POST' });
    return response;
  };
  const visited = { url: bearer.url, signal: limit, fetch, seen, limits };
  try {
    return await openSession(visited, streamable).catch(async (error: unknown) => {
      for (const { fits, open } of otherWays) {
        if (seen.refused !== undefined || seen.failure !== undefined || !fits(seen)) continue;
        const opened = await open(visited).catch(() => undefined);
        if (opened !== undefined) return opened;
      }
      // What the first one said is told: it is what the server is most likely to speak.
      throw error;
    });
  } catch (error) {
    throw verificationError(error, { url: bearer.url, seen, signal });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', interrupt);
  }
}

/** What is tried when a session cannot be opened: the wire of 2026-07-28, then HTTP with SSE. */
const otherWays: readonly { readonly fits: (seen: Seen) => boolean; readonly open: (visited: Visited) => Promise<Verification> }[] = [
  { fits: ({ misunderstood }) => misunderstood, open: askOnce },
  { fits: ({ misunderstood, takesNoMessages }) => misunderstood || takesNoMessages, open: (visited) => openSession(visited, withSse) },
];

/** Keeps what an answer says of the token. Its body is looked at where its status alone does not say that, and put back. */
async function note(
  response: Response,
  { seen, host, token, isMessage }: { seen: Seen; host: string; token: string; isMessage: boolean },
): Promise<void> {
  const { status } = response;
  if (status < 400) return;
  const answered = { status, challenge: response.headers.get('www-authenticate') ?? undefined };
  const text =
    needsBody(answered) || status === 413
      ? await response
          .clone()
          .text()
          .catch(() => '')
      : undefined;
  if (rejectsHeaderLength({ status, text }, token)) {
    const { message, hint } = describeHeaderLengthRejection(host, token);
    seen.failure ??= new AuthError('token_refused', message, { hint });
  }
  // A 403 refuses the token for whatever reason; a 400 may be about the question.
  if (status === 403 || rejectsToken({ ...answered, text })) seen.refused = status;
  else if (status === 400) seen.misunderstood = true;
  else if (isMessage && oldTransport.has(status)) seen.takesNoMessages = true;
}

/** A request where the server has it now, as the bridge sends it. */
async function requestOnward(bearer: TokenToVerify, request: HttpRequest, context: Pick<Context, 'http'>): Promise<Response> {
  let { url } = bearer;
  for (let moves = 0; ; moves += 1) {
    const response = await requestWithToken({ ...bearer, url }, request, context);
    const redirect = { status: response.status, location: response.headers.get('location') };
    if (!isRedirect(redirect)) return response;
    await response.body?.cancel().catch(() => undefined);
    const to = moves < maxServerRedirects ? findRedirectTarget(redirect, url) : undefined;
    if (to === undefined) throw createForeignRedirectError(redirect.location ?? '', url);
    url = to;
  }
}

function requestWithToken(
  { url, tokens: { accessToken: token, tokenType }, dpop }: TokenToVerify,
  request: HttpRequest,
  { http }: Pick<Context, 'http'>,
): Promise<Response> {
  if (tokenType === 'dpop' && dpop) return requestWithDpop({ url, token, dpop, request }, { http });
  return http.fetch(url, { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } });
}

type SdkFetch = (target: string | URL, init?: RequestInit) => Promise<Response>;

/** A transport of the SDK, over our fetch. The SDK is most of what there is to load, and only this needs it. */
type Opening = (url: URL, fetch: SdkFetch) => Promise<ClosableTransport>;
type ClosableTransport = Transport & { terminateSession?: () => Promise<void> };

const streamable: Opening = async (url, fetch) => {
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  return new StreamableHTTPClientTransport(url, { fetch });
};

const withSse: Opening = async (url, fetch) => {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- for the servers that speak nothing newer
  const { SSEClientTransport } = await import('@modelcontextprotocol/sdk/client/sse.js');
  return new SSEClientTransport(url, {
    fetch: (target, init) => {
      checkBelongsToServer(new URL(target), { target: url, what: 'The endpoint that the server names' });
      return fetch(target, init);
    },
  });
};

/** One session, opened and closed. */
async function openSession({ url, signal: limit, fetch, limits }: Visited, opening: Opening): Promise<Verification> {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const transport = await opening(url, (target, { method, headers, body, signal } = {}) =>
    fetch(new URL(target), {
      method,
      headers: Object.fromEntries(new Headers(headers)),
      body: body as string,
      stream: true,
      signal: signal ? AbortSignal.any([limit, signal]) : limit,
    }),
  );
  const client = new Client({ name: 'mcp-auth', version });
  try {
    await client.connect(guarded(transport, limits), { signal: limit });
    const { name = '', version: serverVersion = '' } = client.getServerVersion() ?? {};
    const tools = client.getServerCapabilities()?.tools ? await countTools(client, limit) : 0;
    await transport.terminateSession?.().catch(() => undefined);
    return { serverName: name, serverVersion, tools };
  } finally {
    await client.close().catch(() => undefined);
  }
}

/**
 * The transport with what the server may ask and say bounded, and for servers that answer "1" for 1, which the SDK would wait for
 * without end: its own ids are numbers.
 */
function guarded(transport: ClosableTransport, limits: VisitLimits): ClosableTransport {
  let take: Transport['onmessage'];
  transport.onmessage = (message, extra) => {
    if (!limits.acceptsMessage(message)) return;
    const { id, ...rest } = message as { id?: unknown };
    const isNumber = typeof id === 'string' && /^\d+$/.test(id) && !('method' in message);
    take?.(isNumber ? ({ ...rest, id: Number(id) } as typeof message) : message, extra);
  };
  return new Proxy(transport, {
    get: (target, key) => {
      if (key === 'onmessage') return take;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
    set: (target, key, value) => {
      if (key === 'onmessage') take = value as Transport['onmessage'];
      else Reflect.set(target, key, value);
      return true;
    },
  });
}

/**
 * A server may hand its tools out in pages. They are counted and no more: the SDK's own `listTools` makes a program of each
 * tool's `outputSchema`, which a server can write so that it takes hours.
 */
async function countTools(client: import('@modelcontextprotocol/sdk/client/index.js').Client, signal: AbortSignal): Promise<number> {
  const { ResultSchema } = await import('@modelcontextprotocol/sdk/types.js');
  let count = 0;
  let cursor: string | undefined;
  for (let pages = 0; pages < mostPages && count < mostTools; pages += 1) {
    // The SDK adds a listener for each page, and takes none away: each page has a signal of its own.
    const options = { signal: AbortSignal.any([signal]) };
    const page = await client.request({ method: 'tools/list', params: { cursor } }, ResultSchema, options);
    const { tools, nextCursor } = page;
    if (!Array.isArray(tools)) break;
    count += tools.length;
    if (typeof nextCursor !== 'string' || nextCursor === '' || nextCursor === cursor) break;
    cursor = nextCursor;
  }
  return count;
}

/** One question to a server that has no sessions, answered as JSON or as an event. */
async function askOnce({ url, signal, fetch }: Visited): Promise<Verification> {
  const response = await fetch(url, { ...toHttpRequest(listToolsRequest), signal });
  const text = await response.text();
  const { result } = parseObject(/^data: ?(.*)$/m.exec(text)?.[1] ?? text) ?? {};
  if (!isObject(result) || !Array.isArray(result['tools'])) throw new AuthError('server_failed', `${url.host} did not list its tools.`);
  const info = isObject(result['_meta']) ? result['_meta']['io.modelcontextprotocol/serverInfo'] : undefined;
  const word = (value: unknown) => (typeof value === 'string' ? value : '');
  const { name, version: serverVersion } = isObject(info) ? info : {};
  return { serverName: word(name), serverVersion: word(serverVersion), tools: result['tools'].length };
}

function verificationError(error: unknown, { url, seen, signal }: { url: URL; seen: Seen; signal: AbortSignal }): unknown {
  if (signal.aborted) return signal.reason;
  if (seen.failure !== undefined) return seen.failure;
  if (seen.refused !== undefined) {
    return new AuthError(
      'token_refused',
      `${url.host} does not take the token that its authorization server gave (status ${seen.refused}).`,
      {
        hint: 'Perhaps other scopes are needed (--scope), or the token has to name the server in another way (--resource). With --no-verify the login is stored all the same.',
        cause: error,
      },
    );
  }
  if (error instanceof AuthError) return error;
  for (let one = error; one instanceof Error; one = one.cause) {
    if (hasCode(one, 'network_error', 'request_timed_out', 'url_refused', 'server_failed')) return one;
  }
  return new AuthError('server_failed', `${url.host} did not answer as an MCP server does.`, { cause: error });
}
