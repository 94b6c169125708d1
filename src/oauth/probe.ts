/** How an MCP server responds to a request without a token: RFC 6750 section 3, RFC 9728 section 5.1. */
import type { Effects, HttpRequest } from '../effects.js';
import { isObject, parseObject } from '../text/json.js';
import { AuthError } from '../errors.js';
import { quote, redactUrl } from '../text/server-text.js';
import { parseChallenge, type Challenge } from './challenge.js';
import { findRedirectTarget, maxServerRedirects } from './server-url.js';
import { rejectsToken } from './token-rejection.js';

/** One MCP request, with the headers of its protocol version. */
export interface McpRequest {
  readonly headers: Record<string, string>;
  readonly message: object;
}

/** MCP up to 2025-11-25: the first request of every session. */
export const initializeRequest: McpRequest = {
  headers: {},
  message: {
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'mcp-auth', version: '1' } },
  },
};

/** MCP 2026-07-28, which has no `initialize`: every request describes the client itself. */
export const listToolsRequest: McpRequest = {
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

/**
 * The meaning of a response to a request without a token:
 * - `refused`: the server requires a token.
 * - `open`: it requires none.
 * - `unclear`: it may require one. Servers refuse with many statuses, and with redirects to login pages, so the metadata decides.
 * - `foreign`: it is not the response of an MCP server.
 */
export type ProbeVerdict = 'refused' | 'open' | 'unclear' | 'foreign';

/** The response of a server to a request without a token. */
export interface Probe {
  readonly verdict: ProbeVerdict;
  readonly challenge?: Challenge | undefined;
  readonly status: number;
  readonly mediaType: string;
  readonly location: string | null;
  /** The message of the error in its body, of JSON-RPC or OAuth. */
  readonly error?: string | undefined;
}

/** Requests to try after the first one, and the statuses of the first response after which they make sense. */
const furtherRequests: readonly { readonly after: readonly number[]; readonly request: HttpRequest }[] = [
  // MCP 2026-07-28, for a server that does not understand `initialize`.
  { after: [400], request: toHttpRequest(listToolsRequest) },
  // HTTP with SSE (MCP 2024-11-05), which starts with a GET.
  { after: [400, 404, 405, 406, 415], request: { headers: { accept: 'text/event-stream' } } },
];

/** Send a request without a token, to get the server's challenge; if the server does not understand it, in another protocol version. */
export async function requestProbe(serverUrl: URL, context: Pick<Effects, 'http' | 'signal'>): Promise<Probe> {
  const first = await requestOnce(serverUrl, toHttpRequest(initializeRequest), context);
  for (const { after, request } of furtherRequests) {
    if (first.verdict === 'refused' || !after.includes(first.status)) continue;
    const next = await requestOnce(serverUrl, request, context);
    if (next.verdict === 'refused' || next.verdict === 'open') return next;
  }
  return first;
}

/** An MCP request as an HTTP request of the Streamable HTTP transport. */
export function toHttpRequest({ headers, message }: McpRequest): HttpRequest & { readonly headers: Record<string, string> } {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, ...message }),
  };
}

/** Whether the server rejects the first request of a session with this bearer token (RFC 6750 section 3.1). */
export async function requestIsTokenRejected(
  { url, token }: { url: URL; token: string },
  context: Pick<Effects, 'http' | 'signal'>,
  redirects = 0,
): Promise<boolean> {
  const { http, signal } = context;
  const { headers, ...request } = toHttpRequest(initializeRequest);
  const response = await http.fetch(url, { ...request, headers: { ...headers, authorization: `Bearer ${token}` }, stream: true, signal });
  await response.body?.cancel().catch(() => undefined);
  const { status } = response;
  const to = redirects < maxServerRedirects ? findRedirectTarget({ status, location: response.headers.get('location') }, url) : undefined;
  if (to !== undefined) return requestIsTokenRejected({ url: to, token }, context, redirects + 1);
  return rejectsToken({ status, challenge: response.headers.get('www-authenticate') ?? undefined });
}

