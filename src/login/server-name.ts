import { AuthError } from '../errors.js';
import { isLoopback, parseSafeUrl } from '../http/url-policy.js';
import { serverName } from '../store/document.js';
import { firstFree } from '../store/fitted-name.js';

/** First labels of a host that say what it serves, not whose it is. */
const generic = new Set(['mcp', 'www', 'api', 'app', 'server', 'remote']);

/** @throws AuthError `usage` for a name that other readers of the store would refuse. */
export function checkServerName(name: string): string {
  if (serverName.test(name)) return name;
  throw new AuthError(
    'usage',
    `A server's name is made of letters, digits, “-” and “_”, 128 at most, and ${JSON.stringify(name)} cannot be one.`,
  );
}

/**
 * A server's URL as it was written, but for a fragment, which is never sent and no part of a resource's name (RFC 8707
 * section 2).
 *
 * @throws AuthError `usage` unless it is https, or http on this machine.
 */
export function checkServerUrl(url: string): string {
  parseSafeUrl(url, { what: 'The server’s URL', code: 'usage', hint: 'It begins with https://, or with http:// on this machine.' });
  const bare = url.replace(/#[^]*$/, '');
  // Letters of other scripts look like those of this one: whoever reads the host has to see which it is.
  return /[^\x21-\x7e]/.test(bare) ? new URL(bare).href : bare;
}

/**
 * A short name from a server's host: `https://mcp.linear.app/mcp` is `linear`. A number is added to a name that is in
 * `taken`.
 */
export function nameFromUrl(url: URL, taken: readonly string[]): string {
  const name = shortName(url).replace(/[^A-Za-z0-9_-]/g, '-');
  const all = new Set(taken);
  return firstFree(name, (one) => all.has(one));
}

function shortName(url: URL): string {
  if (isLoopback(url)) return ['localhost', url.port].filter(Boolean).join('-');
  const host = url.hostname.replace(/^\[|\]$|\.$/g, '');
  if (/^[\d.]+$/.test(host) || host.includes(':')) return host;
  const labels = host.split('.');
  // A short label before a country's may belong to the suffix (example.co.uk) or not (mcp.exa.ai).
  const inSuffix = labels.length > 2 && labels.at(-1)?.length === 2 && (labels.at(-2)?.length ?? 0) <= 3 ? 2 : 1;
  const owned = labels.slice(0, -inSuffix).at(-1);
  return owned === undefined || generic.has(owned) ? (labels.find((label) => !generic.has(label)) ?? host) : owned;
}
