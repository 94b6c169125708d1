import type { Network } from '../effects.js';

/** All networks, from the least private to the most. */
export const networks = ['public', 'private', 'loopback'] as const satisfies readonly Network[];

/** Whether a server in the network `allowed` may name an address in `network`: in its own or a less private one. */
export function isNetworkAllowed(network: Network | undefined, allowed: Network): boolean {
  return network !== undefined && networks.indexOf(network) <= networks.indexOf(allowed);
}

export function pickLessPrivate(one: Network, other: Network): Network {
  return isNetworkAllowed(one, other) ? one : other;
}
