/** Whose files are believed: in a folder that is shared, as /tmp is, others may plant some. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { isOwnUid, isTrustedOwner } from './file-owner.js';

/** Bytes: what we keep beside the store is far shorter. */
const largest = 4 * 1024 * 1024;

/** The text of a file that is this very user's, no link, and none that takes long to read; undefined for any other. */
export function readOwnFile(file: string): string | undefined {
  let descriptor: number | undefined;
  try {
    // A link is not followed, and a pipe is not waited for.
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW || 0) | (constants.O_NONBLOCK || 0));
    const stats = fstatSync(descriptor);
    return stats.isFile() && stats.size <= largest && isTrustedOwner(stats.uid) ? readFileSync(descriptor, 'utf8') : undefined;
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Whether a folder is this very user's, is no link, and lets no other user write. */
export function isPrivateFolder(folder: string): boolean {
  try {
    const stats = lstatSync(folder);
    return stats.isDirectory() && isOwnUid(stats.uid) && (process.platform === 'win32' || (stats.mode & 0o022) === 0);
  } catch {
    return false;
  }
}