/** @param redirects the redirects that have been followed so far. */
async function requestOnce(serverUrl: URL, request: HttpRequest, context: Pick<Effects, 'http' | 'signal'>, redirects = 0): Promise<Probe> {
  const { http, signal } = context;
  // An open server may respond with a stream that never ends. Its first event is enough.
  const response = await http.fetch(serverUrl, { ...request, stream: true, signal });
  const challenge = parseChallenge(response.headers.get('www-authenticate'));
  const mediaType = (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const { status } = response;
  const location = response.headers.get('location');
  const body = await readBody(response, mediaType);
  const verdict = judge({ status, challenge, mediaType, body, isPost: request.method === 'POST' });
  const probe = { verdict, challenge, status, mediaType, location, error: findErrorMessage(body) };
  const to = redirects < maxServerRedirects ? findRedirectTarget({ status, location }, serverUrl) : undefined;
  if (to === undefined) return probe;
  const redirected = await requestOnce(to, request, context, redirects + 1);
  // If it leads to a login page, the redirect says more than the page.
  return redirected.verdict === 'foreign' ? probe : redirected;
}

function judge({
  status,
  challenge,
  mediaType,
  body,
  isPost,
}: Pick<Probe, 'status' | 'challenge' | 'mediaType'> & { body: Body; isPost: boolean }): ProbeVerdict {
  if (status === 401 || (status === 403 && challenge !== undefined)) return 'refused';
  const error = findErrorMessage(body);
  if (error !== undefined && requiresTokenWords.test(error)) return 'refused';
  if (error !== undefined || unclearStatuses.has(status)) return 'unclear';
  const isOk = status >= 200 && status < 300;
  const speaksMcp = mediaType === 'text/event-stream' || (isPost && mediaType === 'application/json');
  return isOk && speaksMcp ? 'open' : 'foreign';
}

/** Statuses that servers use to refuse a request: wrong ones, and redirects to login pages. Not those of a server that is down. */
const unclearStatuses: ReadonlySet<number> = new Set([302, 303, 307, 400, 402, 403, 404, 405, 406, 407, 415, 422, 500]);

/** How servers say in an error of JSON-RPC or OAuth that they require a token. */
const requiresTokenWords =
  /unauthori[sz]ed|unauthenticated|not (logged in|authenticated|authori[sz]ed)|authenticat|authori[sz]ation|(missing|invalid|expired|no|access|bearer) token|invalid_token|log ?in|credential/i;

type Body = Record<string, unknown> | undefined;

/** The message of an error of JSON-RPC or OAuth (RFC 6750 section 3.1). */
function findErrorMessage(body: Body): string | undefined {
  const error = body?.['error'];
  if (typeof error === 'string') return [error, body?.['error_description']].filter((one) => typeof one === 'string').join(': ');
  if (!isObject(error)) return undefined;
  return typeof error['message'] === 'string' ? error['message'] : String(error['code']);
}

/** Characters of a response that are read. */
const maxReadLength = 64 * 1024;
/** Chunks that are read: after each of them, the whole text is searched again. */
const maxChunks = 1024;
/** Milliseconds that are waited for: the first event of a stream, and the end of a document. */
const timeouts = { stream: 2_000, document: 10_000 };

/** The JSON object of a response, or of its first event; undefined if there is none. The rest is not waited for. */
async function readBody(response: Response, mediaType: string): Promise<Body> {
  const isStream = mediaType === 'text/event-stream';
  if (!isStream && !mediaType.endsWith('json')) {
    await response.body?.cancel().catch(() => undefined);
    return undefined;
  }
  const text = await readBeginning(response, isStream);
  return parseObject(isStream ? (/^data:(.*)$/m.exec(text)?.[1] ?? '') : text);
}

/** The body up to its end, the end of its first event, the length limit or the timeout. */
async function readBeginning({ body }: Response, isStream: boolean): Promise<string> {
  const reader = body?.getReader();
  if (reader === undefined) return '';
  const timeout = AbortSignal.timeout(timeouts[isStream ? 'stream' : 'document']);
  const timedOut = new Promise<undefined>((resolve) => timeout.addEventListener('abort', () => resolve(undefined), { once: true }));
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (let chunks = 0; chunks < maxChunks && text.length < maxReadLength; chunks += 1) {
      if (isStream && hasWholeEvent(text)) break;
      const read = await Promise.race([reader.read(), timedOut]);
      if (read === undefined || read.done) break;
      text += decoder.decode(read.value as Uint8Array, { stream: true });
    }
  } catch {
    // Use the text that has been read so far.
  }
  await reader.cancel().catch(() => undefined);
  return text;
}

function hasWholeEvent(text: string): boolean {
  return /^data:.*\r?\n\r?\n/m.test(text);
}

/** The error for a server that did not require a token and has no metadata. */
export function createNotProtectedError(serverUrl: URL, { verdict, status, mediaType, location, error }: Probe): AuthError {
  if (verdict === 'open') {
    return new AuthError('no_login_needed', `${redactUrl(serverUrl)} does not require a login.`, {
      hint: 'Use it without a token. If it requires a login for some requests, name its authorization server: --issuer URL',
    });
  }
  if (status >= 500) return new AuthError('server_failed', `${serverUrl.host} failed with status ${status}.`, { hint: 'Try again later.' });
  const detail = error ?? (mediaType === '' ? undefined : mediaType);
  const suffix = detail === undefined ? '' : `, ${quote(detail)}`;
  return new AuthError('not_an_mcp_server', `${redactUrl(serverUrl)} does not respond like an MCP server: status ${status}${suffix}.`, {
    hint: location === null ? hintForStatus(status) : `It redirects to ${quote(location)}: try that URL.`,
  });
}

function hintForStatus(status: number): string {
  const hint = 'Check the path: the path of many servers is /mcp or /sse.';
  const isRefusal = status === 400 || status === 403;
  return isRefusal
    ? `${hint} If the path is right, the server may require a header (--header 'Name: value'), or a login that it does not announce (--issuer URL).`
    : hint;
}
