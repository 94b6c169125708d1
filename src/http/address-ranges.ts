/**
 * How private an address is. A server in one network has no business naming addresses in a more private one: whoever
 * listens there may trust all who can reach it (RFC 9728 section 7.7, MCP security best practices "SSRF").
 */
import { BlockList, isIP } from 'node:net';
import type { Network } from '../effects.js';

const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];
const loopbackRanges = ['127.0.0.0/8'];
/**
 * Where nobody is asked for a login: this network, link-local, protocol assignments, multicast, reserved; and the metadata
 * services of clouds that stand elsewhere (Azure, Alibaba), which hand out credentials to whoever asks. 198.18.0.0/15 is
 * not here: proxies on the machine map public names into it.
 */
const forbiddenRanges = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '168.63.129.16/32',
  '100.100.100.200/32',
];

/** Unique and site-local; NAT64 of a network's own; and what an IPv4 address of each kind looks like in IPv6. */
const ranges = {
  // ::/96 and 2001::/32 (Teredo) once led to IPv4, and nobody has them any more; fd00:ec2::/32 is Amazon's metadata service.
  forbidden: () => [...withIpv6(forbiddenRanges), '::/96', 'fe80::/10', 'ff00::/8', '2001::/32', 'fd00:ec2::/32'],
  loopback: () => [...withIpv6(loopbackRanges), '::1/128'],
  private: () => [...withIpv6(privateRanges), 'fc00::/7', 'fec0::/10', '64:ff9b:1::/48'],
};

/** Made when the first address is looked at, which most commands never do. */
let kinds: Record<keyof typeof ranges, BlockList> | undefined;

/**
 * The network that an IP address is in; undefined for one that is never asked: link-local, cloud metadata, multicast.
 *
 * @param address as Node has it, without brackets.
 */
export function classifyAddress(address: string): Network | undefined {
  // A scope, as in fe80::1%eth0, says which wire it is on.
  const bare = address.replace(/%[^]*/, '');
  const family = isIP(bare) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(bare) === 0) return undefined;
  kinds ??= { forbidden: listOf(ranges.forbidden()), loopback: listOf(ranges.loopback()), private: listOf(ranges.private()) };
  const isIn = (kind: BlockList) => kind.check(bare, family);
  if (isIn(kinds.loopback)) return 'loopback';
  if (isIn(kinds.forbidden)) return undefined;
  return isIn(kinds.private) ? 'private' : 'public';
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    list.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** IPv4 ranges, and the IPv6 ranges that lead to them: mapped, NAT64 (RFC 6052) and 6to4 (RFC 3056). */
function withIpv6(ranges: readonly string[]): string[] {
  return ranges.flatMap((range) => {
    const [address = '', prefix] = range.split('/');
    const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
    const words = [a * 256 + b, c * 256 + d].map((word) => word.toString(16)).join(':');
    const embedded = Number(prefix) + 96;
    return [range, `::ffff:${words}/${embedded}`, `64:ff9b::${words}/${embedded}`, `2002:${words}::/${Number(prefix) + 16}`];
  });
}
