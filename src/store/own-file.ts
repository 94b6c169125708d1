/** Reading files that must be the current user's: in a shared folder such as /tmp, other users may plant some. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { isOwnUid, isTrustedOwner } from './file-owner.js';

/** Far more than any file that mcp-auth writes next to the store. */
const maxBytes = 4 * 1024 * 1024;

/** The text of a regular file of a trusted owner, up to 4 MiB; undefined for anything else, also for a symbolic link. */
export function readOwnFile(file: string): string | undefined {
  let descriptor: number | undefined;
  try {
    // O_NONBLOCK: opening a pipe would wait for its writer.
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW || 0) | (constants.O_NONBLOCK || 0));
    const stats = fstatSync(descriptor);
    return stats.isFile() && stats.size <= maxBytes && isTrustedOwner(stats.uid) ? readFileSync(descriptor, 'utf8') : undefined;
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Whether a folder is the current user's, not a symbolic link, and not writable by other users. */
export function isPrivateFolder(folder: string): boolean {
  try {
    const stats = lstatSync(folder);
    return stats.isDirectory() && isOwnUid(stats.uid) && (process.platform === 'win32' || (stats.mode & 0o022) === 0);
  } catch {
    return false;
  }
}
