/** How the authorization servers of one vendor differ from the RFCs, each fact with its public source. */

/** A fact, and its source. */
export interface Fact<T> {
  readonly value: T;
  /** A page, or an issue as owner/repo#number. */
  readonly source: string;
}

/** What a login does differently for this vendor. Each can be overridden by an option of the user. */
export interface VendorNeeds {
  /** RFC 8707 `resource` is rejected: the scope, or the audience, says what the token is for. */
  readonly resource?: Fact<'none'>;
  /** A refresh must name the scopes. */
  readonly scopeAtRefresh?: Fact<true>;
  /** Parameters of the authorization request that are necessary for a refresh token, or for a usable token. */
  readonly authorizeParameters?: Fact<Readonly<Record<string, string>>>;
  /** OpenID Connect `prompt` instead of `consent` when a refresh token is requested; `none` to send none. */
  readonly prompt?: Fact<string>;
  /** False if `offline_access` is not a scope of this vendor; true to request it although it is not listed. */
  readonly offlineAccess?: Fact<boolean>;
  /** PKCE with S256 is supported, but the metadata does not say so. */
  readonly pkceUnadvertised?: Fact<true>;
  /**
   * The metadata names another issuer than the address at which it is found.
   *
   * @returns whether `found` may be the issuer at the address `asked`. Both must be of this vendor.
   */
  readonly issuerForm?: Fact<(found: URL, asked: URL) => boolean>;
  /** Hosts of endpoints or verification URIs that are on another site than the issuer, each with its subdomains. */
  readonly endpointHosts?: Fact<readonly string[]>;
  /** The scope to request if neither the user nor the server names one: without any, the response cannot be used. */
  readonly defaultScope?: Fact<string>;
  /** How to register a client by hand, as sentences for the user: the vendor does not support dynamic registration, or restricts it. */
  readonly registration?: Fact<string>;
  /** Flows that cannot work with this vendor, whatever its metadata says: the reason by name of the flow, as the end of a sentence. */
  readonly unsupportedFlows?: Fact<Readonly<Record<string, string>>>;
}

export interface Vendor {
  readonly name: string;
  /** Examples of issuers, for documentation and for the test; `…` stands for the variable part. */
  readonly issuers: readonly string[];
  /** Whether an issuer is of this vendor, by its host. The issuer must have been validated: an MCP server could name any. */
  isIssuer(issuer: URL): boolean;
  readonly needs: VendorNeeds;
  /** Facts that mcp-auth does nothing about, but that the user may have to know. */
  readonly notes: readonly Fact<string>[];
}

/** Whether a host is `domain` or a subdomain of it. */
export function isInDomain({ hostname }: URL, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}
