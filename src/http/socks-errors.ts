/** Failures of SOCKS proxies (RFC 1928, RFC 1929), recognised by their messages: the package's errors have no codes. */
import type { FailureText } from './tls-errors.js';

const passwordHint = 'Check the user and password of the proxy: ALL_PROXY=socks5h://USER:PASSWORD@HOST:PORT.';

const failures: readonly { readonly pattern: RegExp; readonly text: FailureText }[] = [
  { pattern: /Authentication failed/, text: { sentence: 'it rejected the user and password', hint: passwordHint } },
  { pattern: /no accepted authentication type/, text: { sentence: 'it requires a user and password', hint: passwordHint } },
  {
    pattern: /invalid socks version|unknown authentication type|invalid Socks4/i,
    text: { sentence: 'it does not support this SOCKS version' },
  },
  { pattern: /- NotAllowed$/, text: { sentence: 'it does not allow connections to that host' } },
  { pattern: /- ConnectionRefused$/, text: { sentence: 'connection refused by the host' } },
  { pattern: /- HostUnreachable$/, text: { sentence: 'no route to host' } },
  { pattern: /- NetworkUnreachable$/, text: { sentence: 'network unreachable' } },
  { pattern: /- TTLExpired$|timed out$/, text: { sentence: 'connection timed out' } },
  { pattern: /rejected connection/, text: { sentence: 'it rejected the connection' } },
  // Connecting to each of several addresses of the proxy failed.
  { pattern: /^$/, text: { sentence: 'connection failed' } },
];

/** Undefined if the error is not one of a SOCKS proxy. */
export function describeSocksFailure({ message }: { readonly message?: unknown }): FailureText | undefined {
  return typeof message === 'string' ? failures.find(({ pattern }) => pattern.test(message))?.text : undefined;
}

/** Finds the system error code in a message such as “connect ECONNREFUSED 127.0.0.1:1080”. */
export function findSystemCode({ message }: { readonly message?: unknown }): string | undefined {
  return typeof message === 'string' ? /^(?:connect|getaddrinfo|read|write) (E[A-Z_]+)\b/.exec(message)?.[1] : undefined;
}
