import path from 'node:path';
import { isObject } from '../text/json.js';
import { createFileCache, parseCachedLogin, createTokenHeader, type App, type CachedLogin, type CopiedLogin } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** opencode: `~/.config/opencode/opencode.json`, and the same in a project. */
export const opencode: App = {
  name: 'opencode',
  summary: 'opencode',
  format: jsonc,
  servers: ['mcp'],
  configPath: ({ home, folder, variables }, project) =>
    project
      ? path.join(folder, 'opencode.json')
      : path.join(variables['XDG_CONFIG_HOME'] ?? path.join(home, '.config'), 'opencode', 'opencode.json'),
  entries: {
    bridge: ({ bridge }) => ({ type: 'local', command: bridge, enabled: true }),
    header: (connection) => ({ type: 'remote', url: connection.url, headers: createTokenHeader(connection), oauth: false, enabled: true }),
    copy: ({ url }) => ({ type: 'remote', url, enabled: true }),
  },
  cache: createFileCache({
    path: ({ home, variables }) => path.join(variables['XDG_DATA_HOME'] ?? path.join(home, '.local', 'share'), 'opencode', 'mcp-auth.json'),
    put: (text, login) => jsonc.put(text, [login.name], { entry: toCacheEntry(login), replaced: [] }),
    read: (text) => Object.entries(jsonc.parse(text, 'the cache')).flatMap(readCached),
  }),
};

function toCacheEntry({ url, accessToken, refreshToken, expiresAtSeconds, scope, clientId, clientSecret }: CopiedLogin) {
  return {
    serverUrl: url,
    tokens: {
      accessToken,
      ...(refreshToken !== undefined && { refreshToken }),
      ...(expiresAtSeconds !== undefined && { expiresAt: expiresAtSeconds }),
      ...(scope !== undefined && { scope }),
    },
    ...(clientId !== undefined && { clientInfo: { clientId, ...(clientSecret !== undefined && { clientSecret }) } }),
  };
}

function readCached([name, entry]: [string, unknown]): CachedLogin[] {
  if (!isObject(entry) || !isObject(entry['tokens'])) return [];
  const { accessToken, refreshToken, expiresAt, scope } = entry['tokens'];
  const { clientId, clientSecret } = isObject(entry['clientInfo']) ? entry['clientInfo'] : {};
  return parseCachedLogin({
    name,
    url: entry['serverUrl'],
    accessToken,
    refreshToken,
    expiresAtSeconds: expiresAt,
    scope,
    clientId,
    clientSecret,
  });
}
