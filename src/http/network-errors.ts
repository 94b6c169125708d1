/** What went wrong on the way to a server, as errors of ours. */
import { AuthError } from '../errors.js';

/** @param timeout in milliseconds. */
export function timedOut({ url, timeout }: { url: URL; timeout: number }): AuthError {
  return new AuthError('request_timed_out', `${url.host} did not answer within ${timeout / 1000} seconds.`, {
    hint: 'Try again; if it stays so, see whether this machine reaches the server at all.',
  });
}

/** undici's errors, told by their codes: their words, and what hangs on them, may hold what was sent, or came. */
export function networkError(error: unknown, url: URL): AuthError {
  // What our own connections refuse comes wrapped.
  for (let one = error; one instanceof Error; one = one.cause) if (one instanceof AuthError) return one;
  const code = causeCode(error);
  return new AuthError('network_error', `${url.host} could not be reached: ${sentenceFor(code)}.`, { hint: hintFor(code) });
}

/** undici wraps the socket's error in a TypeError, and several of them in an AggregateError. */
function causeCode(error: unknown): string {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code, errors } = one as NodeJS.ErrnoException & { errors?: unknown[] };
    if (typeof code === 'string') return code;
    // undici leaves out the code of most of these.
    if (one.name === 'HTTPParserError') return 'HPE_UNKNOWN';
    if (Array.isArray(errors) && errors.length > 0) return causeCode(errors[0]);
  }
  return 'UNKNOWN';
}

const sentences: Record<string, string> = {
  ENOTFOUND: 'no such host is known',
  EAI_AGAIN: 'the name service did not answer',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection',
  PROXY_CLOSED: 'the proxy closed the connection',
  UND_ERR_SOCKET: 'it closed the connection',
  UND_ERR_CONNECT_TIMEOUT: 'it did not answer',
  ETIMEDOUT: 'it did not answer',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  UND_ERR_HEADERS_OVERFLOW: 'its answer has more headers than any that means well',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'its answer was cut off',
  Z_DATA_ERROR: 'its answer cannot be decompressed',
  Z_BUF_ERROR: 'its answer was cut off',
};

function sentenceFor(code: string): string {
  if (isCertificateCode(code)) return `its certificate is not trusted (${code})`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return 'it does not speak TLS, which https needs';
  if (code.startsWith('HPE_')) return 'it does not speak HTTP';
  return sentences[code] ?? (code === 'UNKNOWN' ? 'the connection failed' : `the connection failed (${code})`);
}

function hintFor(code: string): string {
  if (isCertificateCode(code)) return 'Behind a company proxy, set NODE_EXTRA_CA_CERTS to the file with its certificate.';
  return 'See whether the address is right and whether this machine needs a proxy (HTTPS_PROXY).';
}

function isCertificateCode(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/.test(code);
}
