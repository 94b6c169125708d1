/** A login that `export --move` has taken out of the store: a copy is kept until the login is known to have arrived. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { writeAtomically } from './atomic-write.js';
import { formatDocument, parseDocument, type StoreDocument } from './document.js';
import { readOwnFile } from './own-file.js';
import { createUnwritableError } from './unwritable.js';
import { encodeForFileName } from './file-name.js';

/** Writes the copy next to the store, 0600: of a sealed store, a document that is sealed as well. Returns its path. Throws `store_unwritable`. */
export async function writeMovedLogin(store: string, { name, document }: { name: string; document: StoreDocument }): Promise<string> {
  const file = getMovedLoginPath(store, name);
  try {
    await writeAtomically(file, formatDocument(document), { namedAfter: path.basename(store) });
    return file;
  } catch (error) {
    throw createUnwritableError(store, error);
  }
}

/** The copy of server `name`, as it is on disk; undefined if there is none, or it is not a document. */
export async function readMovedLogin(store: string, name: string): Promise<StoreDocument | undefined> {
  const file = getMovedLoginPath(store, name);
  const text = readOwnFile(file);
  return text === undefined ? undefined : parseDocument(text, file).catch(() => undefined);
}

/** Deletes the copy of server `name`. */
export async function removeMovedLogin(store: string, name: string): Promise<void> {
  await rm(getMovedLoginPath(store, name), { force: true }).catch(() => undefined);
}

/** Where the copy of server `name` is. */
export function getMovedLoginPath(store: string, name: string): string {
  return `${store}.${encodeForFileName(name)}.moved`;
}
