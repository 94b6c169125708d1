import path from 'node:path';
import envPaths from 'env-paths';
import type { Env } from '../context.js';

/**
 * The store's file: `--store`, else `MCP_AUTH_STORE`, else `mcp-servers.json` in the platform's configuration folder
 * (Linux: `$XDG_CONFIG_HOME/mcp-auth` or `~/.config/mcp-auth`). Always absolute.
 */
export function storePath({ option, env }: { option: string | undefined; env: Pick<Env, 'variables'> }): string {
  return chosenPath(option ?? env.variables['MCP_AUTH_STORE'], 'mcp-servers.json');
}

/** The preferences' file: `MCP_AUTH_PREFERENCES`, else `preferences.json` in the same folder, wherever the store is. Always absolute. */
export function preferencesPath({ env }: { env: Pick<Env, 'variables'> }): string {
  return chosenPath(env.variables['MCP_AUTH_PREFERENCES'], 'preferences.json');
}

/** Where the store is when nobody names another. */
export function defaultStorePath(): string {
  return chosenPath(undefined, 'mcp-servers.json');
}

function chosenPath(chosen: string | undefined, name: string): string {
  return chosen ? path.resolve(chosen) : path.join(envPaths('mcp-auth', { suffix: '' }).config, name);
}
