/** Sites: whether two URLs belong to the same owner, as far as host names can show that. */
import { getDomain, parse } from 'tldts';

/**
 * The site of a URL: the domain that its owner registered, by the public suffix list (https://publicsuffix.org) with its
 * private section, so that `a.github.io` and `b.github.io` are two sites. If a host has no such domain, as an IP address or
 * `localhost`, each of its ports is a site, because the ports of one machine may belong to different users.
 */
function findSite(url: URL): string {
  const host = url.hostname.replace(/\.$/, '');
  const registered = getDomain(host, { allowPrivateDomains: true });
  return registered ?? `${loopbackNames.has(host) ? 'localhost' : host}:${findPort(url)}`;
}

/** Names of this machine that connect to the same listener. */
const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

export function isSameSite(one: URL, other: URL): boolean {
  return findSite(one) === findSite(other);
}

function findPort({ port, protocol }: URL): string {
  return port === '' ? (protocol === 'https:' ? '443' : '80') : port;
}

/** Whether a text reads like a host name on the internet, so that apps may turn it into a link. */
export function isPublicHostName(text: string): boolean {
  const { domain, isIcann } = parse(text);
  return domain !== null && isIcann === true;
}
