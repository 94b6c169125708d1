/** The stored form of an OAuth client and of a DPoP key. The store uses these types too, so this file imports nothing. */

/** RFC 7591 section 3.2.1: a client in a registration response and in the store file. */
export interface ClientInformation {
  client_id: string;
  client_secret?: string;
  /** Seconds since the epoch; 0 if it never expires. */
  client_secret_expires_at?: number;
  client_id_issued_at?: number;
  token_endpoint_auth_method?: string;
  /** OpenID Connect Dynamic Client Registration section 2: the algorithm for the key in `private_key_file`. */
  token_endpoint_auth_signing_alg?: string;
  grant_types?: string[];
  redirect_uris?: string[];
  scope?: string;
  // The members below are of mcp-auth, not of the RFC.
  /** How the client was created. */
  obtained_by?: 'dynamic_registration' | 'pre_registration' | 'metadata_document' | 'import';
  /** The resource that it was registered to log in to; absent for older registrations and for clients that were not registered for one. */
  registered_for?: string;
  /** Whether its redirect URI is that of a relay. */
  relayed?: boolean;
  /** Grants that its registration requested and the server refused. */
  refused_grant_types?: string[];
  /** The file of its private key. The key itself is not stored. */
  private_key_file?: string;
  /** Whether its server accepts Basic only without the encoding of RFC 6749 section 2.3.1. */
  basic_unencoded?: boolean;
}

/** A private JWK with its `alg`. Anyone with this key and the token can use the token. */
export type DpopKey = Readonly<Record<string, unknown>>;
