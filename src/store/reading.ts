/** Reading the file as it stands: no lock, nothing written, and whose it is checked. */
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync, type Stats } from 'node:fs';
import path from 'node:path';
import { AuthError } from '../errors.js';
import { saveAsUtf8Hint, decodeText } from '../text/file-text.js';
import { isTrustedOwner, findUntrustedOwner } from './file-owner.js';

/**
 * The file's text, empty where there is none, and what the person should know of who else may read or replace it.
 *
 * @throws AuthError `store_unreadable`, also for a file of another user; `store_invalid` for one in UTF-16.
 */
export function readStoreText(file: string): { readonly text: string; readonly finding?: string } {
  try {
    // A pipe that another user has put there is not waited for.
    const descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK || 0));
    try {
      const stats = fstatSync(descriptor);
      const { mode } = stats;
      checkOwner(file, stats);
      const text = decodeText(stats.isFIFO() ? readFileSync(file) : readFileSync(descriptor));
      if (text === undefined)
        throw new AuthError('store_invalid', `The store ${file} is in UTF-16. It was left as it is.`, { hint: saveAsUtf8Hint });
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
function checkOwner(file: string, { uid }: Stats): void {
  const stranger = isTrustedOwner(uid) ? findUntrustedOwner(file) : uid;
  if (stranger !== undefined) throw createOtherUserError(file, stranger);
}

/** The error for a store, or a link to it, of another user. */
export function createOtherUserError(file: string, uid: number): AuthError {
  return new AuthError('store_unreadable', `The store ${file} belongs to another user (uid ${uid}), who could put any login into it.`, {
    hint: 'Take a copy of it that is your own, or name another with --store FILE or MCP_AUTH_STORE.',
  });
}

/** What the person should know of who else may read the file, or put another in its place. */
function findingOf({ file, mode, folder }: { file: string; mode: number; folder: Stats }): string | undefined {
  if (process.platform === 'win32') return undefined;
  if ((mode & 0o077) !== 0) return `${file} can be read by other users of this machine. Run: chmod 600 ${file}`;
  const place = path.dirname(file);
  if (!isTrustedOwner(folder.uid)) return `${place} belongs to another user (uid ${folder.uid}), who can replace ${file}.`;
  // In a folder like /tmp, each can replace what is their own.
  if ((folder.mode & 0o1000) !== 0) return undefined;
  if ((folder.mode & 0o002) !== 0) return `Other users of this machine can replace ${file}. Run: chmod o-w ${place}`;
  // Where new files are the group's to write, that group is the user's own, as a rule.
  const isForOthers = (folder.mode & 0o020) !== 0 && folder.gid !== process.getgid?.() && folder.gid !== 0;
  return isForOthers ? `The group ${folder.gid} of this machine can replace ${file}. Run: chmod g-w ${place}` : undefined;
}
