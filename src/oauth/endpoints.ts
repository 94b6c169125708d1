/**
 * Which addresses an authorization server may name as its own. One that names the authorization endpoint of another has the
 * person approve there, and is handed the code: the mix-up attack of RFC 9700 section 4.4, where `iss` does not help.
 */
import { isSameSite } from '../http/site.js';
import { isObject } from '../text/json.js';
import { endpointNames, type AuthorizationServerMetadata } from './authorization-server.js';
import { findVendor } from './vendors/index.js';
import { isInDomain } from './vendors/vendor.js';

/** What an authorization server names as its own may be at these places. JSON, since an attempt is kept on disk. */
export interface OwnAddresses {
  /** URLs, each of which stands for its whole site. */
  readonly sites: readonly string[];
  /** Hosts, each with all below it; with a port, that port alone. */
  readonly hosts: readonly string[];
}

/** Where the metadata is from, and who vouches for other places. */
export interface OwnAddressSources {
  readonly issuer: string;
  /** The address that the metadata was found by, where that is another one. */
  readonly issuerAddress?: string;
  /** The MCP server, which the person has named: an address of its own site is no other's. */
  readonly serverUrl?: string | undefined;
  /** Hosts joined by spaces that the person has named (`--trust-endpoints`). */
  readonly trusted?: string | undefined;
}

/** The places of an authorization server: its own site, that of the MCP server, its make's, and those that the person trusts. */
export function collectOwnAddresses({ issuer, issuerAddress, serverUrl, trusted }: OwnAddressSources): OwnAddresses {
  const sites = [issuer, issuerAddress, serverUrl].filter((one) => one !== undefined && URL.canParse(one));
  const theirs = findVendor(issuer)?.needs.endpointHosts?.value ?? [];
  return { sites: [...new Set(sites as string[])], hosts: [...theirs, ...(trusted?.split(' ').filter(Boolean) ?? [])] };
}

/** Whether an address is at one of these places. */
export function isOwnAddress(address: URL, { sites, hosts }: OwnAddresses): boolean {
  return (
    sites.some((site) => isSameSite(new URL(site), address)) || hosts.some((host) => address.host === host || isInDomain(address, host))
  );
}

/** An endpoint that is at no place of its authorization server. */
export interface ForeignEndpoint {
  /** Its name in the metadata. */
  readonly name: string;
  readonly host: string;
}

/** The endpoints of metadata that are elsewhere; pure. Those for TLS client certificates (RFC 8705 section 5) among them. */
export function findForeignEndpoints(metadata: AuthorizationServerMetadata, places: OwnAddresses): ForeignEndpoint[] {
  const aliases = isObject(metadata.mtls_endpoint_aliases) ? metadata.mtls_endpoint_aliases : {};
  return endpointNames.flatMap((name) =>
    [metadata[name], aliases[name]].flatMap((value) => {
      if (typeof value !== 'string' || !URL.canParse(value)) return [];
      const address = new URL(value);
      return isOwnAddress(address, places) ? [] : [{ name, host: address.host }];
    }),
  );
}
