/** What has been exported and taken out of the store, until it is known to have arrived: the pipe to it may break. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { formatDocument, type StoreDocument } from './document.js';
import { createUnwritableError } from './unwritable.js';

/** Writes it beside the store, 0600. Returns where. */
export async function writeMovedLogin(store: string, { name, document }: { name: string; document: StoreDocument }): Promise<string> {
  const file = getMovedLoginPath(store, name);
  const temporary = `${file}.tmp`;
  try {
    await rm(temporary, { force: true });
    await writeFile(temporary, formatDocument(document), { flag: 'wx', mode: 0o600, flush: true });
    await rename(temporary, file);
    return file;
  } catch (error) {
    throw createUnwritableError(store, error);
  }
}

/** Takes away what was kept of server `name`: it is known to have arrived. */
export async function removeMovedLogin(store: string, name: string): Promise<void> {
  await rm(getMovedLoginPath(store, name), { force: true }).catch(() => undefined);
}

/** The file of server `name`. */
export function getMovedLoginPath(store: string, name: string): string {
  return `${store}.${encodeURIComponent(name)}.moved`;
}
