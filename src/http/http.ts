/**
 * The program's only way to the network: URL policy, allowed networks, timeouts, size limits, redirects and proxies.
 *
 * It uses `node:http` and not undici (which is also Node's own `fetch`), because
 * - every connection needs a `lookup` that rejects addresses outside its allowed network, and every allowed network needs
 *   connections of its own, so that none is reused for a request that may not go there;
 * - SOCKS proxies work with agents of `node:http`; support in undici is experimental and prints a warning;
 * - Node 20 is supported, and undici 8 needs Node 22.19; the undici inside Node cannot be configured this way;
 * - undici's WebAssembly parser costs 40 MiB of memory and 25 ms at the start. It was a quarter faster for small messages.
 */
import type { IncomingMessage } from 'node:http';
import { pipeline, Transform, type Readable } from 'node:stream';
import type { Clock, Env, Http, HttpRequest, HttpResponse, Network, Secrets, ServerAccess } from '../effects.js';
import { AuthError } from '../errors.js';
import { quote } from '../text/server-text.js';
import { Connections, type Route } from './connections.js';
import { acceptEncoding, decodeBody } from './decoding.js';
import type { DnsLookup } from './lookup.js';
import { createTimeoutError, toNetworkError } from './network-errors.js';
import { listProxyCredentials } from './proxies.js';
import { noteFormSecrets, noteHeaderSecrets, noteResponseSecrets } from './secret-fields.js';
import { RequestAborts } from './request-aborts.js';
import { sendRequest } from './send-request.js';
import type { Trace } from './trace.js';
import { checkAddress, findIpAddress, parseAllowedUrl, parseSafeUrl } from './url-policy.js';
import { toResponse } from './web-response.js';

const defaultTimeout = 30_000;
/** Bytes after decompression. */
const maxResponseBytes = 1024 * 1024;
const formType = 'application/x-www-form-urlencoded;charset=UTF-8';
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

export interface HttpOptions {
  readonly env: Env;
  readonly clock: Clock;
  readonly userAgent: string;
  /** Milliseconds from the first byte sent to the last byte received; for a stream, to the end of the response headers. */
  readonly timeout?: number;
  /** Replaces the machine's own DNS lookup. */
  readonly lookup?: DnsLookup;
  /** Logs every request and response, secrets redacted. */
  readonly trace?: Trace;
}

/** Creates a client that may go to every network; see `Http.withAllowedNetwork`. */
export function createHttp(options: HttpOptions): Http {
  return new LimitedHttp(new Transport(options), { allowedNetwork: 'loopback', access: undefined });
}

/** Where requests may go, and what they carry. */
interface Limits {
  readonly allowedNetwork: Network;
  readonly access: ServerAccess | undefined;
}

/** One view of the transport: `withAllowedNetwork` and `withServerAccess` create others, which share its connections. */
class LimitedHttp implements Http {
  readonly #transport: Transport;
  readonly #limits: Limits;

  constructor(transport: Transport, limits: Limits) {
    this.#transport = transport;
    this.#limits = limits;
  }

  get allowedNetwork(): Network {
    return this.#limits.allowedNetwork;
  }

