import type { Network } from '../effects.js';

/** The networks that an address can be in, from the least private to the most. */
export const networks = ['public', 'private', 'loopback'] as const satisfies readonly Network[];

/** Whether somebody who may name addresses in `reach` may name one in `network`. */
export function isNetworkAllowed(network: Network | undefined, reach: Network): boolean {
  return network !== undefined && networks.indexOf(network) <= networks.indexOf(reach);
}

/** The less private of two. */
export function pickLessPrivate(one: Network, other: Network): Network {
  return isNetworkAllowed(one, other) ? one : other;
}
