/**
 * What a person has said of one server, in place of what would be found out about it or done by default. It is kept with the
 * server until it is said anew, and `default` takes it back. All pure.
 */
import { quoteShellWord } from '../text/command-line.js';
import { isObject } from '../text/json.js';
import type { ServerEntry } from './document.js';
import { isOfKind, type MemberKind } from './member-kinds.js';

/** Each is the option of `login` with that name. Files are named by absolute paths. */
export interface ServerSettings {
  /** The authorization server to use. */
  readonly issuer?: string;
  /** Scopes joined by spaces. */
  readonly scope?: string;
  /** RFC 8707 `resource` to send; `none` to send none. */
  readonly resource?: string;
  /** An issuer that the authorization server may call itself, and the address that may. */
  readonly trustedIssuer?: string;
  readonly trustedIssuerAt?: string;
  /** A resource that the server's metadata may name in place of the server's URL. */
  readonly trustedResource?: string;
  /** Hosts, joined by spaces, on another site than the authorization server's, where its endpoints may be. */
  readonly trustedEndpoints?: string;
  /** Where the authorization server's metadata is. */
  readonly metadataUrl?: string;
  /** How the client proves itself at the token endpoint, in the names of RFC 7591. */
  readonly tokenAuthMethod?: string;
  /** OpenID Connect `prompt`; `none` to send none. */
  readonly prompt?: string;
  /** False to ask for no `offline_access`. */
  readonly offlineAccess?: boolean;
  /** Whether to go on where the metadata does not mention PKCE. */
  readonly pkceUnadvertised?: boolean;
  /** Whether the server may name addresses in a more private network than its own. */
  readonly privateNetworkAllowed?: boolean;
  /** What one authorization server needs in the authorization request. */
  readonly authorizeParameters?: Readonly<Record<string, string>>;
  /** The files of the TLS client certificate (PEM), and of its key. */
  readonly clientCertFile?: string;
  readonly clientKeyFile?: string;
}

type SettingKey = keyof ServerSettings;

/** What one command line says: `null` takes back what was said before, what is absent leaves it as it is. */
export type SettingsChange = { readonly [Key in SettingKey]?: ServerSettings[Key] | null };

interface Setting {
  /** The option of `login` that says it. */
  readonly option: string;
  /** The key in `login_options`. */
  readonly onDisk: string;
  readonly kind: MemberKind;
  /**
   * Whether another machine's document may bring it: what names no file of this machine, loosens no check, and does not say
   * whom a token is for.
   */
  readonly isPortable: boolean | ((value: unknown) => boolean);
}

/** Every setting but the trusted issuer, whose keys stand in the entry itself since before there were others. */
const settings: Readonly<Record<Exclude<SettingKey, 'trustedIssuer' | 'trustedIssuerAt'>, Setting>> = {
  issuer: { option: '--issuer', onDisk: 'issuer', kind: 'string', isPortable: false },
  scope: { option: '--scope', onDisk: 'scope', kind: 'string', isPortable: true },
  resource: { option: '--resource', onDisk: 'resource', kind: 'string', isPortable: false },
  trustedResource: { option: '--trust-resource', onDisk: 'trust_resource', kind: 'string', isPortable: false },
  trustedEndpoints: { option: '--trust-endpoints', onDisk: 'trust_endpoints', kind: 'string', isPortable: false },
  metadataUrl: { option: '--metadata-url', onDisk: 'metadata_url', kind: 'string', isPortable: false },
  tokenAuthMethod: { option: '--token-auth-method', onDisk: 'token_auth_method', kind: 'string', isPortable: true },
  // Without a prompt, an authorization server may ask for no consent.
  prompt: { option: '--prompt', onDisk: 'prompt', kind: 'string', isPortable: (value) => value !== 'none' },
  offlineAccess: { option: '--offline-access', onDisk: 'offline_access', kind: 'boolean', isPortable: true },
  pkceUnadvertised: {
    option: '--allow-missing-pkce-metadata',
    onDisk: 'allow_missing_pkce_metadata',
    kind: 'boolean',
    isPortable: false,
  },
  privateNetworkAllowed: { option: '--allow-private-network', onDisk: 'allow_private_network', kind: 'boolean', isPortable: false },
  authorizeParameters: { option: '--authorize-param', onDisk: 'authorize_params', kind: 'texts', isPortable: false },
  clientCertFile: { option: '--client-cert', onDisk: 'client_cert', kind: 'string', isPortable: false },
  clientKeyFile: { option: '--client-key', onDisk: 'client_key', kind: 'string', isPortable: false },
};

