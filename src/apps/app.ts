/** MCP apps: programs that are handed a login. Each has a file of its own, which says where it keeps its servers, and how. */
import type { ConfigFormat, ConfigEntry } from './formats/format.js';

/**
 * How an app comes by the token: it asks a command for headers, or starts the bridge as its server, or is given the token
 * as a header, or has the whole login copied into its own cache.
 */
export const connectionMethods = ['helper', 'bridge', 'header', 'copy'] as const;
export type ConnectionMethod = (typeof connectionMethods)[number];

/** Where an app's files are looked for. */
export interface AppEnvironment {
  readonly home: string;
  /** The folder of the project, for an app's project-wide configuration. */
  readonly folder: string;
  readonly platform: NodeJS.Platform;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** What an app is connected to. */
export interface Connection {
  /** What the app calls the server. */
  readonly name: string;
  readonly url: string;
  /** The words of the command that prints the headers, and of the one that is the server. Absolute paths. */
  readonly helper: readonly string[];
  readonly bridge: readonly string[];
  /** The access token, where that itself is written. */
  readonly token: string;
}

/** A login as an app's own cache has it. Times are seconds since the epoch. */
export interface CopiedLogin {
  readonly name: string;
  readonly url: string;
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly expiresAtSeconds?: number;
  readonly scope?: string;
  readonly issuer?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly tokenEndpoint?: string;
  /** Seconds since the epoch. */
  readonly nowSeconds: number;
}

/** A login as it is found in an app's cache; the name is the app's. */
export type CachedLogin = Omit<CopiedLogin, 'nowSeconds'>;

/** An app's own cache of tokens, as text to text. */
export interface TokenCache {
  /** The files that a login goes into. */
  files(place: AppEnvironment, login: CopiedLogin): readonly { readonly path: string; readonly put: (text: string) => string }[];
  /** The files that logins may be in, of these servers where the app does not say itself which they are. */
  sources(
    place: AppEnvironment,
    known: readonly KnownServer[],
  ): readonly { readonly path: string; readonly read: (text: string) => CachedLogin[] }[];
}

/**
 * A login as another program has written it: what has a wrong type counts as absent, and without a name, a URL and a
 * token there is none.
 */
export function parseCachedLogin(values: Readonly<Partial<Record<keyof CachedLogin, unknown>>>): CachedLogin[] {
  const { name, url, accessToken, expiresAtSeconds, ...others } = values;
  if (typeof name !== 'string' || typeof url !== 'string' || typeof accessToken !== 'string' || accessToken === '') return [];
  const texts = Object.entries(others).filter(([, value]) => typeof value === 'string' && value !== '');
  const isTime = typeof expiresAtSeconds === 'number' && Number.isFinite(expiresAtSeconds) && expiresAtSeconds > 0;
  return [{ name, url, accessToken, ...(isTime && { expiresAtSeconds: Math.floor(expiresAtSeconds) }), ...Object.fromEntries(texts) }];
}

/** Milliseconds since the epoch in seconds; undefined for what is no number. */
export function toSeconds(milliseconds: unknown): number | undefined {
  return typeof milliseconds === 'number' ? milliseconds / 1000 : undefined;
}

export interface KnownServer {
  readonly name: string;
  readonly url: string;
}

/** A cache that is one file for all servers. */
export function createFileCache({
  path,
  put,
  read,
}: {
  path: (place: AppEnvironment) => string;
  put: (text: string, login: CopiedLogin) => string;
  read: (text: string) => CachedLogin[];
}): TokenCache {
  return {
    files: (place, login) => [{ path: path(place), put: (text) => put(text, login) }],
    sources: (place) => [{ path: path(place), read }],
  };
}

export interface App {
  /** As `connect` takes it. */
  readonly name: string;
  readonly summary: string;
  readonly format: ConfigFormat;
  /** Where in the file its servers stand, by name. */
  readonly servers: readonly string[];
  /** Where in it those stand that the person has for one project alone. */
  readonly projectServers?: (place: AppEnvironment) => readonly (readonly string[])[];
  /** The file for the person, and, with `project`, for the folder; undefined where there is no such file. */
  readonly configPath: (place: AppEnvironment, project: boolean) => string | undefined;
  /** The entry for each way, best first. `copy` is the entry of a server that the app logs in to itself. */
  readonly entries: Readonly<Partial<Record<ConnectionMethod, (connection: Connection) => ConfigEntry>>>;
  readonly cache?: TokenCache;
  /** Whether `$VAR` is a variable in what its entries say, beside `${VAR}`. */
  readonly allowsBareVariables?: boolean;
  /** Whether it takes only names of letters, digits, `-` and `_` for a server. */
  readonly requiresPlainNames?: boolean;
  /** What the person has to do in the app, as a sentence. */
  readonly nextSteps?: string;
}

/** A server that is started as a command: most apps' notation. */
export function toCommandEntry({ bridge: [command = '', ...args] }: Connection): ConfigEntry {
  return { command, args };
}

/** The header with the token itself. */
export function createTokenHeader({ token }: Connection): { readonly Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}
