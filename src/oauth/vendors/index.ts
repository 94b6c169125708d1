/** The makes of authorization servers that need something beside the RFCs. A new one is a file beside this one, and a line here. */
import { entra } from './entra.js';
import type { Vendor } from './vendor.js';

export type { Fact, Needs, Vendor } from './vendor.js';

export const vendors: readonly Vendor[] = [entra];

/** The make of an issuer; undefined for most. */
export function vendorOf(issuer: string): Vendor | undefined {
  if (!URL.canParse(issuer)) return undefined;
  const url = new URL(issuer);
  return url.protocol === 'https:' ? vendors.find((vendor) => vendor.isIssuer(url)) : undefined;
}