const all = Object.entries(settings) as [keyof typeof settings, Setting][];

/** What the entry of a server has of it. What has a wrong type counts as absent. */
export function readSettings(entry: ServerEntry | undefined): ServerSettings {
  const kept = isObject(entry?.login_options) ? entry.login_options : {};
  const read = all.filter(([, { onDisk, kind }]) => isOfKind(kept[onDisk], kind)).map(([key, { onDisk }]) => [key, kept[onDisk]]);
  const { trusted_issuer: trustedIssuer, trusted_issuer_at: trustedIssuerAt } = entry ?? {};
  return {
    ...(Object.fromEntries(read) as ServerSettings),
    ...(typeof trustedIssuer === 'string' && { trustedIssuer }),
    ...(typeof trustedIssuer === 'string' && typeof trustedIssuerAt === 'string' && { trustedIssuerAt }),
  };
}

/** Puts all of it into an entry, in place of what was there. What others have in `login_options` stays. Changes `entry`. */
export function writeSettings(entry: ServerEntry, said: ServerSettings): void {
  const ours = new Set(all.map(([, { onDisk }]) => onDisk));
  const foreign = isObject(entry.login_options) ? Object.entries(entry.login_options).filter(([key]) => !ours.has(key)) : [];
  const options = { ...Object.fromEntries(foreign), ...toDiskSettings(said) };
  delete entry.login_options;
  delete entry.trusted_issuer;
  delete entry.trusted_issuer_at;
  if (Object.keys(options).length > 0) entry.login_options = options;
  if (said.trustedIssuer === undefined) return;
  entry.trusted_issuer = said.trustedIssuer;
  if (said.trustedIssuerAt !== undefined) entry.trusted_issuer_at = said.trustedIssuerAt;
}

/** What holds from now on: what is said now, over what was said before. A trusted issuer that is said anew is so for any address. */
export function mergeSettings(before: ServerSettings, said: SettingsChange): ServerSettings {
  const { authorizeParameters } = said;
  const merged = {
    ...before,
    ...(said.trustedIssuer !== undefined && { trustedIssuerAt: null }),
    ...without(undefined, said),
    ...(authorizeParameters && { authorizeParameters: { ...before.authorizeParameters, ...authorizeParameters } }),
  };
  return without(null, merged);
}

/** `members` but for those that are `value`. */
function without(value: null | undefined, members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, one]) => one !== value));
}

/** The settings that a document from another machine may bring. */
export function pickPortableSettings(from: ServerSettings): ServerSettings {
  const taken = all.filter(([key, { isPortable }]) => (typeof isPortable === 'boolean' ? isPortable : isPortable(from[key])));
  return Object.fromEntries(taken.flatMap(([key]) => (from[key] === undefined ? [] : [[key, from[key]]])));
}

/** Settings as the options that say them, each as it is typed: for a person. */
export function formatSettings(from: ServerSettings): string[] {
  const trusted = from.trustedIssuer === undefined ? [] : [`--trust-issuer ${quoteShellWord(from.trustedIssuer)}`];
  const others = all.flatMap(([key, { option }]) => (from[key] === undefined ? [] : optionsFor(option, from[key])));
  return [...trusted, ...others];
}

function optionsFor(option: string, value: NonNullable<ServerSettings[SettingKey]>): string[] {
  if (typeof value === 'boolean') return [value ? option : option.replace('--', '--no-')];
  if (typeof value === 'object') return Object.entries(value).map(([name, one]) => `${option} ${quoteShellWord(`${name}=${one}`)}`);
  return [`${option} ${quoteShellWord(value)}`];
}

/** The settings as they stand on disk, for a script to read. */
export function toDiskSettings(from: ServerSettings): Record<string, unknown> {
  return Object.fromEntries(all.flatMap(([key, { onDisk }]) => (from[key] === undefined ? [] : [[onDisk, from[key]]])));
}
