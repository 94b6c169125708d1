/** Sites: whether two addresses belong to one owner, as far as their names can say that. */
import { getDomain } from 'tldts';

/**
 * The site of an address: the name that its owner has registered, by the public suffix list (https://publicsuffix.org), with the
 * list's private part: `a.github.io` and `b.github.io` are two sites. Where a host has no such name, as an IP address or
 * `localhost`, each port is a site: on one machine they may be different users'.
 */
function siteOf(address: URL): string {
  const host = address.hostname.replace(/\.$/, '');
  const registered = getDomain(host, { allowPrivateDomains: true });
  return registered ?? `${loopbackNames.has(host) ? 'localhost' : host}:${portOf(address)}`;
}

/** Names of this machine that lead to the same listener. */
const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether two addresses are of one site. */
export function isSameSite(one: URL, other: URL): boolean {
  return siteOf(one) === siteOf(other);
}

function portOf({ port, protocol }: URL): string {
  return port === '' ? (protocol === 'https:' ? '443' : '80') : port;
}
