/** DNS lookups, limited to the addresses that may be connected to. */
import type { LookupAddress, LookupOptions } from 'node:dns';
import type { Network } from '../effects.js';
import { classifyAddress } from './address-ranges.js';
import { checkAddress } from './url-policy.js';

/** Looks all addresses of a name up, as Node's `dns.lookup` does. */
export type DnsLookup = (hostname: string, options: LookupOptions & { all: true }, callback: LookupCallback) => void;
type LookupCallback = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

/** The lookup that a connection uses, for one address or all of them. */
export type ConnectionLookup = (
  hostname: string,
  options: LookupOptions,
  callback: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
) => void;

/**
 * Limits a lookup to addresses that may be connected to. It is done when the connection is opened, so that DNS rebinding
 * after the check gains nothing. `localhost` is this machine, whatever DNS says.
 *
 * @throws AuthError `address_refused`, through the callback, if no address is left.
 */
export function limitLookup(lookup: DnsLookup, allowedNetwork: Network): ConnectionLookup {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const refusals: Error[] = [];
      const allowed = addresses.filter(({ address }) => {
        const refusal = findRefusal(address, { hostname, allowedNetwork });
        if (refusal) refusals.push(refusal);
        return refusal === undefined;
      });
      const [first] = allowed;
      if (first === undefined) callback(refusals[0] ?? createNotFoundError(hostname), []);
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/** Why an address of a name may not be connected to; undefined if it may. */
function findRefusal(address: string, { hostname, allowedNetwork }: { hostname: string; allowedNetwork: Network }): Error | undefined {
  if (hostname === 'localhost') return classifyAddress(address) === 'loopback' ? undefined : createNotFoundError(hostname);
  try {
    checkAddress(address, { what: hostname, allowedNetwork });
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

function createNotFoundError(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' });
}