  withAllowedNetwork(allowedNetwork: Network): Http {
    return new LimitedHttp(this.#transport, { ...this.#limits, allowedNetwork });
  }

  withServerAccess(access: ServerAccess): Http {
    return new LimitedHttp(this.#transport, { ...this.#limits, access });
  }

  networkOf(url: URL): Network {
    return this.#transport.networkOf(url);
  }

  open(target: string | URL, request: HttpRequest = {}): Promise<HttpResponse> {
    return this.#transport.open(target, { request, ...this.#limits });
  }

  fetch(target: string | URL, request: HttpRequest = {}): Promise<Response> {
    return this.#transport.fetch(target, { request, ...this.#limits });
  }

  close(): void {
    this.#transport.close();
  }
}

interface LimitedRequest extends Limits {
  readonly request: HttpRequest;
}

interface SingleRequest extends LimitedRequest {
  readonly url: URL;
  readonly signal: AbortSignal | undefined;
}

/** A checked URL, and the connections to it. */
interface Destination {
  readonly url: URL;
  readonly allowedNetwork: Network;
  readonly route: Route;
}

/** Sends requests: one for all views of a client. */
class Transport {
  readonly #connections: Connections;
  readonly #clock: Clock;
  readonly #secrets: Secrets | undefined;
  readonly #userAgent: string;
  readonly #timeout: number;
  readonly #trace: Trace | undefined;
  /**
   * Where the last request went: nearly all messages of a bridge go to one place. Without this, a request to a loopback
   * server takes 30 µs more of CPU time (of 130 to 160).
   */
  #last: Destination | undefined;
  readonly #aborts = new RequestAborts();
  /** The headers of the last request, whose secrets are noted: to note them for each message of a bridge takes 8 µs of CPU time. */
  #noted: { readonly headers: Readonly<Record<string, string>>; readonly revision: number } | undefined;

  constructor({ env, clock, userAgent, timeout = defaultTimeout, lookup, trace }: HttpOptions) {
    this.#connections = new Connections({ env, clock, lookup });
    this.#clock = clock;
    this.#secrets = env.secrets;
    this.#userAgent = userAgent;
    this.#timeout = timeout;
    this.#trace = trace;
    for (const credential of listProxyCredentials(env)) env.secrets?.add(credential);
  }

  networkOf(url: URL): Network {
    return this.#connections.networkOf(url);
  }

  close(): void {
    this.#connections.close();
  }

  open(target: string | URL, limited: LimitedRequest): Promise<HttpResponse> {
    return this.#exchange(target, limited, (response, url) => {
      this.#trace?.logResponse(url, response);
      return response;
    });
  }

