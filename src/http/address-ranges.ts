/**
 * Which network an IP address is in. A server in one network has no reason to name addresses in a more private one, and
 * what listens there may trust everyone who can connect to it (RFC 9728 section 7.7, MCP security best practices "SSRF").
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
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
  ipv4: { forbidden: () => forbiddenRanges, loopback: () => loopbackRanges, private: () => privateRanges },
  ipv6: {
    // ::/96 and 2001::/32 (Teredo) are former ways to IPv4, and not in use; fd00:ec2::/32 is Amazon's metadata service.
    forbidden: () => [...toIpv6Forms(forbiddenRanges), '::/96', 'fe80::/10', 'ff00::/8', '2001::/32', 'fd00:ec2::/32'],
    loopback: () => [...toIpv6Forms(loopbackRanges), '::1/128'],
    private: () => [...toIpv6Forms(privateRanges), 'fc00::/7', 'fec0::/10', '64:ff9b:1::/48'],
  },
} as const;

type Family = keyof typeof ranges;
type BlockLists = Record<keyof (typeof ranges)[Family], BlockList>;

/** Created with the first address of each family: to start with an IPv4 address takes 10 ms less without the IPv6 ranges (Node 20). */
const blockLists: Partial<Record<Family, BlockLists>> = {};

/**
 * The network of an IP address; undefined for an address that is never connected to: link-local, cloud metadata, multicast.
 *
 * @param address as Node has it, without brackets.
 */
export function classifyAddress(address: string): Network | undefined {
  const withoutZone = address.replace(/%[^]*/, '');
  const family = findFamily(withoutZone);
  if (family === undefined) return undefined;
  const lists = (blockLists[family] ??= createBlockLists(family));
  if (lists.loopback.check(withoutZone, family)) return 'loopback';
  if (lists.forbidden.check(withoutZone, family)) return undefined;
  return lists.private.check(withoutZone, family) ? 'private' : 'public';
}

/** Undefined if it is not an IP address. Unlike `isIP` of Node 20, it compiles the expression for IPv6 only for what may be one. */
export function findFamily(address: string): Family | undefined {
  if (address.includes(':')) return isIPv6(address) ? 'ipv6' : undefined;
  return isIPv4(address) ? 'ipv4' : undefined;
}

function createBlockLists(family: Family): BlockLists {
  const { forbidden, loopback, private: privateNetworks } = ranges[family];
  const create = (listed: readonly string[]) => {
    const list = new BlockList();
    for (const [address = '', prefix] of listed.map((range) => range.split('/'))) list.addSubnet(address, Number(prefix), family);
    return list;
  };
  return { forbidden: create(forbidden()), loopback: create(loopback()), private: create(privateNetworks()) };
}

/** The IPv6 ranges that lead to IPv4 ranges: mapped, NAT64 (RFC 6052) and 6to4 (RFC 3056). */
function toIpv6Forms(ranges: readonly string[]): string[] {
  return ranges.flatMap((range) => {
    const [address = '', prefix] = range.split('/');
    const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
    const words = [a * 256 + b, c * 256 + d].map((word) => word.toString(16)).join(':');
    const embedded = Number(prefix) + 96;
    return [`::ffff:${words}/${embedded}`, `64:ff9b::${words}/${embedded}`, `2002:${words}::/${Number(prefix) + 16}`];
  });
}
