import type { Response as UndiciResponse } from 'undici';
import type { Clock, Env, Http, HttpRequest } from '../context.js';
import { AuthError } from '../errors.js';
import { quoted } from '../server-text.js';
import { createConnections, networkOfHost, type Lookup } from './connections.js';
import type { Network } from './networks.js';
import { networkError, timedOut } from './network-errors.js';
import type { Trace } from './trace.js';
import { addressOf, checkAddress, parseReachableUrl, parseSafeUrl } from './url-policy.js';

const defaultTimeout = 30_000;
/** Bytes, after decompression. */
const largestBody = 1024 * 1024;
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
  const connections = createConnections({ env, lookup });

  /** One request and no redirect. */
  async function send(url: URL, request: HttpRequest & { reach: Network; signal: AbortSignal }): Promise<UndiciResponse> {
    const { method = 'GET', headers, body = null, reach, signal } = request;
    const address = addressOf(url);
    if (address !== undefined) checkAddress(address, { what: url.host, reach });
    const [{ fetch }, dispatcher] = await Promise.all([import('undici'), connections.dispatcher(url, reach)]);
    const sent = { method, headers: { 'user-agent': userAgent, ...headers }, body };
    trace?.request(url, sent);
    return fetch(url.href, { ...sent, redirect: 'manual', signal, dispatcher });
  }

  const withReach = (reach: Network): Http => ({
    reach,
    within: withReach,
    networkOf: (url) => networkOfHost(url, connections),
    fetch: async (target, request = {}) => {
      let url = parseSafeUrl(String(target), { what: 'The address' });
      const deadline = new AbortController();
      const limit = request.timeout ?? timeout;
      const stop = limit === 0 ? undefined : clock.alarm(limit, () => deadline.abort());
      const signal = request.signal ? AbortSignal.any([request.signal, deadline.signal]) : deadline.signal;
      try {
        for (let left = request.redirects ?? 0; ; left -= 1) {
          const response = await send(url, { ...request, reach, signal });
          const next = left > 0 ? redirectTarget(response, { from: url, reach }) : undefined;
          if (next === undefined) return await received(response, { url, request, trace });
          trace?.response(url, response);
          await response.body?.cancel();
          url = next;
        }
      } catch (error) {
        if (request.signal?.aborted) throw request.signal.reason;
        const failure = deadline.signal.aborted ? timedOut({ url, timeout: limit }) : networkError(error, url);
        trace?.failure(url, failure);
        throw failure;
      } finally {
        stop?.();
      }
    },
    close: () => connections.close(),
  });
  return withReach('loopback');
}

function redirectTarget(response: UndiciResponse, { from, reach }: { from: URL; reach: Network }): URL | undefined {
  const location = response.headers.get('location');
  if (!redirectStatuses.has(response.status) || location === null || !URL.canParse(location, from.href)) return undefined;
  const to = parseReachableUrl(new URL(location, from).href, { what: `The address that ${from.host} redirects to`, reach });
  if (from.protocol === 'https:' && to.protocol !== 'https:') {
    throw new AuthError('url_refused', `${from.host} redirects from https to plain http, at ${quoted(to.host)}.`);
  }
  return to;
}

/** The response as one of the platform's own, its body read and bounded unless it is to be streamed. */
async function received(
  response: UndiciResponse,
  { url, request: { stream = false, largest }, trace }: { url: URL; request: HttpRequest; trace: Trace | undefined },
): Promise<Response> {
  const { status } = response;
  const init = { status, headers: [...response.headers] as [string, string][] };
  if (stream || response.body === null) trace?.response(url, response);
  if (status === 204 || status === 205 || status === 304 || response.body === null) return new Response(null, init);
  const tooLarge = () =>
    new AuthError('response_invalid', `${url.host} answered with more than ${(largest ?? largestBody) / 1024 / 1024} MiB.`);
  const body = response.body as unknown as ReadableStream<Uint8Array>;
  if (stream) return new Response(largest === undefined ? body : body.pipeThrough(bounded(largest, tooLarge)), init);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.pipeThrough(bounded(largest ?? largestBody, tooLarge))) chunks.push(chunk);
  const whole = Buffer.concat(chunks);
  trace?.response(url, response, whole);
  return new Response(whole, init);
}

/** Lets so many bytes through, and fails with the next one. */
function bounded(bytes: number, tooLarge: () => AuthError): TransformStream<Uint8Array, Uint8Array> {
  let left = bytes;
  return new TransformStream({
    transform: (chunk, controller) => {
      left -= chunk.byteLength;
      if (left < 0) throw tooLarge();
      controller.enqueue(chunk);
    },
  });
}
