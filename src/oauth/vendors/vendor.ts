/** What authorization servers of one make need beside the RFCs, each fact with its public source. */

/** Something that is so, and where that is said. */
export interface Fact<T> {
  readonly value: T;
  /** A page, or an issue as owner/repo#number. */
  readonly source: string;
}

/** What a login does in another way for this make. An option of the person's wins over each of them. */
export interface VendorNeeds {
  /** RFC 8707 `resource` is refused: the scope, or the audience, says what the token is for. */
  readonly resource?: Fact<'none'>;
  /** A refresh names the scopes once more. */
  readonly scopeAtRefresh?: Fact<true>;
  /** Parameters of the authorization request without which there is no refresh token, or no usable token. */
  readonly authorizeParameters?: Fact<Readonly<Record<string, string>>>;
  /** OpenID Connect `prompt` in place of `consent` where a refresh token is asked for; `none` for none. */
  readonly prompt?: Fact<string>;
  /** `offline_access` is not a scope of its, or is asked for though it is not listed. */
  readonly offlineAccess?: Fact<boolean>;
  /** It does PKCE with S256, and its metadata does not say so. */
  readonly pkceUnadvertised?: Fact<true>;
  /**
   * Its metadata names another issuer than the address that it is found at.
   *
   * @returns whether `found` may be the issuer at the address `asked`: both have to be of this make.
   */
  readonly issuerForm?: Fact<(found: URL, asked: URL) => boolean>;
  /** Hosts of its own that are on another site than its issuer, each with all below it, where endpoints or the page for codes are. */
  readonly endpointHosts?: Fact<readonly string[]>;
  /** What to ask for where neither the person nor the server names a scope: without any, its answer is of no use. */
  readonly defaultScope?: Fact<string>;
  /** How a client comes to be known there, as sentences for the person: it lets none register itself, or only those it knows. */
  readonly registration?: Fact<string>;
  /** Flows that cannot work there, whatever its metadata says, with the reason as the end of a sentence. */
  readonly unsupportedFlows?: Fact<Readonly<Record<string, string>>>;
}

export interface Vendor {
  /** As people call it. */
  readonly name: string;
  /** Issuers as it has them, for a person and for the test; `…` stands for what differs. */
  readonly issuers: readonly string[];
  /** Whether an issuer is of this make, by its host: one that has been validated, never a name that an MCP server gives. */
  isIssuer(issuer: URL): boolean;
  readonly needs: VendorNeeds;
  /** What is so and needs nothing of us, or something of the person. */
  readonly notes: readonly Fact<string>[];
}

/** Whether a host is `domain` or below it. */
export function isInDomain({ hostname }: URL, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}
