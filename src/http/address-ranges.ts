/**
 * Which network an IP address is in. A server in one network has no reason to name addresses in a more private one, and
 * what listens there may trust everyone who can connect to it (RFC 9728 section 7.7, MCP security best practices "SSRF").
 */
import { BlockList, isIP } from 'node:net';
import type { Network } from '../effects.js';

const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];
const loopbackRanges = ['127.0.0.0/8'];
/**
 * Never connected to: this network, link-local, protocol assignments, multicast, reserved; and the cloud metadata services
 * outside of these ranges (Azure, Alibaba), which give credentials to every process that asks. 198.18.0.0/15 is missing on
 * purpose: local proxies map public names into it.
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

/** With the IPv6 ranges: unique-local and site-local, local-use NAT64, and every IPv6 form of an IPv4 range. */
const ranges = {
  // ::/96 and 2001::/32 (Teredo) are former ways to IPv4, and not in use; fd00:ec2::/32 is Amazon's metadata service.
  forbidden: () => [...withIpv6Forms(forbiddenRanges), '::/96', 'fe80::/10', 'ff00::/8', '2001::/32', 'fd00:ec2::/32'],
  loopback: () => [...withIpv6Forms(loopbackRanges), '::1/128'],
  private: () => [...withIpv6Forms(privateRanges), 'fc00::/7', 'fec0::/10', '64:ff9b:1::/48'],
};

/** Created with the first address, because most commands never classify one. */
let blockLists: Record<keyof typeof ranges, BlockList> | undefined;

/**
 * The network of an IP address; undefined for an address that is never connected to: link-local, cloud metadata, multicast.
 *
 * @param address as Node has it, without brackets.
 */
export function classifyAddress(address: string): Network | undefined {
  const withoutZone = address.replace(/%[^]*/, '');
  const family = isIP(withoutZone) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(withoutZone) === 0) return undefined;
  blockLists ??= {
    forbidden: createBlockList(ranges.forbidden()),
    loopback: createBlockList(ranges.loopback()),
    private: createBlockList(ranges.private()),
  };
  if (blockLists.loopback.check(withoutZone, family)) return 'loopback';
  if (blockLists.forbidden.check(withoutZone, family)) return undefined;
  return blockLists.private.check(withoutZone, family) ? 'private' : 'public';
}

function createBlockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    list.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** IPv4 ranges, and the IPv6 ranges that lead to them: mapped, NAT64 (RFC 6052) and 6to4 (RFC 3056). */
function withIpv6Forms(ranges: readonly string[]): string[] {
  return ranges.flatMap((range) => {
    const [address = '', prefix] = range.split('/');
    const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
    const words = [a * 256 + b, c * 256 + d].map((word) => word.toString(16)).join(':');
    const embedded = Number(prefix) + 96;
    return [range, `::ffff:${words}/${embedded}`, `64:ff9b::${words}/${embedded}`, `2002:${words}::/${Number(prefix) + 16}`];
  });
}
