/** Why a SOCKS proxy made no connection (RFC 1928, RFC 1929): its package has no codes, and says all in its messages. */
import type { FailureText } from './tls-errors.js';

const passwordHint = 'Correct the proxy’s user and password: ALL_PROXY=socks5h://USER:PASSWORD@HOST:PORT.';

const failures: readonly { readonly says: RegExp; readonly told: FailureText }[] = [
  { says: /Authentication failed/, told: { sentence: 'it does not accept the user and password', hint: passwordHint } },
  { says: /no accepted authentication type/, told: { sentence: 'it wants a user and password', hint: passwordHint } },
  {
    says: /invalid socks version|unknown authentication type|invalid Socks4/i,
    told: { sentence: 'it does not speak this version of SOCKS' },
  },
  { says: /- NotAllowed$/, told: { sentence: 'it does not allow that host' } },
  { says: /- ConnectionRefused$/, told: { sentence: 'connection refused by the host' } },
  { says: /- HostUnreachable$/, told: { sentence: 'it has no route to the host' } },
  { says: /- NetworkUnreachable$/, told: { sentence: 'the network of the host is unreachable for it' } },
  { says: /- TTLExpired$|timed out$/, told: { sentence: 'connection timed out' } },
  { says: /rejected connection/, told: { sentence: 'it does not connect us' } },
  // Several addresses of the proxy's name were tried, and each of them in vain.
  { says: /^$/, told: { sentence: 'the connection failed' } },
];

/** Undefined for the errors of others. */
export function describeSocksFailure({ message }: { readonly message?: unknown }): FailureText | undefined {
  return typeof message === 'string' ? failures.find(({ says }) => says.test(message))?.told : undefined;
}

/** The code of the system's error that a message repeats, as “connect ECONNREFUSED 127.0.0.1:1080”. */
export function findSystemCode({ message }: { readonly message?: unknown }): string | undefined {
  return typeof message === 'string' ? /^(?:connect|getaddrinfo|read|write) (E[A-Z_]+)\b/.exec(message)?.[1] : undefined;
}
