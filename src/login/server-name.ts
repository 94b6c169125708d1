import { AuthError } from '../errors.js';
import { isLoopbackUrl, parseSafeUrl } from '../http/url-policy.js';
import { hasUnprintable, quote } from '../text/server-text.js';
import { findFreeName, isUsableName } from '../store/usable-name.js';

/** First labels of a host that do not say whose it is. */
const genericLabels = new Set(['mcp', 'www', 'api', 'app', 'server', 'remote']);

/** @throws AuthError `usage` for a name that other readers of the store reject, or that looks like an option. */
export function checkServerName(name: string): string {
  if (isUsableName(name)) return name;
  throw new AuthError(
    'usage',
    `${quote(name)} cannot be the name of a server. A name has 1 to 128 letters, digits, “-” and “_”, and does not begin with “-”.`,
  );
}

/**
 * Normalises the URL of a server, so that the URL that is shown is the one that is requested. Keeps or omits a slash after the host
 * as it was written. Removes the fragment, which is never sent and not part of a resource identifier (RFC 8707 section 2).
 *
 * @throws AuthError `usage` unless it is https, or http on this machine; and for unprintable characters.
 */
export function checkServerUrl(url: string): string {
  const written = url.replace(/#[^]*$/, '').trim();
  parseSafeUrl(written, { what: 'The server’s URL', code: 'usage', hint: 'It must begin with https://, or with http:// on this machine.' });
  if (hasUnprintable(written)) {
    throw new AuthError('usage', `The server’s URL, ${quote(written)}, contains invisible characters.`, {
      hint: 'Type it by hand: copying may have added them.',
    });
  }
  const { href } = new URL(written);
  return href === `${written}/` ? written : href;
}

/**
 * Derives a short name from the host of a server: `linear` for `https://mcp.linear.app/mcp`. If it is in `usedNames`, a number is
 * added.
 */
export function deriveServerName(url: URL, usedNames: readonly string[]): string {
  const name = shorten(url).replace(/[^A-Za-z0-9_-]/g, '-');
  const used = new Set(usedNames);
  return findFreeName(name, (one) => used.has(one));
}

function shorten(url: URL): string {
  if (isLoopbackUrl(url)) return ['localhost', url.port].filter(Boolean).join('-');
  const host = url.hostname.replace(/^\[|\]$|\.$/g, '');
  if (/^[\d.]+$/.test(host) || host.includes(':')) return host;
  const labels = host.split('.');
  // A short label before a country code may belong to the suffix (example.co.uk) or not (mcp.exa.ai).
  const suffixLength = labels.length > 2 && labels.at(-1)?.length === 2 && (labels.at(-2)?.length ?? 0) <= 3 ? 2 : 1;
  const owned = labels.slice(0, -suffixLength).at(-1);
  return owned === undefined || genericLabels.has(owned) ? (labels.find((label) => !genericLabels.has(label)) ?? host) : owned;
}
