/** What went wrong on the way to a server, as errors of ours. */
import { AuthError } from '../errors.js';

/** @param timeout in milliseconds. */
export function timedOut({ url, timeout }: { url: URL; timeout: number }): AuthError {
  return new AuthError('request_timed_out', `${url.host} did not answer within ${timeout / 1000} seconds.`, {
    hint: 'Try again; if it stays so, see whether this machine reaches the server at all.',
  });
}

/** Node's errors, told by their codes: their words, and what hangs on them, may hold what was sent, or came. */
export function networkError(error: unknown, url: URL): AuthError {
  // What our own connections refuse comes as it is.
  if (error instanceof AuthError) return error;
  const code = codeOf(error);
  return new AuthError('network_error', `${url.host} could not be reached: ${sentenceFor(code)}.`, { hint: hintFor(code) });
}

/** The same, of a server that only a proxy could have reached. */
export function proxyError(error: unknown, { host, proxy }: { host: string; proxy: URL }): AuthError {
  if (error instanceof AuthError) return error;
  // The agents' own errors have no codes.
  const what = codeOf(error) === 'UNKNOWN' ? 'it closed the connection' : sentenceFor(codeOf(error));
  return new AuthError('network_error', `${host} could not be reached through the proxy ${proxy.host}: ${what}.`, { hint: proxyHint });
}

/** @param status with which the proxy has answered CONNECT. */
export function proxyRefusal(proxy: URL, status: number): AuthError {
  const wantsPassword = status === 407;
  return new AuthError('network_error', `The proxy ${proxy.host} does not let us through (status ${status}).`, {
    hint: wantsPassword ? 'It wants a password: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT.' : proxyHint,
  });
}

const proxyHint = 'See HTTPS_PROXY, ALL_PROXY and NO_PROXY.';

/** Several attempts at one name end in an AggregateError. */
function codeOf(error: unknown): string {
  const { code, errors } = error as NodeJS.ErrnoException & { errors?: unknown[] };
  if (typeof code === 'string') return code;
  return Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : 'UNKNOWN';
}

const sentences: Record<string, string> = {
  ENOTFOUND: 'no such host is known',
  EAI_AGAIN: 'the name service did not answer',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  ETIMEDOUT: 'it did not answer',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  HPE_HEADER_OVERFLOW: 'its answer has more headers than any that means well',
  HPE_INVALID_EOF_STATE: 'its answer was cut off',
  Z_DATA_ERROR: 'its answer cannot be decompressed',
  Z_BUF_ERROR: 'its answer was cut off',
};

function sentenceFor(code: string): string {
  if (isCertificateCode(code)) return `its certificate is not trusted (${code})`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return 'it does not speak TLS, which https needs';
  const sentence = sentences[code];
  if (sentence === undefined && code.startsWith('HPE_')) return 'it does not speak HTTP';
  return sentence ?? (code === 'UNKNOWN' ? 'the connection failed' : `the connection failed (${code})`);
}

function hintFor(code: string): string {
  if (isCertificateCode(code)) return 'Behind a company proxy, set NODE_EXTRA_CA_CERTS to the file with its certificate.';
  return 'See whether the address is right and whether this machine needs a proxy (HTTPS_PROXY).';
}

function isCertificateCode(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/.test(code);
}
