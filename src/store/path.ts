import systemPath from 'node:path';
import type { Env } from '../effects.js';
import { AuthError } from '../errors.js';
import { findHomeFolder } from '../folders.js';

/** The part of the environment that decides where the files are. */
export type PathEnv = Pick<Env, 'variables' | 'platform'>;

/**
 * The store's absolute path: `--store`, otherwise `MCP_AUTH_STORE`, otherwise `mcp-servers.json` in the platform's configuration
 * folder (Linux: `$XDG_CONFIG_HOME/mcp-auth` or `~/.config/mcp-auth`).
 *
 * @throws AuthError `store_unreadable` if no path is given and there is no home folder, or the working folder of a relative path
 * has been deleted.
 */
export function getStorePath({ option, env }: { option: string | undefined; env: PathEnv }): string {
  const chosen = option ?? env.variables['MCP_AUTH_STORE'];
  const file = chosen ? resolvePath(chosen) : getDefaultStorePath(env);
  if (file !== undefined) return file;
  throw new AuthError('store_unreadable', 'There is no place for the store: this process has no home folder (HOME is not set).', {
    hint: 'Set HOME to a writable folder, or name the file with MCP_AUTH_STORE or --store FILE.',
  });
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
