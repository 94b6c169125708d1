/** What is stored of an OAuth client and of a DPoP key. The store names these types, so this file imports nothing. */

/** RFC 7591 section 3.2.1: a client as its authorization server knows it, on the wire and on disk. */
export interface ClientInformation {
  client_id: string;
  client_secret?: string;
  /** Seconds since the epoch; 0 for never. */
  client_secret_expires_at?: number;
  client_id_issued_at?: number;
  token_endpoint_auth_method?: string;
  /** OpenID Connect Dynamic Client Registration section 2: what its `private_key_file` signs with. */
  token_endpoint_auth_signing_alg?: string;
  grant_types?: string[];
  redirect_uris?: string[];
  scope?: string;
  // The rest is ours, not the RFC's.
  /** How we came by it. */
  obtained_by?: 'dynamic_registration' | 'pre_registration' | 'metadata_document' | 'import';
  /** The resource that it was registered to log in to; absent in those of before, and in those that were not made for one. */
  registered_for?: string;
  /** What its registration asked for in vain. */
  refused_grant_types?: string[];
  /** The file of the key that it signs with; the key itself stays there. */
  private_key_file?: string;
  /** Whether its server takes Basic only without the encoding of RFC 6749 section 2.3.1. */
  basic_unencoded?: boolean;
}

/** A private JWK with its `alg`. Whoever has it and the token can use the token. */
export type DpopKey = Readonly<Record<string, unknown>>;
