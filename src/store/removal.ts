/** Taking away what a process of ours has left in a folder that others may be able to write: by its name, and never more. */
import { constants } from 'node:fs';
import { access, lstat, open, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { isOwnUid } from './file-owner.js';

/** Removes a file, or a folder with no more in it than a file called `inside`: if it is this very user's. */
export async function removeOwnPath(file: string, inside: string): Promise<void> {
  const stats = await lstat(file);
  if (!isOwnUid(stats.uid)) return;
  if (stats.isDirectory()) await removeOwnFolder(file, inside);
  else await unlink(file);
}

/** Removes a folder of this very user's, with the file called `inside`. Another in it keeps it there, as it would keep any. */
export async function removeOwnFolder(folder: string, inside: string): Promise<void> {
  const handle = await opened(folder);
  try {
    if (handle !== undefined && !isOwnUid((await handle.stat()).uid)) return;
    await unlink(path.join(await unmistakable(folder, handle), inside)).catch(() => undefined);
  } finally {
    await handle?.close();
  }
  await rmdir(folder);
}

/** Undefined where folders cannot be opened, as on Windows. Throws for a link. */
async function opened(folder: string): Promise<FileHandle | undefined> {
  if (process.platform === 'win32') return undefined;
  return open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

/** A path to the very folder that is open, where the system has one: by its name, another could be found a moment later. */
async function unmistakable(folder: string, handle: FileHandle | undefined): Promise<string> {
  if (handle === undefined) return folder;
  const open = `/proc/self/fd/${handle.fd}`;
  return access(open).then(
    () => open,
    () => folder,
  );
}
