/** Deleting what a process of ours has left in a folder where other users may be able to write. */
import { constants } from 'node:fs';
import { access, lstat, open, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { isOwnUid } from './file-owner.js';

/** Deletes a file, or a folder that contains at most a file called `inside`, if it belongs to the current user. */
export async function removeOwnPath(file: string, inside: string): Promise<void> {
  const stats = await lstat(file);
  if (!isOwnUid(stats.uid)) return;
  if (stats.isDirectory()) await removeOwnFolder(file, inside);
  else await unlink(file);
}

/** Deletes a folder of the current user and the file called `inside` in it. Any other file in it keeps the folder: `rmdir` fails. */
export async function removeOwnFolder(folder: string, inside: string): Promise<void> {
  const handle = await openFolder(folder);
  try {
    if (handle !== undefined && !isOwnUid((await handle.stat()).uid)) return;
    await unlink(path.join(await getPathOfOpenFolder(folder, handle), inside)).catch(() => undefined);
  } finally {
    await handle?.close();
  }
  await rmdir(folder);
}

/** Undefined on Windows, where folders cannot be opened. Throws for a symbolic link. */
async function openFolder(folder: string): Promise<FileHandle | undefined> {
  if (process.platform === 'win32') return undefined;
  return open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

/** A path to the folder that is open, where the system has one: another user may have replaced the folder of that name by now. */
async function getPathOfOpenFolder(folder: string, handle: FileHandle | undefined): Promise<string> {
  if (handle === undefined) return folder;
  const open = `/proc/self/fd/${handle.fd}`;
  return access(open).then(
    () => open,
    () => folder,
  );
}
