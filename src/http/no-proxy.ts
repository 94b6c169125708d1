/** NO_PROXY: what is reached without a proxy. Names are compared with names only, and addresses with addresses only. */
import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { findIpAddress } from './url-policy.js';

/** One word of the list; it stands for the URLs of which it is true. */
type Exemption = (url: URL) => boolean;

/**
 * Whether `list`, words between commas or spaces, has the URL: `*`; a host, with or without a dot or `*.` in front of it,
 * which stands for what is below it too; an IP address, in brackets or not; a network, as 10.0.0.0/8 or fd00::/8. Each may
 * be followed by the one port that it is for. What is none of these stands for nothing.
 */
export function isProxyExempt(url: URL, list: string): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((word) => parseExemption(word)(url));
}

function parseExemption(word: string): Exemption {
  const { host, port } = splitPort(word);
  const isHost = host === '*' ? () => true : (networkExemption(host) ?? nameExemption(host));
  return (url) => (port === undefined || port === (url.port || '443')) && isHost(url);
}

/** An IPv6 address without brackets has colons of its own, and so no port. */
function splitPort(word: string): { readonly host: string; readonly port: string | undefined } {
  const [, host = word, port] = /^(\[[^\]]*\](?:\/\d+)?|[^:]*):(\d+)$/.exec(word) ?? [];
  return { host, port: port === undefined ? undefined : String(Number(port)) };
}

/** Undefined for what is neither an address nor a network. */
function networkExemption(word: string): Exemption | undefined {
  const [written = '', length, ...more] = word.replace(/[[\]]/g, '').split('/');
  const whole = isIP(written) === 6 ? 128 : 32;
  const prefix = length === undefined ? whole : /^\d+$/.test(length) ? Number(length) : Infinity;
  if (isIP(written) === 0) return undefined;
  if (prefix > whole || more.length > 0) return () => false;
  const network = withoutIpv6(written, prefix);
  const list = new BlockList();
  list.addSubnet(network.address, network.prefix, familyOf(network.address));
  return (url) => {
    const asked = findIpAddress(url);
    if (asked === undefined) return false;
    const { address } = withoutIpv6(asked, 128);
    return familyOf(address) === familyOf(network.address) && list.check(address, familyOf(address));
  };
}

/** Letters of other scripts are compared as a URL has them; a dot at the end says only that the name is whole. */
function nameExemption(word: string): Exemption {
  const written = withoutDot(word.replace(/^\*?\./, ''));
  const name = domainToASCII(written) || written;
  return (url) => {
    const asked = withoutDot(url.hostname);
    return name !== '' && findIpAddress(url) === undefined && (asked === name || asked.endsWith(`.${name}`));
  };
}

function withoutDot(name: string): string {
  return name.replace(/\.$/, '');
}

/** An IPv4 address or network that is written in IPv6, as ::ffff:10.0.0.0/104, as the one that it is; all others as they are. */
function withoutIpv6(address: string, prefix: number): { readonly address: string; readonly prefix: number } {
  const canonical = isIP(address) === 6 ? new URL(`http://[${address.replace(/%[^]*/, '')}]`).hostname : '';
  const [, high, low] = /^\[::ffff:([\da-f]+):([\da-f]+)\]$/.exec(canonical) ?? [];
  if (high === undefined || low === undefined || prefix < 96) return { address: address.replace(/%[^]*/, ''), prefix };
  const parts = [high, low].map((word) => parseInt(word, 16)).flatMap((word) => [word >> 8, word & 255]);
  return { address: parts.join('.'), prefix: prefix - 96 };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
