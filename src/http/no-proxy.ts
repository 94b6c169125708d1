/** NO_PROXY: hosts to connect to without a proxy. Names are compared with names only, and addresses with addresses only. */
import { BlockList } from 'node:net';
import { domainToASCII } from 'node:url';
import { findFamily } from './address-ranges.js';
import { findIpAddress } from './url-policy.js';

/** Whether one word of the list includes a URL. */
type Exemption = (url: URL) => boolean;

/**
 * Whether `list` includes the URL. The list has words separated by commas or spaces: `*`; a host name, with or without a
 * leading dot or `*.`, which includes all names below it; an IP address, with or without brackets; a network, as 10.0.0.0/8
 * or fd00::/8. Each may have a port and is then limited to that port. Other words are ignored.
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
  const isHost = host === '*' ? () => true : (parseNetwork(host) ?? parseName(host));
  return (url) => (port === undefined || port === (url.port || '443')) && isHost(url);
}

/** An IPv6 address without brackets has no port: its colons are its own. */
function splitPort(word: string): { readonly host: string; readonly port: string | undefined } {
  const [, host = word, port] = /^(\[[^\]]*\](?:\/\d+)?|[^:]*):(\d+)$/.exec(word) ?? [];
  return { host, port: port === undefined ? undefined : String(Number(port)) };
}

/** Undefined if the word is neither an address nor a network. */
function parseNetwork(word: string): Exemption | undefined {
  const [address = '', length, ...more] = word.replace(/[[\]]/g, '').split('/');
  const addressBits = findFamily(address) === 'ipv6' ? 128 : 32;
  const prefix = length === undefined ? addressBits : /^\d+$/.test(length) ? Number(length) : Infinity;
  if (findFamily(address) === undefined) return undefined;
  if (prefix > addressBits || more.length > 0) return () => false;
  const network = toIpv4(address, prefix);
  const list = new BlockList();
  list.addSubnet(network.address, network.prefix, findFamily(network.address));
  return (url) => {
    const urlAddress = findIpAddress(url);
    if (urlAddress === undefined) return false;
    const host = toIpv4(urlAddress, 128).address;
    const family = findFamily(host);
    return family !== undefined && family === findFamily(network.address) && list.check(host, family);
  };
}

/** Compares international names in their ASCII form, as URLs have them, and without the dot at the end of a complete name. */
function parseName(word: string): Exemption {
  const written = trimDot(word.replace(/^\*?\./, ''));
  const name = domainToASCII(written) || written;
  return (url) => {
    const host = trimDot(url.hostname);
    return name !== '' && findIpAddress(url) === undefined && (host === name || host.endsWith(`.${name}`));
  };
}

function trimDot(name: string): string {
  return name.replace(/\.$/, '');
}

/** Converts an IPv4 address or network in IPv6 form, as ::ffff:10.0.0.0/104, to IPv4. Others are only freed from their zone. */
function toIpv4(address: string, prefix: number): { readonly address: string; readonly prefix: number } {
  const canonical = findFamily(address) === 'ipv6' ? new URL(`http://[${address.replace(/%[^]*/, '')}]`).hostname : '';
  const [, high, low] = /^\[::ffff:([\da-f]+):([\da-f]+)\]$/.exec(canonical) ?? [];
  if (high === undefined || low === undefined || prefix < 96) return { address: address.replace(/%[^]*/, ''), prefix };
  const parts = [high, low].map((word) => parseInt(word, 16)).flatMap((word) => [word >> 8, word & 255]);
  return { address: parts.join('.'), prefix: prefix - 96 };
}
