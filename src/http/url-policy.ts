/**
 * Which URLs this program talks to, prints or opens: https, or http where the host is this very machine.
 * MCP authorization 2025-11-25, "Communication Security"; RFC 8252 section 7.3 for loopback.
 */
import { isIP } from 'node:net';
import { AuthError, type ErrorCode } from '../errors.js';
import { quote } from '../text/server-text.js';
import { classifyAddress } from './address-ranges.js';
import { isNetworkAllowed } from './allowed-network.js';
import type { Network } from '../effects.js';

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
  const refuse = (why: string, shown = value) => new AuthError(code, `${what}, ${quote(shown)}, ${why}.`, { hint });
  if (typeof value !== 'string' || !URL.canParse(value)) throw refuse('is not a URL');
  const url = new URL(value);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('is not an http(s) URL');
  if (url.username !== '' || url.password !== '') throw refuse('holds a user name or password', `${url.protocol}//…@${url.host}`);
  if (!hostName.test(url.hostname) && !ipv6.test(url.hostname)) throw refuse('has a host that is no host name');
  if (url.protocol === 'http:' && !isLoopbackUrl(url)) throw refuse('is plain http, which anybody on the way can read');
  return url;
}

/**
 * Parses a URL that a server named, which may not lead into a more private network than its own: what listens there may
 * trust whoever asks. A name is told from its text here, and by what it leads to when it is connected to.
 *
 * @param reach the network of the server that named it.
 * @throws AuthError `url_refused`, `address_refused`.
 */
export function parseAllowedUrl(value: unknown, { what, reach }: { what: string; reach: Network }): URL {
  const url = parseSafeUrl(value, { what });
  const address = findIpAddress(url);
  if (address !== undefined) checkAddress(address, { what: `${what}, ${quote(url.href)},`, reach });
  return url;
}

/** Whether the URL's host is this machine: `localhost`, 127.0.0.0/8 or `[::1]`. A name below `localhost` may be anybody's. */
export function isLoopbackUrl(url: URL): boolean {
  const { hostname } = url;
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** The IP address that a URL's host is by itself; undefined for a name. */
export function findIpAddress({ hostname }: URL): string | undefined {
  if (hostname === 'localhost') return '127.0.0.1';
  const bare = hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) === 0 ? undefined : bare;
}

/**
 * @param what is the subject of the error's sentence.
 * @throws AuthError `address_refused` for an address that is more private than `reach`, or that nobody asks.
 */
export function checkAddress(address: string, { what, reach }: { what: string; reach: Network }): void {
  const network = classifyAddress(address);
  if (isNetworkAllowed(network, reach)) return;
  if (network === undefined) {
    throw new AuthError(
      'address_refused',
      `${what} leads to ${address}, where no server for logins is: link-local, a cloud’s metadata service, or reserved.`,
    );
  }
  const where = network === 'loopback' ? 'on this machine' : 'in a private network';
  throw new AuthError('address_refused', `${what} leads to ${address}, ${where}, where the MCP server that it comes from is not.`, {
    hint: 'If that is as it should be, log in with --allow-private-network.',
  });
}
