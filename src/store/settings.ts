/**
 * The user's settings of one server, which replace what mcp-auth would discover or do by default. They are stored with the
 * server until an option sets them again; the value `default` removes one. All functions are pure.
 */
import { quoteShellWord } from '../text/command-line.js';
import { isObject } from '../text/json.js';
import type { ServerEntry } from './document.js';
import { isOfKind, type MemberKind } from './member-kinds.js';

/** Each setting is set by the option of `login` with that name. Paths of files are absolute. */
export interface ServerSettings {
  /** The authorization server to use. */
  readonly issuer?: string;
  /** Scopes joined by spaces. */
  readonly scope?: string;
  /** RFC 8707 `resource` to send; `none` sends none. */
  readonly resource?: string;
  /** The issuer that the authorization server at the other address may call itself. */
  readonly trustedIssuer?: string;
  readonly trustedIssuerAt?: string;
  /** A resource that the server's metadata may name instead of the server's URL. */
  readonly trustedResource?: string;
  /** Hosts outside the authorization server's site, joined by spaces, where its endpoints may be. */
  readonly trustedEndpoints?: string;
  /** The URL of the authorization server's metadata. */
  readonly metadataUrl?: string;
  /** Client authentication at the token endpoint, by RFC 7591's names. */
  readonly tokenAuthMethod?: string;
  /** OpenID Connect `prompt`; `none` sends none. */
  readonly prompt?: string;
  /** False to not request `offline_access`. */
  readonly offlineAccess?: boolean;
  /** Whether to continue if the metadata does not mention PKCE. */
  readonly pkceUnadvertised?: boolean;
  /** Whether the server may name URLs in a more private network than its own. */
  readonly privateNetworkAllowed?: boolean;
  /** Extra parameters of the authorization request. */
  readonly authorizeParameters?: Readonly<Record<string, string>>;
  /** The files of the TLS client certificate and its key, both PEM. */
  readonly clientCertFile?: string;
  readonly clientKeyFile?: string;
}

type SettingKey = keyof ServerSettings;

/** What one command line changes: `null` removes a setting, an absent member leaves it unchanged. */
export type SettingsChange = { readonly [Key in SettingKey]?: ServerSettings[Key] | null };

interface Setting {
  /** The option of `login` that sets it. */
  readonly option: string;
  /** The key in `login_options`. */
  readonly onDisk: string;
  readonly kind: MemberKind;
  /**
   * Whether a document from another machine may set it. Only if it names no file of this machine, loosens no check, and does
   * not change which server a token is for.
   */
  readonly isPortable: boolean | ((value: unknown) => boolean);
}

/** Every setting except the trusted issuer, whose keys are in the entry itself for compatibility: they were there first. */
const settings: Readonly<Record<Exclude<SettingKey, 'trustedIssuer' | 'trustedIssuerAt'>, Setting>> = {
  issuer: { option: '--issuer', onDisk: 'issuer', kind: 'string', isPortable: false },
  scope: { option: '--scope', onDisk: 'scope', kind: 'string', isPortable: true },
  resource: { option: '--resource', onDisk: 'resource', kind: 'string', isPortable: false },
  trustedResource: { option: '--trust-resource', onDisk: 'trust_resource', kind: 'string', isPortable: false },
  trustedEndpoints: { option: '--trust-endpoints', onDisk: 'trust_endpoints', kind: 'string', isPortable: false },
  metadataUrl: { option: '--metadata-url', onDisk: 'metadata_url', kind: 'string', isPortable: false },
  tokenAuthMethod: { option: '--token-auth-method', onDisk: 'token_auth_method', kind: 'string', isPortable: true },
  // Without a prompt, an authorization server may not ask for consent.
  prompt: { option: '--prompt', onDisk: 'prompt', kind: 'string', isPortable: (value) => value !== 'none' },
  offlineAccess: { option: '--offline-access', onDisk: 'offline_access', kind: 'boolean', isPortable: true },
  pkceUnadvertised: {
    option: '--allow-missing-pkce-metadata',
    onDisk: 'allow_missing_pkce_metadata',
    kind: 'boolean',
    isPortable: false,
  },
  privateNetworkAllowed: { option: '--allow-private-network', onDisk: 'allow_private_network', kind: 'boolean', isPortable: false },
  authorizeParameters: { option: '--authorize-param', onDisk: 'authorize_params', kind: 'strings', isPortable: false },
  clientCertFile: { option: '--client-cert', onDisk: 'client_cert', kind: 'string', isPortable: false },
  clientKeyFile: { option: '--client-key', onDisk: 'client_key', kind: 'string', isPortable: false },
};

