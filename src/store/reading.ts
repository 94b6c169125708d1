/** Reading the file: without a lock, without writing, and only if its owner is trusted. */
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync, type Stats } from 'node:fs';
import path from 'node:path';
import { AuthError, getSystemCode } from '../errors.js';
import { saveAsUtf8Hint, decodeText } from '../text/file-text.js';
import { isTrustedOwner, findUntrustedOwner } from './file-owner.js';

/**
 * The file's text ('' if there is no file), and a warning if other users may read or replace the file.
 *
 * @throws AuthError `store_unreadable`, also for a file of another user; `store_invalid` for a file in UTF-16.
 */
export function readStoreText(file: string): { readonly text: string; readonly warning?: string } {
  try {
    // O_NONBLOCK: opening a pipe of another user would wait for its writer.
    const descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK || 0));
    try {
      const stats = fstatSync(descriptor);
      const { mode } = stats;
      checkOwner(file, stats);
      const text = decodeText(stats.isFIFO() ? readFileSync(file) : readFileSync(descriptor));
      if (text === undefined)
        throw new AuthError('store_invalid', `The store ${file} is in UTF-16. It was not changed.`, { hint: saveAsUtf8Hint });
      return { text, warning: formatWarning({ file, mode, folder: statSync(path.dirname(file)) }) };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof AuthError) throw error;
    const code = getSystemCode(error);
    if (code === 'ENOENT') return { text: '' };
    throw new AuthError('store_unreadable', `The store ${file} cannot be read (${code}).`, {
      hint: 'Check its owner and permissions, or use another file with --store FILE or MCP_AUTH_STORE.',
      cause: error,
    });
  }
}

/** The owner of the store, or of a symbolic link to it, can put any login into it, for example one for their own server. */
function checkOwner(file: string, { uid }: Stats): void {
  const other = isTrustedOwner(uid) ? findUntrustedOwner(file) : uid;
  if (other !== undefined) throw createOtherUserError(file, other);
}

/** The `store_unreadable` error for a store, or a symbolic link to it, of another user. */
export function createOtherUserError(file: string, uid: number): AuthError {
  return new AuthError('store_unreadable', `The store ${file} belongs to another user (uid ${uid}), who could put any login into it.`, {
    hint: 'Use your own copy of it, or another file with --store FILE or MCP_AUTH_STORE.',
  });
}

/** A warning if other users may read the file, or replace it by another. */
function formatWarning({ file, mode, folder }: { file: string; mode: number; folder: Stats }): string | undefined {
  if (process.platform === 'win32') return undefined;
  if ((mode & 0o077) !== 0) return `${file} can be read by other users of this machine. Run: chmod 600 ${file}`;
  const folderPath = path.dirname(file);
  if (!isTrustedOwner(folder.uid)) return `${folderPath} belongs to another user (uid ${folder.uid}), who can replace ${file}.`;
  // Sticky bit, as on /tmp: users can replace only their own files.
  if ((folder.mode & 0o1000) !== 0) return undefined;
  if ((folder.mode & 0o002) !== 0) return `Other users of this machine can replace ${file}. Run: chmod o-w ${folderPath}`;
  // A folder that is writable for the user's own group is usual where each user has a group.
  const isForOthers = (folder.mode & 0o020) !== 0 && folder.gid !== process.getgid?.() && folder.gid !== 0;
  return isForOthers ? `The group ${folder.gid} of this machine can replace ${file}. Run: chmod g-w ${folderPath}` : undefined;
}
