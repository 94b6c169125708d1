import path from 'node:path';
import { stripByteOrderMark } from '../text/file-text.js';
import { isObject } from '../text/json.js';
import {
  createFileCache,
  parseCachedLogin,
  toCommandEntry,
  createTokenHeader,
  type App,
  type AppEnvironment,
  type CachedLogin,
  type CopiedLogin,
  type TokenCache,
} from './app.js';
import { invalidFileError } from './formats/format.js';
import { jsonc } from './formats/jsonc.js';
import { toSeconds } from '../text/duration.js';

/** Gemini CLI: `~/.gemini/settings.json`, and the same in a project. */
export const gemini: App = {
  name: 'gemini',
  summary: 'Gemini CLI',
  format: jsonc,
  servers: ['mcpServers'],
  allowsBareVariables: true,
  configPath: ({ home, folder }, project) => path.join(project ? folder : home, '.gemini', 'settings.json'),
  entries: {
    bridge: toCommandEntry,
    header: (connection) => ({ httpUrl: connection.url, headers: createTokenHeader(connection) }),
    copy: ({ url }) => ({ httpUrl: url }),
  },
  cache: createGeminiCache('Gemini CLI', ({ home }) => path.join(home, '.gemini', 'mcp-oauth-tokens.json')),
};

/** A token cache in the format of Gemini CLI, for an app that is made from it. */
export function createGeminiCache(app: string, getPath: (place: AppEnvironment) => string): TokenCache {
  return createFileCache({
    path: getPath,
    put: (text, login) => {
      const others = parseList(text, app).filter((entry) => !isObject(entry) || entry['serverName'] !== login.name);
      return `${JSON.stringify([...others, toCacheEntry(login)], null, 2)}\n`;
    },
    read: (text) => parseList(text, app).flatMap(readCached),
  });
}

function parseList(text: string, app: string): unknown[] {
  if (text.trim() === '') return [];
  try {
    const value: unknown = JSON.parse(stripByteOrderMark(text));
    if (Array.isArray(value)) return value;
  } catch {
    // Not the cache, or an incomplete one.
  }
  throw invalidFileError(`The token cache of ${app}`, 'is not a JSON list');
}

function toCacheEntry({ name, url, accessToken, refreshToken, expiresAtSeconds, scope, clientId, tokenEndpoint, nowSeconds }: CopiedLogin) {
  const token = {
    accessToken,
    tokenType: 'Bearer',
    refreshToken,
    scope,
    ...(expiresAtSeconds !== undefined && { expiresAt: expiresAtSeconds * 1000 }),
  };
  return { serverName: name, token, clientId, tokenUrl: tokenEndpoint, mcpServerUrl: url, updatedAt: nowSeconds * 1000 };
}

function readCached(entry: unknown): CachedLogin[] {
  if (!isObject(entry) || !isObject(entry['token'])) return [];
  const { serverName: name, mcpServerUrl: url, clientId, tokenUrl: tokenEndpoint } = entry;
  const { accessToken, refreshToken, expiresAt, scope } = entry['token'];
  return parseCachedLogin({ name, url, accessToken, refreshToken, expiresAtSeconds: toSeconds(expiresAt), scope, clientId, tokenEndpoint });
}