const all = Object.entries(settings) as [keyof typeof settings, Setting][];

/** The settings of a server's entry. A member of a wrong type counts as absent. */
export function readSettings(entry: ServerEntry | undefined): ServerSettings {
  const stored = isObject(entry?.login_options) ? entry.login_options : {};
  const read = all.filter(([, { onDisk, kind }]) => isOfKind(stored[onDisk], kind)).map(([key, { onDisk }]) => [key, stored[onDisk]]);
  const { trusted_issuer: trustedIssuer, trusted_issuer_at: trustedIssuerAt } = entry ?? {};
  return {
    ...(Object.fromEntries(read) as ServerSettings),
    ...(typeof trustedIssuer === 'string' && { trustedIssuer }),
    ...(typeof trustedIssuer === 'string' && typeof trustedIssuerAt === 'string' && { trustedIssuerAt }),
  };
}

/** Replaces the settings of an entry. Members of other programs in `login_options` stay. Changes `entry`. */
export function writeSettings(entry: ServerEntry, changed: ServerSettings): void {
  const ours = new Set(all.map(([, { onDisk }]) => onDisk));
  const foreign = isObject(entry.login_options) ? Object.entries(entry.login_options).filter(([key]) => !ours.has(key)) : [];
  const options = { ...Object.fromEntries(foreign), ...toDiskSettings(changed) };
  delete entry.login_options;
  delete entry.trusted_issuer;
  delete entry.trusted_issuer_at;
  if (Object.keys(options).length > 0) entry.login_options = options;
  if (changed.trustedIssuer === undefined) return;
  entry.trusted_issuer = changed.trustedIssuer;
  if (changed.trustedIssuerAt !== undefined) entry.trusted_issuer_at = changed.trustedIssuerAt;
}

/** The settings after a change. A trusted issuer that is set again holds for any address. */
export function mergeSettings(before: ServerSettings, change: SettingsChange): ServerSettings {
  const { authorizeParameters } = change;
  const merged = {
    ...before,
    ...(change.trustedIssuer !== undefined && { trustedIssuerAt: null }),
    ...omitValue(undefined, change),
    ...(authorizeParameters && { authorizeParameters: { ...before.authorizeParameters, ...authorizeParameters } }),
  };
  return omitValue(null, merged);
}

/** The members whose value is not `value`. */
function omitValue(value: null | undefined, members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, one]) => one !== value));
}

/** The settings that a document from another machine may set. */
export function pickPortableSettings(from: ServerSettings): ServerSettings {
  const portable = all.filter(([key, { isPortable }]) => (typeof isPortable === 'boolean' ? isPortable : isPortable(from[key])));
  return Object.fromEntries(portable.flatMap(([key]) => (from[key] === undefined ? [] : [[key, from[key]]])));
}

/** The settings as the options that set them, as the user would type them. */
export function formatSettings(from: ServerSettings): string[] {
  const trusted = from.trustedIssuer === undefined ? [] : [`--trust-issuer ${quoteShellWord(from.trustedIssuer)}`];
  const others = all.flatMap(([key, { option }]) => (from[key] === undefined ? [] : formatOptions(option, from[key])));
  return [...trusted, ...others];
}

function formatOptions(option: string, value: NonNullable<ServerSettings[SettingKey]>): string[] {
  if (typeof value === 'boolean') return [value ? option : option.replace('--', '--no-')];
  if (typeof value === 'object') return Object.entries(value).map(([name, one]) => `${option} ${quoteShellWord(`${name}=${one}`)}`);
  return [`${option} ${quoteShellWord(value)}`];
}

/** The settings as they are on disk. */
export function toDiskSettings(from: ServerSettings): Record<string, unknown> {
  return Object.fromEntries(all.flatMap(([key, { onDisk }]) => (from[key] === undefined ? [] : [[onDisk, from[key]]])));
}
