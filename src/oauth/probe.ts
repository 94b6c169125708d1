/** What an MCP server says to somebody without a token: RFC 6750 section 3, RFC 9728 section 5.1. */
import type { Effects, HttpRequest } from '../effects.js';
import { isObject, parseObject } from '../text/json.js';
import { AuthError } from '../errors.js';
import { quote, redactUrl } from '../text/server-text.js';
import { parseChallenge, type Challenge } from './challenge.js';
import { maxServerRedirects, findRedirectTarget } from './server-url.js';
import { rejectsToken } from './token-rejection.js';

/** One MCP request, as its version of the protocol puts it on the wire. */
export interface McpRequest {
  readonly headers: Record<string, string>;
  readonly message: object;
}

/** MCP up to 2025-11-25: what every session begins with. */
const initialize: McpRequest = {
  headers: {},
  message: {
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'mcp-auth', version: '1' } },
  },
};

/** MCP 2026-07-28, which has no initialize: every request says by itself what it is. */
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
 * What an answer to somebody without a token means: that one is needed; that none is; that it may be, since servers refuse by
 * many a status, and by a redirect to a page for people, so that the metadata of its origin decides; or that it is no answer of
 * an MCP server.
 */
export type ProbeVerdict = 'refused' | 'open' | 'unclear' | 'foreign';

/** The server's first answer. */
export interface Probe {
  readonly verdict: ProbeVerdict;
  readonly challenge?: Challenge | undefined;
  readonly status: number;
  readonly mediaType: string;
  readonly location: string | null;
  /** The message of a JSON-RPC error in it. */
  readonly error?: string | undefined;
}

/** What is asked for in turn, and after which statuses that makes sense. */
const furtherQuestions: readonly { readonly after: readonly number[]; readonly request: HttpRequest }[] = [
  // The newer wire, where the older one is not understood.
  { after: [400], request: toHttpRequest(listToolsRequest) },
  // HTTP with SSE (MCP 2024-11-05), which begins with a GET.
  { after: [400, 404, 405, 406, 415], request: { headers: { accept: 'text/event-stream' } } },
];

/** Asks without a token, to be told what is missing; in another way where the first one is not understood. */
export async function requestProbe(serverUrl: URL, context: Pick<Effects, 'http' | 'signal'>): Promise<Probe> {
  const first = await ask(serverUrl, toHttpRequest(initialize), context);
  for (const { after, request } of furtherQuestions) {
    if (first.verdict === 'refused' || !after.includes(first.status)) continue;
    const next = await ask(serverUrl, request, context);
    if (next.verdict === 'refused' || next.verdict === 'open') return next;
  }
  return first;
}

/** A question as an HTTP request. */
export function toHttpRequest({ headers, message }: McpRequest): HttpRequest & { readonly headers: Record<string, string> } {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, ...message }),
  };
}

/** Whether a server turns away the first request of a session that comes with this bearer token (RFC 6750 section 3.1). */
export async function requestIsTokenRejected(
  { url, token }: { url: URL; token: string },
  context: Pick<Effects, 'http' | 'signal'>,
  moves = 0,
): Promise<boolean> {
  const { http, signal } = context;
  const { headers, ...request } = toHttpRequest(initialize);
  const response = await http.fetch(url, { ...request, headers: { ...headers, authorization: `Bearer ${token}` }, stream: true, signal });
  await response.body?.cancel().catch(() => undefined);
  const { status } = response;
  const to = moves < maxServerRedirects ? findRedirectTarget({ status, location: response.headers.get('location') }, url) : undefined;
  if (to !== undefined) return requestIsTokenRejected({ url: to, token }, context, moves + 1);
  return rejectsToken({ status, challenge: response.headers.get('www-authenticate') ?? undefined });
}

