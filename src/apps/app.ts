/** The types of an MCP app, a program that uses a login. Each app has its own file here, which says where and how it stores its servers. */
import path from 'node:path';
import type { ConfigFormat, ConfigEntry } from './formats/format.js';

/**
 * How an app gets the token: it runs a command that prints headers (helper), starts the bridge as its server (bridge), has the
 * token in its configuration (header), or has a copy of the login in its own cache (copy).
 */
export const connectionMethods = ['helper', 'bridge', 'header', 'copy'] as const;
export type ConnectionMethod = (typeof connectionMethods)[number];

/** Where to look for an app's files. */
export interface AppEnvironment {
  readonly home: string;
  /** The folder of the project, for an app's project-wide configuration. */
  readonly folder: string;
  readonly platform: NodeJS.Platform;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The texts of those files that exist of the app's `pathsDependOn`, by path. */
  readonly texts: ReadonlyMap<string, string>;
}

/** What an app's entry for a server is made from. */
export interface Connection {
  /** What the app calls the server. */
  readonly name: string;
  readonly url: string;
  /** The command that prints the headers, and the command that is the server, with absolute paths. */
  readonly helper: readonly string[];
  readonly bridge: readonly string[];
  /** The access token; empty unless the entry contains it. */
  readonly token: string;
}

/** A login to write into an app's own cache. */
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

/** A login read from an app's cache, under the app's name for the server. */
export type CachedLogin = Omit<CopiedLogin, 'nowSeconds'>;

/** An app's own cache of tokens. Its functions take and return the text of files. */
export interface TokenCache {
  /** The files into which a login is written. */
  files(place: AppEnvironment, login: CopiedLogin): readonly { readonly path: string; readonly put: (text: string) => string }[];
  /** The files that may contain logins. `known` lists servers for a cache that does not name its servers itself. */
  sources(
    place: AppEnvironment,
    known: readonly KnownServer[],
  ): readonly { readonly path: string; readonly read: (text: string) => CachedLogin[] }[];
}

/**
 * Reads a login that another program wrote. Values of a wrong type count as absent; without a name, a URL and a token the
 * result is empty.
 */
export function parseCachedLogin(values: Readonly<Partial<Record<keyof CachedLogin, unknown>>>): CachedLogin[] {
  const { name, url, accessToken, expiresAtSeconds, ...others } = values;
  if (typeof name !== 'string' || typeof url !== 'string' || typeof accessToken !== 'string' || accessToken === '') return [];
  const texts = Object.entries(others).filter(([, value]) => typeof value === 'string' && value !== '');
  const isTime = typeof expiresAtSeconds === 'number' && Number.isFinite(expiresAtSeconds) && expiresAtSeconds > 0;
  return [{ name, url, accessToken, ...(isTime && { expiresAtSeconds: Math.floor(expiresAtSeconds) }), ...Object.fromEntries(texts) }];
}

export interface KnownServer {
  readonly name: string;
  readonly url: string;
}

/** Creates a cache that is one file for all servers. */
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
  /** Its name as an argument of `connect`. */
  readonly name: string;
  readonly summary: string;
  readonly format: ConfigFormat;
  /** The path of keys in the file under which its servers are, by name. */
  readonly servers: readonly string[];
  /** The paths of keys for servers of one project only. */
  readonly projectServers?: (place: AppEnvironment) => readonly (readonly string[])[];
  /** The user's configuration file, or with `project` that of the project; undefined if the app has no such file. */
  readonly configPath: (place: AppEnvironment, project: boolean) => string | undefined;
  /** The files that decide where the others are: by their content, or because they exist. */
  readonly pathsDependOn?: (place: AppEnvironment) => readonly string[];
  /** The entry for each connection method, preferred first. For `copy`, the entry of a server that the app logs in to itself. */
  readonly entries: Readonly<Partial<Record<ConnectionMethod, (connection: Connection) => ConfigEntry>>>;
  readonly cache?: TokenCache;
  /** Whether its entries may have `$VAR` as a variable in addition to `${VAR}`. */
  readonly allowsBareVariables?: boolean;
  /** Whether names of servers may have only letters, digits, `-` and `_`. */
  readonly requiresPlainNames?: boolean;
  /** What the user has to do in the app, as a sentence. */
  readonly nextSteps?: string;
}

/** The folder for configuration files on Linux, and of apps that use it everywhere. */
export function findXdgFolder({ home, variables }: AppEnvironment): string {
  return variables['XDG_CONFIG_HOME'] ?? path.join(home, '.config');
}

/** The same, but on Windows the folder of the system. */
export function findConfigFolder(place: AppEnvironment): string {
  return place.platform === 'win32' ? (place.variables['APPDATA'] ?? path.join(place.home, 'AppData', 'Roaming')) : findXdgFolder(place);
}

/** The first of the files that exists; otherwise the first. */
export function pickExisting({ texts }: AppEnvironment, files: readonly [string, ...string[]]): string {
  return files.find((file) => texts.has(file)) ?? files[0];
}

/** The entry of a server that the app connects to with the token itself, in the format of most apps. */
export function toUrlEntry(connection: Connection): ConfigEntry {
  return { url: connection.url, headers: createTokenHeader(connection) };
}

/** The entry of a server that is started as a command, in the format of most apps. */
export function toCommandEntry({ bridge: [command = '', ...args] }: Connection): ConfigEntry {
  return { command, args };
}

/** The Authorization header with the token. */
export function createTokenHeader({ token }: Connection): { readonly Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}
