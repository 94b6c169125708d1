import systemPath from 'node:path';
import type { Env } from '../effects.js';
import { AuthError } from '../errors.js';
import { findHomeFolder } from '../folders.js';

/** What decides where the files are. */
export type PathEnv = Pick<Env, 'variables' | 'platform'>;

/**
 * The store's file: `--store`, else `MCP_AUTH_STORE`, else `mcp-servers.json` in the platform's configuration folder
 * (Linux: `$XDG_CONFIG_HOME/mcp-auth` or `~/.config/mcp-auth`). Always absolute.
 *
 * @throws AuthError `store_unreadable` where none is named and there is no such folder, or the folder that it is named from is gone.
 */
export function getStorePath({ option, env }: { option: string | undefined; env: PathEnv }): string {
  const chosen = option ?? env.variables['MCP_AUTH_STORE'];
  const file = chosen ? absolute(chosen) : getDefaultStorePath(env);
  if (file !== undefined) return file;
  throw new AuthError('store_unreadable', 'There is no place for the store: this process has no home folder (HOME is not set).', {
    hint: 'Set HOME to a folder that can be written, or name the file with MCP_AUTH_STORE or --store FILE.',
  });
}

/**
 * The preferences' file: `MCP_AUTH_PREFERENCES`, else `preferences.json` in the same folder, wherever the store is. Always
 * absolute; undefined where there is no such folder.
 */
export function getPreferencesPath({ env }: { env: PathEnv }): string | undefined {
  const chosen = env.variables['MCP_AUTH_PREFERENCES'];
  return chosen ? absolute(chosen) : inConfigFolder('preferences.json', env);
}

/** Where the store is when nobody names another; undefined where there is no place for it. */
export function getDefaultStorePath(env: PathEnv): string | undefined {
  return inConfigFolder('mcp-servers.json', env);
}

function absolute(file: string): string {
  try {
    return systemPath.resolve(file);
  } catch (cause) {
    throw new AuthError('store_unreadable', `${file} is below the working folder, which has been removed.`, {
      hint: 'Change to another folder, or give the whole path.',
      cause,
    });
  }
}

/** Where programs keep their configuration: the folder above ours, by the environment or in the home, and what is below ours. */
interface ConfigPlace {
  readonly named: (variables: PathEnv['variables']) => string | undefined;
  readonly inHome: readonly string[];
  readonly below: string;
}

const places: Partial<Record<NodeJS.Platform, ConfigPlace>> = {
  darwin: { named: () => undefined, inHome: ['Library', 'Preferences'], below: '' },
  win32: { named: (variables) => variables['APPDATA'], inHome: ['AppData', 'Roaming'], below: 'Config' },
};
/** Of all other platforms: the XDG Base Directory Specification. */
const xdg: ConfigPlace = { named: (variables) => variables['XDG_CONFIG_HOME'], inHome: ['.config'], below: '' };

function inConfigFolder(name: string, env: PathEnv): string | undefined {
  const folder = configFolder(env);
  const { below } = places[env.platform] ?? xdg;
  return folder === undefined ? undefined : pathOn(env).resolve(folder, 'mcp-auth', below, name);
}

/** The folder of all programs. */
function configFolder(env: PathEnv): string | undefined {
  const { named, inHome } = places[env.platform] ?? xdg;
  const folder = named(env.variables);
  if (folder) return folder;
  const home = findHomeFolder(env);
  return home === undefined ? undefined : pathOn(env).join(home, ...inHome);
}

function pathOn({ platform }: PathEnv): systemPath.PlatformPath {
  return platform === 'win32' ? systemPath.win32 : systemPath.posix;
}
