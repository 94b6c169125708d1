import type { IncomingMessage } from 'node:http';
import { pipeline, Transform, type Readable } from 'node:stream';
import type { Clock, Env, Http, HttpRequest, HttpResponse, Network, ServerAccess } from '../effects.js';
import { AuthError } from '../errors.js';
import { quote } from '../text/server-text.js';
import { createConnections, findNetworkOfHost, type Route } from './connections.js';
import { acceptEncoding, decodeBody } from './decoding.js';
import type { DnsLookup } from './lookup.js';
import { toNetworkError, createTimeoutError } from './network-errors.js';
import { sendRequest } from './send-request.js';
import { listProxyCredentials } from './proxies.js';
import { noteFormSecrets, noteResponseSecrets, noteRequestSecrets } from './secret-fields.js';
import type { Trace } from './trace.js';
import { toResponse } from './web-response.js';
import { findIpAddress, checkAddress, parseAllowedUrl, parseSafeUrl } from './url-policy.js';

const defaultTimeout = 30_000;
/** Bytes, after decompression. */
const largestBody = 1024 * 1024;
/** Where requests may go, and what they carry. */
interface Limits {
  /** How private an address may be. */
  readonly reach: Network;
  readonly access: ServerAccess | undefined;
}

interface Question extends Limits {
  readonly target: string | URL;
  readonly request: HttpRequest;
}

interface Sending extends Limits {
  readonly url: URL;
  readonly request: HttpRequest;
  readonly signal: AbortSignal | undefined;
}

/** What has to be known before anything can be sent. */
interface Prepared extends Limits {
  readonly url: URL;
  /** The headers as they were asked for, and with those that are always sent. */
  readonly given: HttpRequest['headers'];
  readonly headers: Record<string, string>;
  readonly route: Route;
}

const formType = 'application/x-www-form-urlencoded;charset=UTF-8';
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

export interface HttpOptions {
  readonly env: Env;
  readonly clock: Clock;
  readonly userAgent: string;
  /** Milliseconds from the first byte sent to the last byte received; for a stream, to the end of the head. */
  readonly timeout?: number;
  /** The name service, where it is not the machine's own. */
  readonly lookup?: DnsLookup;
  /** Is told of every request and its answer, without what is secret in them. */
  readonly trace?: Trace;
}

