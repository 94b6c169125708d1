import path from 'node:path';
import { isObject } from '../text/json.js';
import {
  createFileCache,
  parseCachedLogin,
  createTokenHeader,
  findXdgFolder,
  pickExisting,
  type App,
  type AppEnvironment,
  type CachedLogin,
  type CopiedLogin,
  type TokenCache,
} from './app.js';
import { jsonc } from './formats/jsonc.js';

/** opencode: `~/.config/opencode/opencode.json`, and the same in a project. */
export const opencode: App = {
  name: 'opencode',
  summary: 'opencode',
  format: jsonc,
  servers: ['mcp'],
  configPath: (place, project) => pickExisting(place, listFiles(project ? place.folder : findUserFolder(place))),
  pathsDependOn: (place) => [...listFiles(findUserFolder(place)), ...listFiles(place.folder)],
  entries: {
    bridge: ({ bridge }) => ({ type: 'local', command: bridge, enabled: true }),
    header: (connection) => ({ type: 'remote', url: connection.url, headers: createTokenHeader(connection), oauth: false, enabled: true }),
    copy: ({ url }) => ({ type: 'remote', url, enabled: true }),
  },
  cache: createOpencodeCache('opencode'),
};

function findUserFolder(place: AppEnvironment): string {
  return path.join(findXdgFolder(place), 'opencode');
}

/** It reads both. */
function listFiles(folder: string): [string, ...string[]] {
  return [path.join(folder, 'opencode.json'), path.join(folder, 'opencode.jsonc')];
}

/** A token cache in the format of opencode, in the data folder of an app that is made from it. */
export function createOpencodeCache(folder: string): TokenCache {
  return createFileCache({
    path: ({ home, variables }) => path.join(variables['XDG_DATA_HOME'] ?? path.join(home, '.local', 'share'), folder, 'mcp-auth.json'),
    put: (text, login) => jsonc.put(text, [login.name], { entry: toCacheEntry(login), replaced: [] }),
    read: (text) => Object.entries(jsonc.parse(text, 'the cache')).flatMap(readCached),
  });
}

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
