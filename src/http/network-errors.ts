/** Turns failures between this machine and a server into AuthErrors. */
import { AuthError } from '../errors.js';
import { describeSocksFailure, findSystemCode } from './socks-errors.js';
import { describeTlsFailure, findTlsReason, type FailureText } from './tls-errors.js';

/** @param timeout in milliseconds. */
export function createTimeoutError({ url, timeout }: { url: URL; timeout: number }): AuthError {
  return new AuthError('request_timed_out', `${url.host} did not respond within ${timeout / 1000} seconds.`, {
    hint: 'Try again. If it happens again, check whether this machine can connect to the server at all.',
  });
}

/** Describes Node's errors by their codes only: their messages and other members may contain what was sent or received. */
export function toNetworkError(error: unknown, url: URL): AuthError {
  // An error of our own, as of a refused address.
  if (error instanceof AuthError) return error;
  const { sentence, hint = addressHint } = describeFailure(error);
  return new AuthError('network_error', `${url.host} could not be reached: ${sentence}.`, { hint });
}

/** As `toNetworkError`, for a failure of the proxy or between this machine and the proxy. */
export function toProxyError(error: unknown, { host, proxy }: { host: string; proxy: URL }): AuthError {
  if (error instanceof AuthError) return error;
  // The proxy agents' own errors have no codes.
  const isAgentError = findCode(error) === 'UNKNOWN';
  const closed: FailureText = { sentence: 'connection closed' };
  const { sentence, hint = proxyHint } = isAgentError ? (describeSocksFailure(error as Error) ?? closed) : describeFailure(error);
  return new AuthError('network_error', `${host} could not be reached through the proxy ${proxy.host}: ${sentence}.`, { hint });
}

/** @param status of the proxy's response to CONNECT. */
export function createProxyRefusal(proxy: URL, status: number): AuthError {
  const wantsPassword = status === 407;
  return new AuthError('network_error', `The proxy ${proxy.host} refused the connection (status ${status}).`, {
    hint: wantsPassword ? 'It requires a password: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT.' : proxyHint,
  });
}

const addressHint = 'Check the URL, and whether this machine needs a proxy (HTTPS_PROXY).';
const proxyHint = 'Check HTTPS_PROXY, ALL_PROXY and NO_PROXY.';

/** If several addresses of a name fail, the error is an AggregateError: the first of them is described. */
function findFirstError(error: unknown): unknown {
  const { code, errors } = error as NodeJS.ErrnoException & { errors?: unknown[] };
  return typeof code !== 'string' && Array.isArray(errors) && errors.length > 0 ? findFirstError(errors[0]) : error;
}

function findCode(error: unknown): string {
  const first = findFirstError(error) as NodeJS.ErrnoException;
  return findTlsReason(first) ?? (typeof first.code === 'string' ? first.code : (findSystemCode(first) ?? 'UNKNOWN'));
}

const sentences: Record<string, string> = {
  ENOTFOUND: 'host not found (DNS)',
  EAI_AGAIN: 'host not found (DNS server did not respond)',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection closed',
  EPIPE: 'connection closed',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network unreachable',
  HPE_HEADER_OVERFLOW: 'the response headers are too large',
  HPE_INVALID_EOF_STATE: 'the response was cut off',
  Z_DATA_ERROR: 'the response cannot be decompressed',
  Z_BUF_ERROR: 'the response was cut off',
};

/** Describes a failure of a connection, by its code only. It has a hint if it is one of TLS. */
export function describeFailure(error: unknown): FailureText {
  const code = findCode(error);
  const sentence = sentences[code];
  if (sentence !== undefined) return { sentence };
  if (code.startsWith('HPE_')) return { sentence: 'the response is not HTTP' };
  const unknown = code === 'UNKNOWN' ? 'connection failed' : `connection failed (${code})`;
  return describeTlsFailure(code, findFirstError(error)) ?? { sentence: unknown };
}