/** @param moves how often the server has sent us on to itself. */
async function ask(serverUrl: URL, request: HttpRequest, context: Pick<Effects, 'http' | 'signal'>, moves = 0): Promise<Probe> {
  const { http, signal } = context;
  // An open server may answer with a stream that never ends: its first event says enough.
  const response = await http.fetch(serverUrl, { ...request, stream: true, signal });
  const challenge = parseChallenge(response.headers.get('www-authenticate'));
  const mediaType = (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const { status } = response;
  const location = response.headers.get('location');
  const answer = await readAnswer(response, mediaType);
  const verdict = verdictOn({ status, challenge, mediaType, answer, isPost: request.method === 'POST' });
  const probe = { verdict, challenge, status, mediaType, location, error: errorIn(answer) };
  const to = moves < maxServerRedirects ? findRedirectTarget({ status, location }, serverUrl) : undefined;
  if (to === undefined) return probe;
  const there = await ask(to, request, context, moves + 1);
  // Of a page where people log in, the redirect says more.
  return there.verdict === 'foreign' ? probe : there;
}

function verdictOn({
  status,
  challenge,
  mediaType,
  answer,
  isPost,
}: Pick<Probe, 'status' | 'challenge' | 'mediaType'> & { answer: Answer; isPost: boolean }): ProbeVerdict {
  if (status === 401 || (status === 403 && challenge !== undefined)) return 'refused';
  const words = errorIn(answer);
  if (words !== undefined && wantsToken.test(words)) return 'refused';
  if (words !== undefined || unclear.has(status)) return 'unclear';
  const isOk = status >= 200 && status < 300;
  const speaksMcp = mediaType === 'text/event-stream' || (isPost && mediaType === 'application/json');
  return isOk && speaksMcp ? 'open' : 'foreign';
}

/** Statuses by which servers refuse: wrong ones, and redirects to where a person logs in. A server that is down refuses nobody. */
const unclear: ReadonlySet<number> = new Set([302, 303, 307, 400, 402, 403, 404, 405, 406, 407, 415, 422, 500]);

/** How servers say in a JSON-RPC error, or in one of OAuth's, that they want a token. */
const wantsToken =
  /unauthori[sz]ed|unauthenticated|not (logged in|authenticated|authori[sz]ed)|authenticat|authori[sz]ation|(missing|invalid|expired|no|access|bearer) token|invalid_token|log ?in|credential/i;

type Answer = Record<string, unknown> | undefined;

/** The message of an error, of JSON-RPC or of OAuth (RFC 6750 section 3.1). */
function errorIn(answer: Answer): string | undefined {
  const error = answer?.['error'];
  if (typeof error === 'string') return [error, answer?.['error_description']].filter((one) => typeof one === 'string').join(': ');
  if (!isObject(error)) return undefined;
  return typeof error['message'] === 'string' ? error['message'] : String(error['code']);
}

/** Bytes of an answer that are read. */
const mostRead = 64 * 1024;
/** Pieces that they may come in: after each, the beginning is looked through anew. */
const mostPieces = 1024;
/** Milliseconds until a stream that says nothing is believed to be open, and until a document is not waited for. */
const longestSilence = { stream: 2_000, document: 10_000 };

/** The JSON object of an answer, or that of its first event; undefined where there is none. The rest is not waited for. */
async function readAnswer(response: Response, mediaType: string): Promise<Answer> {
  const isStream = mediaType === 'text/event-stream';
  if (!isStream && !mediaType.endsWith('json')) {
    await response.body?.cancel().catch(() => undefined);
    return undefined;
  }
  const text = await readBeginning(response, isStream);
  return parseObject(isStream ? (/^data:(.*)$/m.exec(text)?.[1] ?? '') : text);
}

/** A body to its end, or to the end of its first event, its limit, or a long silence. */
async function readBeginning({ body }: Response, isStream: boolean): Promise<string> {
  const reader = body?.getReader();
  if (reader === undefined) return '';
  const quiet = AbortSignal.timeout(longestSilence[isStream ? 'stream' : 'document']);
  const silence = new Promise<undefined>((resolve) => quiet.addEventListener('abort', () => resolve(undefined), { once: true }));
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (let pieces = 0; text.length < mostRead && pieces < mostPieces && !(isStream && /^data:.*\r?\n\r?\n/m.test(text)); pieces += 1) {
      const read = await Promise.race([reader.read(), silence]);
      if (read === undefined || read.done) break;
      text += decoder.decode(read.value as Uint8Array, { stream: true });
    }
  } catch {
    // What has come so far is looked at.
  }
  await reader.cancel().catch(() => undefined);
  return text;
}

/** Why there is nothing to log in to at a server that did not ask for a token and has no metadata. */
export function createNotProtectedError(serverUrl: URL, { verdict, status, mediaType, location, error }: Probe): AuthError {
  if (verdict === 'open') {
    return new AuthError('no_login_needed', `${redactUrl(serverUrl)} lets everybody in: no login is needed.`, {
      hint: `Use it as it is, without a token. If it wants a login all the same, name its authorization server: --issuer URL`,
    });
  }
  if (status >= 500) return new AuthError('server_failed', `${serverUrl.host} failed with status ${status}.`, { hint: 'Try again later.' });
  const said = error === undefined ? (mediaType === '' ? '' : `, ${quote(mediaType)}`) : `, ${quote(error)}`;
  return new AuthError('not_an_mcp_server', `${redactUrl(serverUrl)} does not answer as an MCP server does: status ${status}${said}.`, {
    hint: location === null ? hintFor(status) : `It points to ${quote(location)}: try that.`,
  });
}

function hintFor(status: number): string {
  const path = 'Check the path: many servers are at /mcp or /sse.';
  const isRefusal = status === 400 || status === 403;
  return isRefusal
    ? `${path} If the path is right, it may want a header of its own (--header 'Name: value'), or a login that it does not name: --issuer URL`
    : path;
}
