/**
 * Which URLs this program talks to, prints or opens: https, or http where the host is this very machine.
 * MCP authorization 2025-11-25, "Communication Security"; RFC 8252 section 7.3 for loopback.
 */
import { AuthError, type ErrorCode } from '../errors.js';
import { quoted } from '../server-text.js';

/** A DNS name or an IPv4 address. The WHATWG parser lets `a$(calc).example` through, which has no business in a host. */
const hostName = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.?$/i;
const ipv6 = /^\[[0-9a-f:.]+\]$/i;

/**
 * Parses a URL that somebody else chose.
 *
 * @param what names it in the error, as "the token endpoint".
 * @throws AuthError `url_refused` (or `code`) unless it is https, or http to loopback, without user information.
 */
export function parseSafeUrl(value: unknown, { what, code = 'url_refused', hint }: { what: string; code?: ErrorCode; hint?: string }): URL {
  const refuse = (why: string, shown = value) => new AuthError(code, `${what}, ${quoted(shown)}, ${why}.`, { hint });
  if (typeof value !== 'string' || !URL.canParse(value)) throw refuse('is not a URL');
  const url = new URL(value);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('is not an http(s) URL');
  if (url.username !== '' || url.password !== '') throw refuse('holds a user name or password', `${url.protocol}//…@${url.host}`);
  if (!hostName.test(url.hostname) && !ipv6.test(url.hostname)) throw refuse('has a host that is no host name');
  if (url.protocol === 'http:' && !isLoopback(url)) throw refuse('is plain http, which anybody on the way can read');
  return url;
}

/**
 * Parses a URL that a server named. A server elsewhere has no business on this machine: what listens here may trust
 * whoever asks.
 *
 * @param from the server that named it.
 * @throws AuthError `url_refused`.
 */
export function parseReachableUrl(value: unknown, { what, from }: { what: string; from: URL }): URL {
  const url = parseSafeUrl(value, { what });
  if (!isLoopback(url) || isLoopback(from)) return url;
  throw new AuthError('url_refused', `${what}, ${quoted(value)}, is on this machine, while ${from.host}, which names it, is not.`);
}

/** Whether the URL's host is this machine: `localhost`, 127.0.0.0/8 or `[::1]`. A name below `localhost` may be anybody's. */
export function isLoopback(url: URL): boolean {
  const { hostname } = url;
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
