import { loadCrypto } from '../text/node-crypto.js';
import type { CopiedLogin } from './app.js';

/**
 * The key of a login in the caches of Claude Code and Codex, which use the same scheme: the server's name, and the first half of
 * a hash of its type, URL and headers.
 */
export function computeCacheKey({ name, url }: Pick<CopiedLogin, 'name' | 'url'>): string {
  const hash = loadCrypto()
    .createHash('sha256')
    .update(JSON.stringify({ type: 'http', url, headers: {} }))
    .digest('hex');
  return `${name}|${hash.slice(0, 16)}`;
}
