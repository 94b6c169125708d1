/** The login in an entry of the file: which key holds what, and how it is put there and taken away. All pure. */
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import type { Network } from '../effects.js';
import { isObject } from '../text/json.js';
import type { DpopKey } from '../oauth/client-information.js';
import type { AuthEntry, ServerEntry } from './document.js';
import { isOfKind, type MemberKind } from './member-kinds.js';

/** A login: tokens, what they are for, and where they are renewed. Times are seconds since the epoch. */
export interface Login {
  accessToken: string;
  /** RFC 9449: `dpop` for a token that is bound to `dpopKey`; `type` on disk, so that nobody sends it as a Bearer. */
  tokenType: 'bearer' | 'dpop';
  dpopKey?: DpopKey;
  expiresAtSeconds?: number;
  issuedAtSeconds?: number;
  refreshToken?: string;
  scope?: string;
  /** RFC 8414 issuer that gave the tokens. Absent for a token that another program put there. */
  issuer?: string;
  /** RFC 8707 resource that the access token is for. */
  resource?: string;
  /** The server's URL, where `resource` does not name it: all that the token may be used for. */
  issuedFor?: string;
  clientId?: string;
  tokenEndpoint?: string;
  revocationEndpoint?: string;
  /** The most private network in which those two may be, as the login found it; any for a login that does not say. */
  network?: Network;
  /** What was asked for, which may be more than `scope`, what was granted. */
  requestedScope?: string;
  /** How many times in a row a step-up has asked for nothing new. */
  stepUps?: number;
  /** When its refresh token turned out not to be accepted any more. */
  endedAtSeconds?: number;
  /** How many times it was renewed since `renewalsSince`. */
  renewals?: number;
  renewalsSinceSeconds?: number;
  /** 1 for a token that has come in place of one that its server had refused, 2 when that was refused, too. */
  refusals?: number;
  /** The unattended flow that it was made by, which can make it again, and what that takes. */
  flow?: string;
  workloadTokenFile?: string;
  idTokenFile?: string;
  identityProvider?: string;
  identityProviderClientId?: string;
  /** Of a login from another machine's document: the fingerprint of the client secret that came with it, of the empty text if none did. */
  importedSecretFingerprint?: string;
}

/** Which key on disk holds which part of a Login, and of which type: all that we ever write beside `type`. */
const keysOnDisk = {
  accessToken: ['token', 'string'],
  expiresAtSeconds: ['expires_at', 'number'],
  issuedAtSeconds: ['issued_at', 'number'],
  refreshToken: ['refresh_token', 'string'],
  scope: ['scope', 'string'],
  issuer: ['issuer', 'string'],
  resource: ['resource', 'string'],
  issuedFor: ['issued_for', 'string'],
  clientId: ['client_id', 'string'],
  tokenEndpoint: ['token_endpoint', 'string'],
  revocationEndpoint: ['revocation_endpoint', 'string'],
  network: ['network', 'network'],
  requestedScope: ['requested_scope', 'string'],
  stepUps: ['step_ups', 'number'],
  endedAtSeconds: ['ended_at', 'number'],
  renewals: ['renewals', 'number'],
  renewalsSinceSeconds: ['renewals_since', 'number'],
  refusals: ['refusals', 'number'],
  dpopKey: ['dpop_key', 'object'],
  flow: ['flow', 'string'],
  workloadTokenFile: ['workload_token_file', 'string'],
  idTokenFile: ['id_token_file', 'string'],
  identityProvider: ['identity_provider', 'string'],
  identityProviderClientId: ['identity_provider_client_id', 'string'],
  importedSecretFingerprint: ['imported_with', 'string'],
} as const satisfies Record<Exclude<keyof Login, 'tokenType'>, [keyof AuthEntry, MemberKind]>;

const loginKeys = Object.entries(keysOnDisk) as [Exclude<keyof Login, 'tokenType'>, [string, MemberKind]][];

/** What `auth.type` says where `auth` is a login. */
export const loginTypes: ReadonlySet<unknown> = new Set(['bearer', 'dpop']);

/** The token of an entry and what we know of it; undefined where there is none. Wrong types count as absent. */
export function readLogin(entry: ServerEntry | undefined): Login | undefined {
  const auth = entry?.auth;
  const type = isObject(auth) ? (auth.type ?? 'bearer') : undefined;
  if (auth === undefined || type === undefined || !loginTypes.has(type)) return undefined;
  const login: Record<string, unknown> = { tokenType: type };
  for (const [key, [onDisk, kind]] of loginKeys) {
    const value = auth[onDisk];
    if (isOfKind(value, kind)) login[key] = value;
  }
  return typeof login['accessToken'] === 'string' ? (login as unknown as Login) : undefined;
}

/** What the token may be used for: the server's URL, or a URL above it. Undefined for a login that does not say. */
export function getAudience({ issuedFor, resource }: Login): string | undefined {
  return issuedFor ?? resource;
}

/**
 * Puts `login` into an entry. Our keys are replaced as a whole; keys of others beside them stay. Changes `entry`.
 *
 * @throws AuthError `usage` as `checkLoginFits`.
 */
export function writeLogin(entry: ServerEntry, login: Login, name: string): void {
  checkLoginAllowed(entry, name);
  const auth: AuthEntry = { ...foreignKeys(entry.auth), type: login.tokenType };
  for (const [key, [onDisk]] of loginKeys) if (login[key] !== undefined) auth[onDisk] = login[key];
  entry.auth = auth;
}

/** Takes the login out of an entry, and leaves what others keep beside it. Changes `entry`. */
export function deleteLogin(entry: ServerEntry): void {
  const rest = foreignKeys(entry.auth);
  if (Object.keys(rest).length > 0) entry.auth = rest;
  else delete entry.auth;
}

function foreignKeys(auth: unknown): AuthEntry {
  const ours = new Set<string>(['type', ...loginKeys.map(([, [onDisk]]) => onDisk)]);
  return isObject(auth) ? Object.fromEntries(Object.entries(auth).filter(([key]) => !ours.has(key))) : {};
}

/**
 * A server that has an API key or a password keeps it: a login would put a token in its place.
 *
 * @throws AuthError `usage` for an entry that is authenticated by something else than a login.
 */
export function checkLoginAllowed({ auth, url }: ServerEntry, name: string): void {
  const type = isObject(auth) ? (auth.type ?? 'bearer') : 'bearer';
  if (loginTypes.has(type)) return;
  throw new AuthError('usage', `${name} is authenticated by ${JSON.stringify(type)}, which a login would overwrite.`, {
    hint: `Log in under another name: ${formatCommand`mcp-auth login ${url ?? 'URL'} --name NAME`}`,
  });
}
