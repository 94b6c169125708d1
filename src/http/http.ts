import type { IncomingMessage } from 'node:http';
import { pipeline, Transform, type Readable } from 'node:stream';
import type { Clock, Env, Http, HttpAnswer, HttpRequest } from '../context.js';
import { AuthError } from '../errors.js';
import { quoted } from '../server-text.js';
import { createConnections, networkOfHost, type Route } from './connections.js';
import { acceptEncoding, decoded } from './decoding.js';
import type { Lookup } from './lookup.js';
import type { Network } from './networks.js';
import { networkError, timedOut } from './network-errors.js';
import type { Trace } from './trace.js';
import { toResponse } from './web-response.js';
import { addressOf, checkAddress, parseReachableUrl, parseSafeUrl } from './url-policy.js';

const defaultTimeout = 30_000;
/** Bytes, after decompression. */
const largestBody = 1024 * 1024;
/** A request, and how private an address it may go to. */
interface Question {
  readonly target: string | URL;
  readonly request: HttpRequest;
  readonly reach: Network;
}

interface Sending {
  readonly url: URL;
  readonly request: HttpRequest;
  readonly reach: Network;
  readonly signal: AbortSignal | undefined;
}

const redirectStatuses = new Set([301, 302, 303, 307, 308]);

export interface HttpOptions {
  readonly env: Env;
  readonly clock: Clock;
  readonly userAgent: string;
  /** Milliseconds from the first byte sent to the last byte received; for a stream, to the end of the head. */
  readonly timeout?: number;
  /** The name service, where it is not the machine's own. */
  readonly lookup?: Lookup;
  /** Is told of every request and its answer, without what is secret in them. */
  readonly trace?: Trace;
}

/** The program's one way to the network: URL policy, addresses, time-outs, size limits, redirects and proxies in one place. */
export function createHttp({ env, clock, userAgent, timeout = defaultTimeout, lookup, trace }: HttpOptions): Http {
  const connections = createConnections({ env, clock, lookup });

  /** One request and no redirect. */
  async function send({ url, request, reach, signal }: Sending): Promise<IncomingMessage> {
    const { method = 'GET', body = null, encoding = 'utf8' } = request;
    checkWrittenAddress(url, reach);
    const headers: Record<string, string> = {
      'user-agent': userAgent,
      accept: '*/*',
      'accept-encoding': acceptEncoding,
      ...request.headers,
    };
    if (body instanceof URLSearchParams) headers['content-type'] ??= 'application/x-www-form-urlencoded;charset=UTF-8';
    trace?.request(url, { method, headers, body });
    const route = await connections.route(url, reach);
    signal?.throwIfAborted();
    const text = body instanceof URLSearchParams ? body.toString() : body;
    return requestMessage({ url, method, headers, route, body: text, encoding, signal });
  }

  /** The last one that was asked for: a bridge asks for the same all the time. */
  let last: { readonly text: string; readonly url: URL } | undefined;
  function safeUrl(target: string | URL): URL {
    const text = String(target);
    if (last?.text !== text) last = { text, url: parseSafeUrl(text, { what: 'The address' }) };
    return last.url;
  }

  /** Addresses that are written out, by their reach, and were found to be permitted. */
  const permitted = new Set<string>();
  function checkWrittenAddress(url: URL, reach: Network): void {
    const key = `${reach} ${url.host}`;
    if (permitted.has(key)) return;
    const address = addressOf(url);
    if (address === undefined) return;
    checkAddress(address, { what: url.host, reach });
    permitted.add(key);
  }

  /** @param receive has the rest of the time for what it makes of the answer. */
  async function exchange<T>({ target, request, reach }: Question, receive: (answer: HttpAnswer, url: URL) => Promise<T> | T): Promise<T> {
    let url = safeUrl(target);
    const limit = request.timeout ?? timeout;
    const deadline = limit === 0 ? undefined : new AbortController();
    const stop = deadline && clock.alarm(limit, () => deadline.abort());
    const own = request.signal ?? undefined;
    const signal = own && deadline ? AbortSignal.any([own, deadline.signal]) : (own ?? deadline?.signal);
    try {
      for (let left = request.redirects ?? 0; ; left -= 1) {
        const message = await send({ url, request, reach, signal });
        const next = left > 0 ? redirectTarget(message, { from: url, reach }) : undefined;
        if (next === undefined) return await receive(await answerOf(message, url), url);
        trace?.response(url, await answerOf(message, url));
        message.destroy();
        url = next;
      }
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason;
      const failure = deadline?.signal.aborted ? timedOut({ url, timeout: limit }) : networkError(error, url);
      trace?.failure(url, failure);
      throw failure;
    } finally {
      stop?.();
    }
  }

  const withReach = (reach: Network): Http => ({
    reach,
    within: withReach,
    networkOf: (url) => networkOfHost(url, connections),
    open: (target, request = {}) =>
      exchange({ target, request, reach }, (answer, url) => {
        trace?.response(url, answer);
        return answer;
      }),
    fetch: (target, request = {}) =>
      exchange({ target, request, reach }, async (answer, url) => {
        const { stream = false, largest } = request;
        if (stream) trace?.response(url, answer);
        if (stream) return toResponse(largest === undefined ? answer : { ...answer, body: limited(answer.body, { url, largest }) });
        const body = await readAll(limited(answer.body, { url, largest: largest ?? largestBody }));
        trace?.response(url, answer, body);
        return toResponse({ ...answer, body });
      }),
    close: () => connections.close(),
  });
  return withReach('loopback');
}

