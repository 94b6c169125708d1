import path from 'node:path';
import { isObject } from '../text/json.js';
import {
  createFileCache,
  parseCachedLogin,
  toCommandEntry,
  createTokenHeader,
  type App,
  type CachedLogin,
  type CopiedLogin,
} from './app.js';
import { computeCacheKey } from './cache-key.js';
import { jsonc } from './formats/jsonc.js';
import { toml } from './formats/toml.js';
import { formatShellLine } from '../text/command-line.js';
import { toSeconds } from '../text/duration.js';

/** Codex: `~/.codex/config.toml`. It runs the helper with only HOME and PATH in its environment. */
export const codex: App = {
  name: 'codex',
  summary: 'OpenAI Codex',
  format: toml,
  servers: ['mcp_servers'],
  // It does not start a server with another name: is_valid_mcp_server_name in codex-rs.
  requiresPlainNames: true,
  configPath: ({ home, variables }, project) =>
    project ? undefined : path.join(variables['CODEX_HOME'] ?? path.join(home, '.codex'), 'config.toml'),
  entries: {
    helper: ({ url, helper }) => ({ url, http_headers_helper: formatShellLine(helper) }),
    bridge: toCommandEntry,
    header: (connection) => ({ url: connection.url, http_headers: createTokenHeader(connection) }),
    copy: ({ url }) => ({ url }),
  },
  cache: createFileCache({
    path: ({ home, variables }) => path.join(variables['CODEX_HOME'] ?? path.join(home, '.codex'), '.credentials.json'),
    put: (text, login) => jsonc.put(text, [computeCacheKey(login)], { entry: toCacheEntry(login), replaced: [] }),
    read: (text) => Object.values(jsonc.parse(text, 'the cache')).flatMap(readCached),
  }),
};

function toCacheEntry({ name, url, issuer = '', clientId = '', accessToken, refreshToken, expiresAtSeconds, scope = '' }: CopiedLogin) {
  return {
    server_name: name,
    server_url: url,
    issuer,
    client_id: clientId,
    access_token: accessToken,
    ...(expiresAtSeconds !== undefined && { expires_at: expiresAtSeconds * 1000 }),
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    scopes: scope.split(' ').filter(Boolean),
  };
}

function readCached(entry: unknown): CachedLogin[] {
  if (!isObject(entry)) return [];
  const { server_name: name, server_url: url, access_token: accessToken, refresh_token: refreshToken, issuer } = entry;
  const scope = Array.isArray(entry['scopes']) ? entry['scopes'].join(' ') : undefined;
  return parseCachedLogin({
    name,
    url,
    accessToken,
    refreshToken,
    expiresAtSeconds: toSeconds(entry['expires_at']),
    issuer,
    clientId: entry['client_id'],
    scope,
  });
}
