import { AuthError } from '../errors.js';
import { isLoopbackUrl, parseSafeUrl } from '../http/url-policy.js';
import { hasUnprintable, quote } from '../text/server-text.js';
import { findFreeName, isUsableName } from '../store/usable-name.js';

/** First labels of a host that say what it serves, not whose it is. */
const generic = new Set(['mcp', 'www', 'api', 'app', 'server', 'remote']);

/** @throws AuthError `usage` for a name that other readers of the store would refuse, or take for an option. */
export function checkServerName(name: string): string {
  if (isUsableName(name)) return name;
  throw new AuthError(
    'usage',
    `A server's name is made of letters, digits, “-” and “_”, 128 at most, does not begin with “-”, and ${quote(name)} cannot be one.`,
  );
}

/**
 * A server's URL in the form in which it is used, so that what is shown is what is asked; but for a slash after the host, which
 * stays as it was written, and a fragment, which is never sent and no part of a resource's name (RFC 8707 section 2).
 *
 * @throws AuthError `usage` unless it is https, or http on this machine; and for characters that are not seen.
 */
export function checkServerUrl(url: string): string {
  const written = url.replace(/#[^]*$/, '').trim();
  parseSafeUrl(written, { what: 'The server’s URL', code: 'usage', hint: 'It begins with https://, or with http:// on this machine.' });
  if (hasUnprintable(written)) {
    throw new AuthError('usage', `The server’s URL, ${quote(written)}, has characters in it that are not seen.`, {
      hint: 'Type it anew: they may have come along when it was copied.',
    });
  }
  const { href } = new URL(written);
  return href === `${written}/` ? written : href;
}

/**
 * A short name from a server's host: `https://mcp.linear.app/mcp` is `linear`. A number is added to a name that is in
 * `taken`.
 */
export function deriveServerName(url: URL, taken: readonly string[]): string {
  const name = shortName(url).replace(/[^A-Za-z0-9_-]/g, '-');
  const all = new Set(taken);
  return findFreeName(name, (one) => all.has(one));
}

function shortName(url: URL): string {
  if (isLoopbackUrl(url)) return ['localhost', url.port].filter(Boolean).join('-');
  const host = url.hostname.replace(/^\[|\]$|\.$/g, '');
  if (/^[\d.]+$/.test(host) || host.includes(':')) return host;
  const labels = host.split('.');
  // A short label before a country's may belong to the suffix (example.co.uk) or not (mcp.exa.ai).
  const inSuffix = labels.length > 2 && labels.at(-1)?.length === 2 && (labels.at(-2)?.length ?? 0) <= 3 ? 2 : 1;
  const owned = labels.slice(0, -inSuffix).at(-1);
  return owned === undefined || generic.has(owned) ? (labels.find((label) => !generic.has(label)) ?? host) : owned;
}
