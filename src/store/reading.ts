/** Reading the file as it stands: no lock, nothing written, and whose it is checked. */
import { closeSync, fstatSync, lstatSync, openSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { AuthError } from '../errors.js';
import { saveAsUtf8, textOf } from '../file-text.js';
import { isTrustedOwner } from './owner.js';

/**
 * The file's text, empty where there is none, and what the person should know of who else may read or replace it.
 *
 * @throws AuthError `store_unreadable`, also for a file of another user; `store_invalid` for one in UTF-16.
 */
export function readStoreText(file: string): { readonly text: string; readonly finding?: string } {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const { mode, uid } = fstatSync(descriptor);
      checkOwner(file, uid);
      const text = textOf(readFileSync(descriptor));
      if (text === undefined)
        throw new AuthError('store_invalid', `The store ${file} is in UTF-16. It was left as it is.`, { hint: saveAsUtf8 });
      return { text, finding: findingOf({ file, mode, folder: statSync(path.dirname(file)) }) };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof AuthError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { text: '' };
    throw new AuthError('store_unreadable', `The store ${file} cannot be read (${code ?? 'unknown reason'}).`, {
      hint: 'See who owns it and what it is, or name another with --store FILE or MCP_AUTH_STORE.',
      cause: error,
    });
  }
}

/** Whoever owns the store, or a link to it, can put another login into it, as one for a server of theirs. */
function checkOwner(file: string, uid: number): void {
  const link = lstatSync(file, { throwIfNoEntry: false });
  const stranger = [uid, ...(link?.isSymbolicLink() ? [link.uid] : [])].find((one) => !isTrustedOwner(one));
  if (stranger === undefined) return;
  throw new AuthError('store_unreadable', `The store ${file} belongs to another user (uid ${stranger}), who could put any login into it.`, {
    hint: 'Take a copy of it that is your own, or name another with --store FILE or MCP_AUTH_STORE.',
  });
}

function findingOf({ file, mode, folder }: { file: string; mode: number; folder: { mode: number } }): string | undefined {
  if (process.platform === 'win32') return undefined;
  if ((mode & 0o077) !== 0) return `${file} can be read by other users of this machine. Run: chmod 600 ${file}`;
  const isOpen = (folder.mode & 0o002) !== 0 && (folder.mode & 0o1000) === 0;
  return isOpen ? `Other users of this machine can replace ${file}. Run: chmod o-w ${path.dirname(file)}` : undefined;
}