/** The program's one way to the network: URL policy, addresses, time-outs, size limits, redirects and proxies in one place. */
export function createHttp({ env, clock, userAgent, timeout = defaultTimeout, lookup, trace }: HttpOptions): Http {
  const connections = createConnections({ env, clock, lookup });
  for (const credential of listProxyCredentials(env)) env.secrets?.add(credential);

  /** The last one that was made: nearly all messages of a bridge go to the same place with the same headers. */
  let last: Prepared | undefined;
  async function prepare({ url, reach, access, given }: Omit<Prepared, 'headers' | 'route'>): Promise<Prepared> {
    const address = findIpAddress(url);
    if (address !== undefined) checkAddress(address, { what: url.host, reach });
    const wanted = access?.origin === url.origin ? access.headers : {};
    const headers = { 'user-agent': userAgent, accept: '*/*', 'accept-encoding': acceptEncoding, ...wanted, ...given };
    if (env.secrets) noteRequestSecrets({ url, headers }, env.secrets);
    return (last = { url, reach, access, given, headers, route: await connections.route(url, reach) });
  }

  /** One request and no redirect. */
  async function send({ url, request, reach, access, signal }: Sending): Promise<IncomingMessage> {
    const { method = 'GET', body: given = null, encoding = 'utf8' } = request;
    const isSame = last?.url === url && last.reach === reach && last.access === access && last.given === request.headers;
    const prepared = last !== undefined && isSame ? last : await prepare({ url, reach, access, given: request.headers });
    const isForm = given instanceof URLSearchParams;
    if (isForm && env.secrets) noteFormSecrets(given, env.secrets);
    const headers = isForm ? { 'content-type': formType, ...prepared.headers } : prepared.headers;
    trace?.logRequest(url, { method, headers, body: given });
    signal?.throwIfAborted();
    const body = isForm ? given.toString() : given;
    return sendRequest({ url, method, headers, route: prepared.route, body, encoding, signal, certificate: access?.certificate });
  }

  const safeUrl = (target: string | URL): URL => {
    const text = String(target);
    return last?.url.href === text ? last.url : parseSafeUrl(text, { what: 'The address' });
  };

  /** @param receive has the rest of the time for what it makes of the answer. */
  async function exchange<T>(
    { target, request, reach, access }: Question,
    receive: (answer: HttpResponse, url: URL) => Promise<T> | T,
  ): Promise<T> {
    let url = safeUrl(target);
    const limit = request.timeout ?? timeout;
    const deadline = limit === 0 ? undefined : new AbortController();
    const stop = deadline && clock.alarm(limit, () => deadline.abort());
    const own = request.signal ?? undefined;
    const signal = own && deadline ? AbortSignal.any([own, deadline.signal]) : (own ?? deadline?.signal);
    try {
      for (let left = request.maxRedirects ?? 0; ; left -= 1) {
        const message = await send({ url, request, reach, access, signal });
        const next = left > 0 ? redirectTarget(message, { from: url, reach }) : undefined;
        if (next === undefined) return await receive(await answerOf(message, url), url);
        trace?.logResponse(url, await answerOf(message, url));
        message.destroy();
        url = next;
      }
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason;
      const failure = deadline?.signal.aborted ? createTimeoutError({ url, timeout: limit }) : toNetworkError(error, url);
      trace?.logFailure(url, failure);
      throw failure;
    } finally {
      stop?.();
    }
  }

  const limitedTo = ({ reach, access }: Limits): Http => ({
    allowedNetwork: reach,
    withAllowedNetwork: (to) => limitedTo({ reach: to, access }),
    withServerAccess: (server) => limitedTo({ reach, access: server }),
    networkOf: (url) => findNetworkOfHost(url, connections),
    open: (target, request = {}) =>
      exchange({ target, request, reach, access }, (answer, url) => {
        trace?.logResponse(url, answer);
        return answer;
      }),
    fetch: (target, request = {}) =>
      exchange({ target, request, reach, access }, async (answer, url) => {
        const { stream = false, maxBytes: largest } = request;
        if (stream) trace?.logResponse(url, answer);
        if (stream) return toResponse(largest === undefined ? answer : { ...answer, body: limited(answer.body, { url, largest }) });
        const body = await readAll(limited(answer.body, { url, largest: largest ?? largestBody }));
        if (env.secrets && request.body) noteResponseSecrets(body, env.secrets);
        trace?.logResponse(url, answer, body);
        return toResponse({ ...answer, body });
      }),
    close: () => connections.close(),
  });
  return limitedTo({ reach: 'loopback', access: undefined });
}

function redirectTarget(message: IncomingMessage, { from, reach }: { from: URL; reach: Network }): URL | undefined {
  const { location } = message.headers;
  if (!redirectStatuses.has(message.statusCode ?? 0) || location === undefined || !URL.canParse(location, from.href)) return undefined;
  const to = parseAllowedUrl(new URL(location, from).href, { what: `The address that ${from.host} redirects to`, reach });
  if (from.protocol === 'https:' && to.protocol !== 'https:') {
    throw new AuthError('url_refused', `${from.host} redirects from https to plain http, at ${quote(to.host)}.`);
  }
  return to;
}

async function answerOf(message: IncomingMessage, url: URL): Promise<HttpResponse> {
  const { statusCode: status = 0, headers } = message;
  const body = message.headers['content-encoding'] === undefined ? message : await decodeBody(message);
  if (status >= 200 && status < 600 && body !== undefined) return { status, headers: headers as HttpResponse['headers'], body };
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
