/** The seal of a document: who can open it. The secrets themselves are sealed by codec.ts, with a key that only the recipients get. */
import { isListOfText, isObject } from '../../text/json.js';
import type { StoreDocument } from '../document.js';
import { createSealBrokenError } from './seal-errors.js';

/** The member `seal` of a document, as SOPS does it: a random data key, encrypted by age to each recipient. No part of it is secret. */
export interface Seal {
  /** Public keys, as `age1…`: for people to read. `key` decides who can open it. */
  readonly recipients: readonly string[];
  /** An age file in ASCII armor, with the 32 octets of the data key. */
  readonly key: string;
}

/** The seal of a document; undefined if it has none. @throws AuthError `seal_broken` for one that cannot be read. */
export function readSeal({ seal }: StoreDocument): Seal | undefined {
  if (seal === undefined) return undefined;
  if (isObject(seal)) {
    const { recipients, key } = seal;
    if (isListOfText(recipients) && typeof key === 'string' && key !== '') return { recipients, key };
  }
  throw createSealBrokenError('The member "seal" of the store is damaged.', 'Restore it from a backup of the store.');
}
