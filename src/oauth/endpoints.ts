/**
 * Which addresses an authorization server may name as its own. One that names the authorization endpoint of another server makes
 * the user approve there, and is sent the code: the mix-up attack of RFC 9700 section 4.4, where `iss` does not help.
 */
import { isSameSite } from '../http/site.js';
import { isObject } from '../text/json.js';
import { endpointNames, type AuthorizationServerMetadata } from './authorization-server.js';
import { findVendor } from './vendors/index.js';
import { isInDomain } from './vendors/vendor.js';

/** The addresses that an authorization server may name as its own. JSON: two-step logins keep it on disk. */
export interface OwnAddresses {
  /** URLs, each of which stands for its whole site. */
  readonly sites: readonly string[];
  /** Hosts, each with its subdomains; with a port, only that host and port. */
  readonly hosts: readonly string[];
}

/** What the own addresses of an authorization server are derived from. */
export interface OwnAddressSources {
  readonly issuer: string;
  /** The address at which the metadata was found, if it differs from the issuer. */
  readonly issuerAddress?: string;
  /** The MCP server, which the user has chosen: addresses of its site are trusted. */
  readonly serverUrl?: string | undefined;
  /** Hosts that the user trusts (`--trust-endpoints`), separated by spaces. */
  readonly trusted?: string | undefined;
}

/** The own addresses of an authorization server: its site, the MCP server's site, its vendor's hosts and the hosts that the user trusts. */
export function collectOwnAddresses({ issuer, issuerAddress, serverUrl, trusted }: OwnAddressSources): OwnAddresses {
  const sites = [issuer, issuerAddress, serverUrl].filter((one) => one !== undefined && URL.canParse(one));
  const vendorHosts = findVendor(issuer)?.needs.endpointHosts?.value ?? [];
  return { sites: [...new Set(sites as string[])], hosts: [...vendorHosts, ...(trusted?.split(' ').filter(Boolean) ?? [])] };
}

/** Whether an address is one of the authorization server's own. */
export function isOwnAddress(address: URL, { sites, hosts }: OwnAddresses): boolean {
  return (
    sites.some((site) => isSameSite(new URL(site), address)) || hosts.some((host) => address.host === host || isInDomain(address, host))
  );
}

/** An endpoint that is not at an own address of its authorization server. */
export interface ForeignEndpoint {
  /** Its name in the metadata. */
  readonly name: string;
  readonly host: string;
}

/** The foreign endpoints of metadata, including those for TLS client certificates (RFC 8705 section 5). */
export function findForeignEndpoints(metadata: AuthorizationServerMetadata, own: OwnAddresses): ForeignEndpoint[] {
  const aliases = isObject(metadata.mtls_endpoint_aliases) ? metadata.mtls_endpoint_aliases : {};
  return endpointNames.flatMap((name) =>
    [metadata[name], aliases[name]].flatMap((value) => {
      if (typeof value !== 'string' || !URL.canParse(value)) return [];
      const address = new URL(value);
      return isOwnAddress(address, own) ? [] : [{ name, host: address.host }];
    }),
  );
}
