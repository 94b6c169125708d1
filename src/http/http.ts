import type { Dispatcher, Response as UndiciResponse } from 'undici';
import type { Env, Http, HttpRequest } from '../context.js';
import { AuthError } from '../errors.js';
import { parseReachableUrl, parseSafeUrl } from './url-policy.js';

const defaultTimeout = 30_000;
/** Milliseconds that a connection may take to be made. */
const connectTimeout = 10_000;
/** Bytes, after decompression. */
const largestBody = 1024 * 1024;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

interface Options {
  readonly env: Env;
  readonly userAgent: string;
  /** Milliseconds from the first byte sent to the last byte received; for a stream, to the end of the head. */
  readonly timeout?: number;
}

/** The program's one way to the network: URL policy, time-outs, size limits, redirects and proxies in one place. */
export function createHttp({ env, userAgent, timeout = defaultTimeout }: Options): Http {
  let dispatcher: Dispatcher | undefined;

  /** One request and no redirect. undici takes long to load, and a fresh token never needs it. */
  async function send(url: URL, { method = 'GET', headers, body = null }: HttpRequest, signal: AbortSignal): Promise<UndiciResponse> {
    const undici = await import('undici');
    dispatcher ??= new undici.EnvHttpProxyAgent({
      ...proxies(env),
      connect: { timeout: connectTimeout },
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const init = { method, headers: { 'user-agent': userAgent, ...headers }, body, redirect: 'manual', signal, dispatcher } as const;
    return undici.fetch(url.href, init);
  }

  return {
    fetch: async (target, request = {}) => {
      let url = parseSafeUrl(String(target), { what: 'The address' });
      const deadline = new AbortController();
      const limit = request.timeout ?? timeout;
      const timer = limit === 0 ? undefined : setTimeout(() => deadline.abort(), limit);
      const signal = request.signal ? AbortSignal.any([request.signal, deadline.signal]) : deadline.signal;
      try {
        for (let left = request.redirects ?? 0; ; left -= 1) {
          const response = await send(url, request, signal);
          const next = left > 0 ? redirectTarget(response, url) : undefined;
          if (next === undefined) return await received(response, { url, stream: request.stream ?? false });
          await response.body?.cancel();
          url = next;
        }
      } catch (error) {
        if (request.signal?.aborted) throw request.signal.reason;
        if (deadline.signal.aborted) throw timedOut(error, { url, timeout: limit });
        throw networkError(error, url);
      } finally {
        clearTimeout(timer);
      }
    },
    close: async () => {
      await dispatcher?.destroy();
      dispatcher = undefined;
    },
  };
}

/** The same names curl reads. This machine itself is never asked for through a proxy. */
function proxies({ variables }: Env) {
  const read = (name: string) => variables[name.toLowerCase()] ?? variables[name] ?? '';
  return {
    httpProxy: read('HTTP_PROXY'),
    httpsProxy: read('HTTPS_PROXY') || read('ALL_PROXY'),
    noProxy: [read('NO_PROXY'), 'localhost', '127.0.0.1', '::1'].filter(Boolean).join(','),
  };
}

function redirectTarget(response: UndiciResponse, from: URL): URL | undefined {
  const location = response.headers.get('location');
  if (!redirectStatuses.has(response.status) || location === null || !URL.canParse(location, from.href)) return undefined;
  const to = parseReachableUrl(new URL(location, from).href, { what: `The address that ${from.host} redirects to`, from });
  if (from.protocol === 'https:' && to.protocol !== 'https:') {
    throw new AuthError('url_refused', `${from.host} redirects from https to plain http.`);
  }
  return to;
}

/** The response as one of the platform's own, its body read and bounded unless it is to be streamed. */
async function received(response: UndiciResponse, { url, stream }: { url: URL; stream: boolean }): Promise<Response> {
  const { status } = response;
  const init = { status, headers: [...response.headers] as [string, string][] };
  if (status === 204 || status === 205 || status === 304 || response.body === null) return new Response(null, init);
  if (stream) return new Response(response.body, init);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > largestBody) throw new AuthError('response_invalid', `${url.host} answered with more than 1 MiB.`);
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), init);
}

function timedOut(cause: unknown, { url, timeout }: { url: URL; timeout: number }): AuthError {
  return new AuthError('request_timed_out', `${url.host} did not answer within ${timeout / 1000} seconds.`, {
    hint: 'Try again; if it stays so, see whether this machine reaches the server at all.',
    cause,
  });
}

function networkError(error: unknown, url: URL): AuthError {
  if (error instanceof AuthError) return error;
  const code = causeCode(error);
  return new AuthError('network_error', `${url.host} could not be reached: ${sentenceFor(code)}.`, { hint: hintFor(code), cause: error });
}

/** undici wraps the socket's error in a TypeError, and several of them in an AggregateError. */
function causeCode(error: unknown): string {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code, errors } = one as NodeJS.ErrnoException & { errors?: unknown[] };
    if (typeof code === 'string') return code;
    if (Array.isArray(errors) && errors.length > 0) return causeCode(errors[0]);
  }
  return 'UNKNOWN';
}

const sentences: Record<string, string> = {
  ENOTFOUND: 'no such host is known',
  EAI_AGAIN: 'the name service did not answer',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection',
  UND_ERR_SOCKET: 'it closed the connection',
  UND_ERR_CONNECT_TIMEOUT: 'it did not answer',
  ETIMEDOUT: 'it did not answer',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
};

function sentenceFor(code: string): string {
  if (isCertificateCode(code)) return `its certificate is not trusted (${code})`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return 'it does not speak TLS, which https needs';
  return sentences[code] ?? (code === 'UNKNOWN' ? 'the connection failed' : `the connection failed (${code})`);
}

function hintFor(code: string): string {
  if (isCertificateCode(code)) return 'Behind a company proxy, set NODE_EXTRA_CA_CERTS to the file with its certificate.';
  return 'See whether the address is right and whether this machine needs a proxy (HTTPS_PROXY).';
}

function isCertificateCode(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/.test(code);
}