  fetch(target: string | URL, limited: LimitedRequest): Promise<Response> {
    const { stream = false, maxBytes, body: sent } = limited.request;
    return this.#exchange(target, limited, async (response, url) => {
      if (stream) {
        this.#trace?.logResponse(url, response);
        return toResponse(maxBytes === undefined ? response : { ...response, body: limitBytes(response.body, { url, maxBytes }) });
      }
      const body = await readAll(limitBytes(response.body, { url, maxBytes: maxBytes ?? maxResponseBytes }));
      if (this.#secrets && sent) noteResponseSecrets(body, this.#secrets);
      this.#trace?.logResponse(url, response, body);
      return toResponse({ ...response, body });
    });
  }

  /**
   * Sends a request and follows the redirects that it allows.
   *
   * @param receive gets the response; the time limit includes what it does.
   */
  async #exchange<T>(
    target: string | URL,
    { request, allowedNetwork, access }: LimitedRequest,
    receive: (response: HttpResponse, url: URL) => Promise<T> | T,
  ): Promise<T> {
    let url = this.#parseUrl(target);
    const timeout = request.timeout ?? this.#timeout;
    const limit = startTimeLimit(timeout, { signal: request.signal ?? undefined, clock: this.#clock });
    try {
      for (let redirects = request.maxRedirects ?? 0; ; redirects -= 1) {
        const message = await this.#send({ url, request, allowedNetwork, access, signal: limit.signal });
        const next = redirects > 0 ? findRedirectTarget(message, { from: url, allowedNetwork }) : undefined;
        const response = await readHead(message, url);
        if (next === undefined) return await receive(response, url);
        this.#trace?.logResponse(url, response);
        message.destroy();
        url = next;
      }
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason;
      const failure = limit.hasPassed() ? createTimeoutError({ url, timeout }) : toNetworkError(error, url);
      this.#trace?.logFailure(url, failure);
      throw failure;
    } finally {
      limit.stop();
    }
  }

  /** Sends one request, without redirects. */
  async #send({ url, request, allowedNetwork, access, signal }: SingleRequest): Promise<IncomingMessage> {
    const { method = 'GET', body = null, encoding = 'utf8' } = request;
    const { route } = await this.#findDestination(url, allowedNetwork);
    const form = body instanceof URLSearchParams ? body : undefined;
    const headers: Record<string, string> = {
      'user-agent': this.#userAgent,
      accept: '*/*',
      'accept-encoding': acceptEncoding,
      ...(form && { 'content-type': formType }),
      ...(access?.origin === url.origin && access.headers),
      ...request.headers,
    };
    if (this.#secrets) this.#noteHeaders(headers, this.#secrets);
    if (this.#secrets && form) noteFormSecrets(form, this.#secrets);
    this.#trace?.logRequest(url, { method, headers, body });
    signal?.throwIfAborted();
    const text = form ? form.toString() : (body as string | null);
    const { certificate } = access ?? {};
    const abort = { signal, isSignalReused: isReused(signal, request), aborts: this.#aborts };
    return sendRequest({ url, method, headers, route, body: text, encoding, certificate, ...abort });
  }

  #noteHeaders(headers: Readonly<Record<string, string>>, secrets: Secrets): void {
    const noted = this.#noted;
    // A value that was noted since may have taken the place of the oldest one.
    if (noted?.revision === secrets.revision && Object.keys(headers).every((name) => headers[name] === noted.headers[name])) return;
    noteHeaderSecrets(headers, secrets);
    this.#noted = { headers, revision: secrets.revision };
  }

  /** @throws AuthError `url_refused` */
  #parseUrl(target: string | URL): URL {
    const text = String(target);
    return this.#last?.url.href === text ? this.#last.url : parseSafeUrl(text, { what: 'The requested URL' });
  }

  /** @throws AuthError `address_refused`; `network_error` if the proxy settings are not usable. */
  async #findDestination(url: URL, allowedNetwork: Network): Promise<Destination> {
    if (this.#last?.url.href === url.href && this.#last.allowedNetwork === allowedNetwork) return this.#last;
    const address = findIpAddress(url);
    if (address !== undefined) checkAddress(address, { what: url.host, allowedNetwork });
    this.#secrets?.addUrl(url.href);
    const route = await this.#connections.findRoute(url, allowedNetwork);
    return (this.#last = { url, allowedNetwork, route });
  }
}

/** Whether a signal is the caller's, who uses it again. A time limit makes a new one for each request. */
function isReused(signal: AbortSignal | undefined, request: HttpRequest): boolean {
  return request.isSignalReused === true && signal === request.signal;
}

interface TimeLimit {
  /** Aborts when the time has passed, or when the caller's signal aborts. */
  readonly signal: AbortSignal | undefined;
  hasPassed(): boolean;
  stop(): void;
}

/** @param timeout in milliseconds; 0 is no limit. */
function startTimeLimit(timeout: number, { signal, clock }: { signal: AbortSignal | undefined; clock: Clock }): TimeLimit {
  if (timeout === 0) return { signal, hasPassed: () => false, stop: () => undefined };
  const deadline = new AbortController();
  // A process that was stopped for longer than the limit, as by a debugger or a paused container, first reads what has arrived in the
  // meantime: a response with a rotated refresh token would be lost.
  const stop = clock.alarm(timeout, () => void setImmediate(() => deadline.abort()));
  const both = signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal;
  return { signal: both, hasPassed: () => deadline.signal.aborted, stop };
}

/**
 * The URL of a redirect; undefined if the response is not a redirect.
 *
 * @throws AuthError `url_refused`, `address_refused` if requests may not go there.
 */
function findRedirectTarget(
  { headers: { location }, statusCode = 0 }: IncomingMessage,
  { from, allowedNetwork }: { from: URL; allowedNetwork: Network },
): URL | undefined {
  if (!redirectStatuses.has(statusCode) || location === undefined || !URL.canParse(location, from.href)) return undefined;
  const to = parseAllowedUrl(new URL(location, from).href, { what: `The redirect target of ${from.host}`, allowedNetwork });
  if (from.protocol === 'https:' && to.protocol !== 'https:') {
    throw new AuthError('url_refused', `${from.host} redirects from https to plain http (${quote(to.host)}).`);
  }
  return to;
}

/** @throws AuthError `response_invalid` */
async function readHead(message: IncomingMessage, url: URL): Promise<HttpResponse> {
  const { statusCode: status = 0, headers } = message;
  const body = headers['content-encoding'] === undefined ? message : await decodeBody(message);
  if (status >= 200 && status < 600 && body !== undefined) return { status, headers: headers as HttpResponse['headers'], body };
  message.destroy();
  const what = body === undefined ? 'an unsupported Content-Encoding' : `an invalid HTTP status (${status})`;
  throw new AuthError('response_invalid', `${url.host} sent ${what}.`);
}

async function readAll(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Passes `maxBytes` bytes on, and fails with `response_invalid` at the next one. */
function limitBytes(body: Readable, { url, maxBytes }: { url: URL; maxBytes: number }): Readable {
  let remaining = maxBytes;
  const limit = new Transform({
    transform: (chunk: Buffer, _, done) => {
      remaining -= chunk.byteLength;
      if (remaining >= 0) done(null, chunk);
      else done(new AuthError('response_invalid', `The response of ${url.host} is larger than ${maxBytes / 1024 / 1024} MiB.`));
    },
  });
  return pipeline(body, limit, () => undefined);
}
