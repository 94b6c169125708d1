/** The networks that an address can be in, from the least private to the most. */
export const networks = ['public', 'private', 'loopback'] as const;
export type Network = (typeof networks)[number];

/** Whether somebody who may name addresses in `reach` may name one in `network`. */
export function isWithin(network: Network | undefined, reach: Network): boolean {
  return network !== undefined && networks.indexOf(network) <= networks.indexOf(reach);
}

/** The less private of two. */
export function leastPrivate(one: Network, other: Network): Network {
  return isWithin(one, other) ? one : other;
}
