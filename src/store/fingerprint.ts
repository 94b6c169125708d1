import { createHash } from 'node:crypto';

/** Stands for a text where it has to be recognised and not known. */
export function createFingerprint(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
