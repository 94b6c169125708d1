import path from 'node:path';
import { withoutMark } from '../file-text.js';
import { isObject } from '../json.js';
import { cacheFile, inSeconds, parseCached, started, tokenHeader, type App, type CachedLogin, type CopiedLogin } from './app.js';
import { invalid } from './formats/jsonc.js';
import { jsonc } from './formats/jsonc.js';

/** Gemini CLI: `~/.gemini/settings.json`, and the same in a project. */
export const gemini: App = {
  name: 'gemini',
  summary: 'Gemini CLI',
  format: jsonc,
  servers: ['mcpServers'],
  hasBareVariables: true,
  configPath: ({ home, folder }, project) => path.join(project ? folder : home, '.gemini', 'settings.json'),
  entries: {
    bridge: started,
    header: (connection) => ({ httpUrl: connection.url, headers: tokenHeader(connection) }),
    copy: ({ url }) => ({ httpUrl: url }),
  },
  cache: cacheFile({
    path: ({ home }) => path.join(home, '.gemini', 'mcp-oauth-tokens.json'),
    put: (text, login) => {
      const others = parseList(text).filter((entry) => !isObject(entry) || entry['serverName'] !== login.name);
      return `${JSON.stringify([...others, cached(login)], null, 2)}\n`;
    },
    read: (text) => parseList(text).flatMap(readCached),
  }),
};

function parseList(text: string): unknown[] {
  if (text.trim() === '') return [];
  try {
    const value: unknown = JSON.parse(withoutMark(text));
    if (Array.isArray(value)) return value;
  } catch {
    // Not its cache, or half of it.
  }
  throw invalid('The token cache of Gemini CLI', 'is not the list that it should be');
}

function cached({ name, url, accessToken, refreshToken, expiresAt, scope, clientId, tokenEndpoint, now }: CopiedLogin) {
  const token = { accessToken, tokenType: 'Bearer', refreshToken, scope, ...(expiresAt !== undefined && { expiresAt: expiresAt * 1000 }) };
  return { serverName: name, token, clientId, tokenUrl: tokenEndpoint, mcpServerUrl: url, updatedAt: now * 1000 };
}

function readCached(entry: unknown): CachedLogin[] {
  if (!isObject(entry) || !isObject(entry['token'])) return [];
  const { serverName: name, mcpServerUrl: url, clientId, tokenUrl: tokenEndpoint } = entry;
  const { accessToken, refreshToken, expiresAt, scope } = entry['token'];
  return parseCached({ name, url, accessToken, refreshToken, expiresAt: inSeconds(expiresAt), scope, clientId, tokenEndpoint });
}
