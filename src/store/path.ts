import { readFileSync } from 'node:fs';
import systemPath from 'node:path';
import type { Env } from '../effects.js';
import { AuthError, getSystemCode } from '../errors.js';
import { findHomeFolder } from '../folders.js';
import { createFingerprint } from './fingerprint.js';
import { getFallbackFolder } from './newest-file.js';

/** The part of the environment that decides where the files are. */
export type PathEnv = Pick<Env, 'variables' | 'platform'>;

/**
 * The store's absolute path, or its URL: `--store`, otherwise `MCP_AUTH_STORE`, otherwise what is in the file that
 * `MCP_AUTH_STORE_FILE` names, otherwise `mcp-servers.json` in the platform's configuration folder (Linux:
 * `$XDG_CONFIG_HOME/mcp-auth` or `~/.config/mcp-auth`). A URL of the option gets the password that the same URL has in the environment:
 * in a command line, other users of the machine could read it.
 *
 * @throws AuthError `store_unreadable` if no path is given and there is no home folder, the working folder of a relative path has been
 * deleted, or that file cannot be read.
 */
export function getStorePath({ option, env }: { option: string | undefined; env: PathEnv }): string {
  if (option !== undefined && isStoreUrl(option)) return addPassword(option, env);
  const chosen = option ?? getStoreOfEnvironment(env);
  if (chosen !== undefined && isStoreUrl(chosen)) return chosen;
  const file = chosen ? resolvePath(chosen) : getDefaultStorePath(env);
  if (file !== undefined) return file;
  throw new AuthError('store_unreadable', 'There is no place for the store: this process has no home folder (HOME is not set).', {
    hint: 'Set HOME to a writable folder, or name the file with MCP_AUTH_STORE or --store FILE.',
  });
}

/** Whether a store is named by a URL and not by a path. A Windows path (`C:\\…`) has one letter before its colon. */
export function isStoreUrl(text: string): boolean {
  return /^[a-z][a-z\d+.-]+:\/\//i.test(text);
}

function getStoreOfEnvironment({ variables }: PathEnv): string | undefined {
  const { MCP_AUTH_STORE: store, MCP_AUTH_STORE_FILE: file } = variables;
  if (store) return store;
  return file ? readStoreName(file) : undefined;
}

/** A file as Docker and Kubernetes mount a secret. */
function readStoreName(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new AuthError('store_unreadable', `${file}, which MCP_AUTH_STORE_FILE names, cannot be read (${getSystemCode(error)}).`, {
      hint: 'Check its owner and permissions, or put the URL of the store into MCP_AUTH_STORE.',
      cause: error,
    });
  }
}

function addPassword(option: string, env: PathEnv): string {
  const named = getStoreOfEnvironment(env) ?? '';
  const isSame = URL.canParse(option) && URL.canParse(named) && withoutPassword(new URL(named)) === new URL(option).href;
  return isSame ? named : option;
}

/** What a store is called everywhere: its path, or its URL without the password. */
export function getStoreName(place: string): string {
  return isStoreUrl(place) && URL.canParse(place) ? withoutPassword(new URL(place)) : place;
}

/** A URL without its password. */
export function withoutPassword(url: URL): string {
  const shown = new URL(url);
  shown.password = '';
  return shown.href;
}

/**
 * The path that names a database's files on this machine, in the configuration folder; in the temporary folder if there is no home
 * folder. No file has this very path.
 *
 * @param store the URL without its password.
 */
export function getLocalPath(store: string, env: PathEnv): string {
  const folder = resolveInConfigFolder('databases', env) ?? getFallbackFolder();
  return getPathModule(env).join(folder, createFingerprint(store).slice(0, 22));
}

/**
 * The absolute path of the preferences: `MCP_AUTH_PREFERENCES`, otherwise `preferences.json` in the configuration folder, wherever
 * the store is. Undefined if there is no home folder.
 */
export function getPreferencesPath({ env }: { env: PathEnv }): string | undefined {
  const chosen = env.variables['MCP_AUTH_PREFERENCES'];
  return chosen ? resolvePath(chosen) : resolveInConfigFolder('preferences.json', env);
}

/** Where the store is by default; undefined if there is no home folder. */
export function getDefaultStorePath(env: PathEnv): string | undefined {
  return resolveInConfigFolder('mcp-servers.json', env);
}

function resolvePath(file: string): string {
  try {
    return systemPath.resolve(file);
  } catch (cause) {
    throw new AuthError('store_unreadable', `${file} is relative to the working folder, which has been deleted.`, {
      hint: 'Change to another folder, or use an absolute path.',
      cause,
    });
  }
}

/** Where a platform's programs keep their configuration. */
interface ConfigLocation {
  /** The folder that the environment names. */
  readonly fromVariables: (variables: PathEnv['variables']) => string | undefined;
  /** The folder to use otherwise, below the home folder. */
  readonly inHome: readonly string[];
  /** A folder inside ours, '' for none. */
  readonly subfolder: string;
}

const locations: Partial<Record<NodeJS.Platform, ConfigLocation>> = {
  darwin: { fromVariables: () => undefined, inHome: ['Library', 'Preferences'], subfolder: '' },
  win32: { fromVariables: (variables) => variables['APPDATA'], inHome: ['AppData', 'Roaming'], subfolder: 'Config' },
};
/** All other platforms: the XDG Base Directory Specification. */
const xdg: ConfigLocation = { fromVariables: (variables) => variables['XDG_CONFIG_HOME'], inHome: ['.config'], subfolder: '' };

function resolveInConfigFolder(name: string, env: PathEnv): string | undefined {
  const folder = getConfigFolder(env);
  const { subfolder } = locations[env.platform] ?? xdg;
  return folder === undefined ? undefined : getPathModule(env).resolve(folder, 'mcp-auth', subfolder, name);
}

/** The folder of all programs' configuration. */
function getConfigFolder(env: PathEnv): string | undefined {
  const { fromVariables, inHome } = locations[env.platform] ?? xdg;
  const folder = fromVariables(env.variables);
  if (folder) return folder;
  const home = findHomeFolder(env);
  return home === undefined ? undefined : getPathModule(env).join(home, ...inHome);
}

function getPathModule({ platform }: PathEnv): systemPath.PlatformPath {
  return platform === 'win32' ? systemPath.win32 : systemPath.posix;
}