interface MessageRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly route: Route;
  readonly body: string | null;
  readonly encoding: BufferEncoding;
  readonly signal: AbortSignal | undefined;
}

/** Sends the request; resolves with the head of its answer. The signal ends it as long as the answer is not complete. */
function requestMessage({ url, method, headers, route, body, encoding, signal }: MessageRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { protocol, port, pathname, search } = url;
    const hostname = url.hostname.replace(/^\[|\]$/g, '');
    const { agent } = route;
    const request = route
      .request({ protocol, hostname, port, path: pathname + search, method, headers, agent }, resolve)
      .on('error', reject);
    if (signal)
      request.on(
        'close',
        endedBy(signal, () => request.destroy()),
      );
    request.end(body, encoding);
  });
}

/** What each signal ends: one listener for all of it, since adding one and taking it away costs more than a small request. */
const endings = new WeakMap<AbortSignal, Set<() => void>>();

/** Has `end` called when the signal aborts, until what it returns is called. */
function endedBy(signal: AbortSignal, end: () => void): () => void {
  const all = endings.get(signal) ?? new Set();
  if (!endings.has(signal)) {
    endings.set(signal, all);
    signal.addEventListener('abort', () => all.forEach((one) => one()), { once: true });
  }
  all.add(end);
  return () => all.delete(end);
}

function redirectTarget(message: IncomingMessage, { from, reach }: { from: URL; reach: Network }): URL | undefined {
  const { location } = message.headers;
  if (!redirectStatuses.has(message.statusCode ?? 0) || location === undefined || !URL.canParse(location, from.href)) return undefined;
  const to = parseReachableUrl(new URL(location, from).href, { what: `The address that ${from.host} redirects to`, reach });
  if (from.protocol === 'https:' && to.protocol !== 'https:') {
    throw new AuthError('url_refused', `${from.host} redirects from https to plain http, at ${quoted(to.host)}.`);
  }
  return to;
}

async function answerOf(message: IncomingMessage, url: URL): Promise<HttpAnswer> {
  const { statusCode: status = 0, headers } = message;
  const body = message.headers['content-encoding'] === undefined ? message : await decoded(message);
  if (status >= 200 && status < 600 && body !== undefined) return { status, headers: headers as HttpAnswer['headers'], body };
  message.destroy();
  const what = body === undefined ? 'in a coding that we have not asked for' : `with a status that there is not, ${status}`;
  throw new AuthError('response_invalid', `${url.host} answered ${what}.`);
}

async function readAll(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Lets so many bytes through, and fails with the next one. */
function limited(body: Readable, { url, largest }: { url: URL; largest: number }): Readable {
  let left = largest;
  const limit = new Transform({
    transform: (chunk: Buffer, _, done) => {
      left -= chunk.byteLength;
      const error = new AuthError('response_invalid', `${url.host} answered with more than ${largest / 1024 / 1024} MiB.`);
      if (left < 0) done(error);
      else done(null, chunk);
    },
  });
  return pipeline(body, limit, () => undefined);
}
