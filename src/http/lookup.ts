/** The name service, and which of its answers may be connected to. */
import type { LookupAddress, LookupOptions } from 'node:dns';
import { classifyAddress } from './address-ranges.js';
import type { Network } from '../effects.js';
import { checkAddress } from './url-policy.js';

/** Asks the name service for all addresses of a name, as Node's `dns.lookup` does. */
export type DnsLookup = (hostname: string, options: LookupOptions & { all: true }, callback: LookupCallback) => void;
type LookupCallback = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

/** A lookup as a connection asks for it: one address or all of them. */
export type ConnectionLookup = (
  hostname: string,
  options: LookupOptions,
  callback: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
) => void;

/**
 * A lookup that gives only addresses that may be connected to, so that it does not help a name to change what it leads to
 * after it has been checked. `localhost` is this machine, whatever the name service says.
 *
 * @throws AuthError `address_refused`, to its callback, where none is left.
 */
export function limitLookup(lookup: DnsLookup, reach: Network): ConnectionLookup {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const isHere = hostname === 'localhost';
      const refusals: unknown[] = [];
      const allowed = addresses.filter(({ address }) => {
        if (isHere) return classifyAddress(address) === 'loopback';
        try {
          checkAddress(address, { what: hostname, reach });
          return true;
        } catch (refusal) {
          refusals.push(refusal);
          return false;
        }
      });
      const [first] = allowed;
      if (first === undefined) callback((refusals[0] as Error | undefined) ?? notFound(hostname), []);
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' });
}
