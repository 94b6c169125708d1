/** Whose files are believed: in a folder that is shared, as /tmp is, others may plant some. */
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { isTrustedOwner } from './owner.js';

/** The text of a file that is this very user's, and no link; undefined for any other. */
export async function readOwn(file: string): Promise<string | undefined> {
  // A link is not followed, and a pipe is not waited for.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW || 0) | (constants.O_NONBLOCK || 0)).catch(() => undefined);
  try {
    const stats = await handle?.stat();
    return stats?.isFile() && isTrustedOwner(stats.uid) ? await handle?.readFile('utf8') : undefined;
  } catch {
    return undefined;
  } finally {
    await handle?.close();
  }
}

/** Whether a folder is this user's, is no link, and lets nobody else in. */
export async function isPrivateFolder(folder: string): Promise<boolean> {
  const stats = await lstat(folder).catch(() => undefined);
  return stats?.isDirectory() === true && isTrustedOwner(stats.uid) && (process.platform === 'win32' || (stats.mode & 0o022) === 0);
}
