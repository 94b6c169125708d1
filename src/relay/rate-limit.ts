/** Token buckets: how many sessions an address may open, and how much one socket of an agent may ask. */
import { isIPv6 } from 'node:net';
import type { Clock } from '../effects.js';

export interface RateLimit {
  /** Takes a token of this address. False if it has none left. */
  take(address: string): boolean;
}

interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

interface RateLimitOptions {
  /** How many can be taken in a period, and also at once. */
  readonly most: number;
  /** Milliseconds. */
  readonly period: number;
  readonly maxAddresses: number;
  readonly clock: Clock;
}

export function createRateLimit({ most, period, maxAddresses, clock }: RateLimitOptions): RateLimit {
  const buckets = new Map<string, Bucket>();
  const fill = ({ tokens, at }: Bucket) => Math.min(most, tokens + ((clock.now() - at) * most) / period);
  const forgetFull = () => {
    for (const [name, bucket] of buckets) if (fill(bucket) >= most) buckets.delete(name);
  };

  return {
    take: (address) => {
      const name = nameBucket(address);
      if (buckets.size >= maxAddresses) forgetFull();
      // With so many addresses at once, those that are new wait for a full bucket to be forgotten.
      if (!buckets.has(name) && buckets.size >= maxAddresses) return false;
      const tokens = fill(buckets.get(name) ?? { tokens: most, at: clock.now() });
      if (tokens < 1) return false;
      buckets.set(name, { tokens: tokens - 1, at: clock.now() });
      return true;
    },
  };
}

/** One host has at least 2^64 addresses of IPv6: its network is what counts. */
function nameBucket(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  // The parser of URLs writes it in one way: in small letters, without zeros at the start of a group.
  const { hostname } = new URL(`http://[${address.split('%', 1)[0]}]`);
  const [start = '', end] = hostname.slice(1, -1).split('::');
  const groups = start.split(':').filter(Boolean);
  const last = end?.split(':').filter(Boolean) ?? [];
  const zeros = end === undefined ? [] : Array.from({ length: Math.max(0, 8 - groups.length - last.length) }, () => '0');
  return [...groups, ...zeros, ...last].slice(0, 4).join(':');
}
