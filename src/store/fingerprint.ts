import { loadCrypto } from '../text/node-crypto.js';

/** A SHA-256 hash (base64url) by which a text is recognised without being stored. */
export function createFingerprint(text: string): string {
  return loadCrypto().createHash('sha256').update(text).digest('base64url');
}
