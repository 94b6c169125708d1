import path from 'node:path';
import { parseCachedLogin, type App, type CachedLogin, type CopiedLogin, type KnownServer, type AppEnvironment } from './app.js';
import { jsonc } from './formats/jsonc.js';
import { toSeconds } from '../text/duration.js';
import { loadCrypto } from '../text/node-crypto.js';

/** mcp-remote, which has a cache but no configuration: one file per server, named by a hash of its URL. */
export const mcpRemote: App = {
  name: 'mcp-remote',
  summary: 'mcp-remote',
  format: jsonc,
  servers: [],
  configPath: () => undefined,
  entries: { copy: () => ({}) },
  cache: {
    files: (place, login) => [
      { path: getCacheFile(place, login.url, 'tokens'), put: () => `${JSON.stringify(toCacheEntry(login), null, 2)}\n` },
      { path: getCacheFile(place, login.url, 'client_info'), put: () => `${JSON.stringify(toClientInfo(login), null, 2)}\n` },
    ],
    sources: (place, known) =>
      known.map((server) => ({
        path: getCacheFile(place, server.url, 'tokens'),
        read: (text) => readCached(jsonc.parse(text, 'the cache'), server),
      })),
  },
  nextSteps: 'Alternatively, replace npx mcp-remote URL with: mcp-auth bridge NAME, which shares the login.',
};

function getCacheFile({ home, variables }: AppEnvironment, url: string, what: string): string {
  const folder = variables['MCP_REMOTE_CONFIG_DIR'] ?? path.join(home, '.mcp-auth');
  return path.join(folder, 'mcp-remote-v1', `${hashUrl(url)}_${what}.json`);
}

function hashUrl(url: string): string {
  return loadCrypto().createHash('md5').update(url).digest('hex');
}

function toCacheEntry({ accessToken, refreshToken, expiresAtSeconds, scope, issuer, nowSeconds }: CopiedLogin) {
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    ...(expiresAtSeconds !== undefined && { expires_in: Math.max(0, expiresAtSeconds - nowSeconds), expires_at: expiresAtSeconds * 1000 }),
    ...(scope !== undefined && { scope }),
    ...(issuer !== undefined && { issuer }),
  };
}

/** mcp-remote accepts only a client whose redirect URI has the port that it derives from the hash. */
function toClientInfo({ url, clientId = '', clientSecret }: CopiedLogin) {
  const port = 3335 + (Number.parseInt(hashUrl(url).slice(0, 4), 16) % 45_816);
  return {
    client_id: clientId,
    ...(clientSecret !== undefined && { client_secret: clientSecret }),
    redirect_uris: [`http://localhost:${port}/oauth/callback`],
  };
}

function readCached(entry: Record<string, unknown>, { name, url }: KnownServer): CachedLogin[] {
  const { access_token: accessToken, refresh_token: refreshToken, expires_at: expiresAt, scope, issuer } = entry;
  return parseCachedLogin({ name, url, accessToken, refreshToken, expiresAtSeconds: toSeconds(expiresAt), scope, issuer });
}
