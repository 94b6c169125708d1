import path from 'node:path';
import { isObject } from '../text/json.js';
import { createFileCache, parseCachedLogin, toCommandEntry, toUrlEntry, type App, type CachedLogin, type CopiedLogin } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Cline's command line. In VS Code, the extension keeps the same file in its own storage. */
export const cline: App = {
  name: 'cline',
  summary: 'Cline',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: (place, project) => (project ? undefined : getSettingsFile(place)),
  entries: {
    bridge: toCommandEntry,
    header: (connection) => ({ type: 'streamableHttp', ...toUrlEntry(connection) }),
    copy: ({ url }) => ({ type: 'streamableHttp', url }),
  },
  // It keeps tokens in the server's entry.
  cache: createFileCache({
    path: getSettingsFile,
    put: (text, login) => jsonc.put(text, ['mcpServers', login.name], { entry: { oauth: toCacheEntry(login) }, replaced: ['oauth'] }),
    read: (text) => Object.entries(jsonc.parse(text, 'the cache')['mcpServers'] ?? {}).flatMap(readCached),
  }),
};

function getSettingsFile({ home, variables }: { home: string; variables: Readonly<Record<string, string | undefined>> }): string {
  return path.join(variables['CLINE_DIR'] ?? path.join(home, '.cline'), 'data', 'settings', 'cline_mcp_settings.json');
}

function toCacheEntry({ clientId = '', clientSecret, accessToken, refreshToken, expiresAtSeconds, scope, nowSeconds }: CopiedLogin) {
  return {
    clientInformation: { client_id: clientId, ...(clientSecret !== undefined && { client_secret: clientSecret }) },
    tokens: {
      access_token: accessToken,
      token_type: 'Bearer',
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      ...(expiresAtSeconds !== undefined && { expires_in: Math.max(0, expiresAtSeconds - nowSeconds) }),
      ...(scope !== undefined && { scope }),
    },
    lastAuthenticatedAt: nowSeconds * 1000,
  };
}

function readCached([name, entry]: [string, unknown]): CachedLogin[] {
  if (!isObject(entry) || !isObject(entry['oauth']) || !isObject(entry['oauth']['tokens'])) return [];
  const { tokens, clientInformation, lastAuthenticatedAt } = entry['oauth'] as Record<string, unknown> & {
    tokens: Record<string, unknown>;
  };
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn, scope } = tokens;
  const { client_id: clientId, client_secret: clientSecret } = isObject(clientInformation) ? clientInformation : {};
  const knowsExpiry = typeof expiresIn === 'number' && typeof lastAuthenticatedAt === 'number';
  const expiresAtSeconds = knowsExpiry ? lastAuthenticatedAt / 1000 + expiresIn : undefined;
  return parseCachedLogin({ name, url: entry['url'], accessToken, refreshToken, expiresAtSeconds, scope, clientId, clientSecret });
}
