/**
 * The URLs that this program connects to, prints or opens: https, or http if the host is this machine.
 * MCP authorization 2025-11-25, "Communication Security"; RFC 8252 section 7.3 for loopback.
 */
import type { Network } from '../effects.js';
import { AuthError, type ErrorCode } from '../errors.js';
import { quote } from '../text/server-text.js';
import { classifyAddress, findFamily } from './address-ranges.js';
import { isNetworkAllowed } from './allowed-network.js';

/** A DNS name or an IPv4 address. The WHATWG parser accepts hosts such as `a$(calc).example`. */
const hostName = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.?$/i;
const ipv6 = /^\[[0-9a-f:.]+\]$/i;

/**
 * Parses a URL that comes from a server, a file or the user.
 *
 * @param what is the subject of the error's sentence, as "The token endpoint".
 * @throws AuthError `url_refused` (or `code`) unless it is https, or http to this machine, without user information.
 */
export function parseSafeUrl(value: unknown, { what, code = 'url_refused', hint }: { what: string; code?: ErrorCode; hint?: string }): URL {
  const refuse = (why: string, shown = value) => new AuthError(code, `${what}, ${quote(shown)}, ${why}.`, { hint });
  if (typeof value !== 'string' || !URL.canParse(value)) throw refuse('is not a URL');
  const url = new URL(value);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('is not an http(s) URL');
  if (url.username !== '' || url.password !== '') throw refuse('contains a user name or password', `${url.protocol}//…@${url.host}`);
  if (!hostName.test(url.hostname) && !ipv6.test(url.hostname)) throw refuse('has an invalid host name');
  if (url.protocol === 'http:' && !isLoopbackUrl(url)) throw refuse('uses plain http, which others on the network can read');
  return url;
}

/**
 * Parses a URL that a server named. It must not lead into a more private network than the server's own: what listens there
 * may trust everyone who can connect to it. An IP address is checked here, a name when it is looked up (see lookup.ts).
 *
 * @param what is the subject of the error's sentence, as "The token endpoint".
 * @param allowedNetwork is the network of the server that named it.
 * @throws AuthError `url_refused`, `address_refused`.
 */
export function parseAllowedUrl(value: unknown, { what, allowedNetwork }: { what: string; allowedNetwork: Network }): URL {
  const url = parseSafeUrl(value, { what });
  const address = findIpAddress(url);
  if (address !== undefined) checkAddress(address, { what: `${what}, ${quote(url.href)},`, allowedNetwork });
  return url;
}

/** Whether the URL's host is this machine: `localhost`, 127.0.0.0/8 or `[::1]`. A name below `localhost` may resolve to any address. */
export function isLoopbackUrl(url: URL): boolean {
  const { hostname } = url;
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** The IP address in a URL, without brackets; 127.0.0.1 for `localhost`; undefined for another name. */
export function findIpAddress({ hostname }: URL): string | undefined {
  if (hostname === 'localhost') return '127.0.0.1';
  const withoutBrackets = hostname.replace(/^\[|\]$/g, '');
  return findFamily(withoutBrackets) && withoutBrackets;
}

/**
 * @param what is the subject of the error's sentence.
 * @throws AuthError `address_refused` for an address in a more private network than the allowed one, or in a range that is
 * never connected to.
 */
export function checkAddress(address: string, { what, allowedNetwork }: { what: string; allowedNetwork: Network }): void {
  const network = classifyAddress(address);
  if (isNetworkAllowed(network, allowedNetwork)) return;
  if (network === undefined) {
    const never = 'which mcp-auth never connects to (link-local, cloud metadata or reserved address)';
    throw new AuthError('address_refused', `${what} resolves to ${address}, ${never}.`);
  }
  const why =
    network === 'loopback'
      ? 'a loopback address, but the MCP server that named it is not on this machine'
      : 'a private address, but the MCP server that named it is not private';
  throw new AuthError('address_refused', `${what} resolves to ${address}, ${why}.`, {
    hint: 'If this is intended, log in with --allow-private-network.',
  });
}
