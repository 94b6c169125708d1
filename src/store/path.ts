import path from 'node:path';
import envPaths from 'env-paths';
import type { Env } from '../context.js';

/**
 * The store's file: `--store`, else `MCP_AUTH_STORE`, else `mcp-servers.json` in the platform's configuration folder
 * (Linux: `$XDG_CONFIG_HOME/mcp-auth` or `~/.config/mcp-auth`). Always absolute.
 */
export function storePath({ option, env }: { option: string | undefined; env: Env }): string {
  const chosen = option ?? env.variables['MCP_AUTH_STORE'];
  if (chosen) return path.resolve(chosen);
  return path.join(envPaths('mcp-auth', { suffix: '' }).config, 'mcp-servers.json');
}
