/** What went wrong on the way to a server, as errors of ours. */
import { AuthError } from '../errors.js';
import { findSystemCode, describeSocksFailure } from './socks-errors.js';
import { describeTlsFailure, findTlsReason, type FailureText } from './tls-errors.js';

/** @param timeout in milliseconds. */
export function createTimeoutError({ url, timeout }: { url: URL; timeout: number }): AuthError {
  return new AuthError('request_timed_out', `${url.host} did not answer within ${timeout / 1000} seconds.`, {
    hint: 'Try again; if it stays so, see whether this machine reaches the server at all.',
  });
}

/** Node's errors, told by their codes: their words, and what hangs on them, may hold what was sent, or came. */
export function toNetworkError(error: unknown, url: URL): AuthError {
  // What our own connections refuse comes as it is.
  if (error instanceof AuthError) return error;
  const { sentence, hint = addressHint } = tellFailure(error);
  return new AuthError('network_error', `${url.host} could not be reached: ${sentence}.`, { hint });
}

/** The same, of a server that only a proxy could have reached. */
export function toProxyError(error: unknown, { host, proxy }: { host: string; proxy: URL }): AuthError {
  if (error instanceof AuthError) return error;
  // The agents' own errors have no codes.
  const isTheirs = codeOf(error) === 'UNKNOWN';
  const closed: FailureText = { sentence: 'it closed the connection' };
  const { sentence, hint = proxyHint } = isTheirs ? (describeSocksFailure(error as Error) ?? closed) : tellFailure(error);
  return new AuthError('network_error', `${host} could not be reached through the proxy ${proxy.host}: ${sentence}.`, { hint });
}

/** @param status with which the proxy has answered CONNECT. */
export function createProxyRefusal(proxy: URL, status: number): AuthError {
  const wantsPassword = status === 407;
  return new AuthError('network_error', `The proxy ${proxy.host} does not let us through (status ${status}).`, {
    hint: wantsPassword ? 'It wants a password: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT.' : proxyHint,
  });
}

const addressHint = 'See whether the address is right and whether this machine needs a proxy (HTTPS_PROXY).';
const proxyHint = 'See HTTPS_PROXY, ALL_PROXY and NO_PROXY.';

/** Several attempts at one name end in an AggregateError: the first of them is told. */
function firstOf(error: unknown): unknown {
  const { code, errors } = error as NodeJS.ErrnoException & { errors?: unknown[] };
  return typeof code !== 'string' && Array.isArray(errors) && errors.length > 0 ? firstOf(errors[0]) : error;
}

function codeOf(error: unknown): string {
  const first = firstOf(error) as NodeJS.ErrnoException;
  return findTlsReason(first) ?? (typeof first.code === 'string' ? first.code : (findSystemCode(first) ?? 'UNKNOWN'));
}

const sentences: Record<string, string> = {
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host not found: the name service did not answer',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network unreachable',
  HPE_HEADER_OVERFLOW: 'its answer has more headers than any that means well',
  HPE_INVALID_EOF_STATE: 'its answer was cut off',
  Z_DATA_ERROR: 'its answer cannot be decompressed',
  Z_BUF_ERROR: 'its answer was cut off',
};

function tellFailure(error: unknown): FailureText {
  const code = codeOf(error);
  const sentence = sentences[code];
  if (sentence !== undefined) return { sentence };
  if (code.startsWith('HPE_')) return { sentence: 'it does not speak HTTP' };
  return (
    describeTlsFailure(code, firstOf(error)) ?? {
      sentence: code === 'UNKNOWN' ? 'the connection failed' : `the connection failed (${code})`,
    }
  );
}
