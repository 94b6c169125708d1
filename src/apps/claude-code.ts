import path from 'node:path';
import { isObject } from '../text/json.js';
import { createFileCache, parseCachedLogin, toCommandEntry, toUrlEntry, type App, type CachedLogin, type CopiedLogin } from './app.js';
import { computeCacheKey } from './cache-key.js';
import { jsonc } from './formats/jsonc.js';
import { formatShellLine } from '../text/command-line.js';
import { toSeconds } from '../text/duration.js';

/** Claude Code: `~/.claude.json`, and `.mcp.json` in a project. */
export const claudeCode: App = {
  name: 'claude-code',
  summary: 'Claude Code',
  format: jsonc,
  servers: ['mcpServers'],
  requiresPlainNames: true,
  // The place where `claude mcp add` writes by default.
  projectServers: ({ folder }) => [['projects', folder, 'mcpServers']],
  configPath: ({ home, folder, variables }, project) =>
    project ? path.join(folder, '.mcp.json') : path.join(variables['CLAUDE_CONFIG_DIR'] ?? home, '.claude.json'),
  entries: {
    helper: ({ url, helper }) => ({ type: 'http', url, headersHelper: formatShellLine(helper) }),
    bridge: (connection) => ({ type: 'stdio', ...toCommandEntry(connection) }),
    header: (connection) => ({ type: 'http', ...toUrlEntry(connection) }),
    copy: ({ url }) => ({ type: 'http', url }),
  },
  cache: createFileCache({
    path: ({ home, variables }) => path.join(variables['CLAUDE_CONFIG_DIR'] ?? path.join(home, '.claude'), '.credentials.json'),
    put: (text, login) => jsonc.put(text, ['mcpOAuth', computeCacheKey(login)], { entry: toCacheEntry(login), replaced: [] }),
    read: (text) => Object.values(jsonc.parse(text, 'the cache')['mcpOAuth'] ?? {}).flatMap(readCached),
  }),
};

function toCacheEntry({ name, url, accessToken, refreshToken, expiresAtSeconds, clientId, scope }: CopiedLogin) {
  return {
    serverName: name,
    serverUrl: url,
    accessToken,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(expiresAtSeconds !== undefined && { expiresAt: expiresAtSeconds * 1000 }),
    ...(clientId !== undefined && { clientId }),
    ...(scope !== undefined && { scope }),
  };
}

function readCached(entry: unknown): CachedLogin[] {
  if (!isObject(entry)) return [];
  const { serverName: name, serverUrl: url, accessToken, refreshToken, expiresAt, clientId, scope } = entry;
  return parseCachedLogin({ name, url, accessToken, refreshToken, expiresAtSeconds: toSeconds(expiresAt), clientId, scope });
}
