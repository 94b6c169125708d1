/** The one list of the members of a login: their names in code, their keys on disk, and their types. */
import type { MemberKind, MemberTypes } from './member-kinds.js';

/** Each member with its key in `auth` and its kind. Everything that mcp-auth writes into `auth`, except `type`. Times are seconds. */
export const loginMembers = {
  accessToken: ['token', 'string'],
  expiresAtSeconds: ['expires_at', 'number'],
  issuedAtSeconds: ['issued_at', 'number'],
  refreshToken: ['refresh_token', 'string'],
  /** The granted scopes, joined by spaces. */
  scope: ['scope', 'string'],
  /** RFC 8414 issuer that gave the tokens. Absent for a token that another program stored. */
  issuer: ['issuer', 'string'],
  /** RFC 8707 resource of the access token. */
  resource: ['resource', 'string'],
  /** The server's URL, if `resource` does not name it: the token may only be used there. */
  issuedFor: ['issued_for', 'string'],
  clientId: ['client_id', 'string'],
  tokenEndpoint: ['token_endpoint', 'string'],
  revocationEndpoint: ['revocation_endpoint', 'string'],
  /** The most private network in which these two endpoints may be, as found at the login; any network if absent. */
  network: ['network', 'network'],
  /** The requested scopes, which may be more than were granted. */
  requestedScope: ['requested_scope', 'string'],
  /** How many consecutive step-ups requested no new scope. */
  stepUps: ['step_ups', 'number'],
  /** When the refresh token was found to be rejected. */
  endedAtSeconds: ['ended_at', 'number'],
  /** How many times the login was renewed since `renewalsSinceSeconds`. */
  renewals: ['renewals', 'number'],
  renewalsSinceSeconds: ['renewals_since', 'number'],
  /** 1 if the token replaced one that its server had rejected, 2 if it was then rejected too. */
  refusals: ['refusals', 'number'],
  /** RFC 9449: the private JWK that the token is bound to. */
  dpopKey: ['dpop_key', 'key'],
  /** The unattended flow that made the login and can make it again, and what that flow needs. */
  flow: ['flow', 'string'],
  workloadTokenFile: ['workload_token_file', 'string'],
  idTokenFile: ['id_token_file', 'string'],
  identityProvider: ['identity_provider', 'string'],
  identityProviderClientId: ['identity_provider_client_id', 'string'],
  /** Of an imported login: the fingerprint of the client secret that came with it, or of '' if none did. */
  importedSecretFingerprint: ['imported_with', 'string'],
} as const satisfies Record<string, readonly [key: string, kind: MemberKind]>;

type Members = typeof loginMembers;

/** A login: its tokens, where they may be used, and where they are renewed. */
export interface Login extends LoginMembers {
  accessToken: string;
  /** RFC 9449: `dpop` for a token that is bound to `dpopKey`. It is `type` on disk, so that no program sends it as a Bearer token. */
  tokenType: 'bearer' | 'dpop';
}

/** `auth` on disk. Other programs read `type`, `token` and `expires_at`, and may keep members of their own here. */
export interface AuthEntry extends AuthMembers {
  type?: string;
  [foreign: string]: unknown;
}

type LoginMembers = { -readonly [Name in keyof Members]?: MemberTypes[Members[Name][1]] };
type AuthMembers = { -readonly [Name in keyof Members as Members[Name][0]]?: MemberTypes[Members[Name][1]] };
