/** The store's file itself: where it is, replacing it at once, and what killed processes leave next to it. */
import { renameSync, statSync } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, readlink, realpath, rm, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { AuthError } from '../errors.js';
import { getTemporaryPath, writeTemporaryFile } from './atomic-write.js';
import { findUntrustedOwner } from './file-owner.js';
import { mayBeInUse, retryWhileInUse } from './in-use.js';
import { ownerFileName } from './lock.js';
import { createOtherUserError } from './reading.js';
import { removeOwnPath } from './removal.js';
import { syncFolder } from './sync-folder.js';
import { createUnwritableError } from './unwritable.js';

/**
 * The path behind symbolic links, even if there is no file yet, so that every path to a store leads to the same lock. Creates the
 * folder (0700). Throws `store_unreadable` for another user's file or link, `store_unwritable`.
 */
export async function resolveTarget(file: string, maxLinks = 40): Promise<string> {
  try {
    const untrusted = findUntrustedOwner(file);
    if (untrusted !== undefined) throw createOtherUserError(file, untrusted);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw error instanceof AuthError ? error : createUnwritableError(path.dirname(file), error);
  }
  const target = await realpath(file).catch(() => undefined);
  if (target !== undefined) return target;
  const folder = await realpath(path.dirname(file));
  const link = await readlink(file).catch(() => undefined);
  if (link === undefined) return path.join(folder, path.basename(file));
  if (maxLinks === 0) throw createUnwritableError(file, Object.assign(new Error(), { code: 'ELOOP' }));
  return resolveTarget(path.resolve(folder, link), maxLinks - 1);
}

/** Differs between two versions of the file; '' if there is none. */
export function getVersion(target: string): string {
  const stats = statSync(target, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? '' : [stats.dev, stats.ino, stats.size, stats.mtimeNs].join(' ');
}

/** Writes a text to a temporary file next to the store, and flushes it. Returns its path. The mode is the store's, at most 0600. */
export async function writeNextTo(target: string, text: string): Promise<string> {
  const mode = (statSync(target, { throwIfNoEntry: false })?.mode ?? 0o600) & 0o600;
  try {
    await removeLeftovers(path.dirname(target), path.basename(target));
    return await writeTemporaryFile(target, text, { mode: mode || 0o600 });
  } catch (error) {
    throw createUnwritableError(target, error);
  }
}

/** Renames a temporary file to the store, and flushes the folder. */
export async function replaceFile(target: string, written: string): Promise<void> {
  try {
    await retryWhileInUse(() => renameSync(written, target));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A file that is mounted into a container by itself cannot be replaced: it is overwritten. The temporary file stays until
    // that is done, and for good if it fails.
    const isMounted = code === 'EBUSY' && !mayBeInUse(error);
    if (isMounted) await fillFile(target, written);
    await rm(written, { force: true }).catch(() => undefined);
    if (!isMounted) throw createUnwritableError(target, error);
  }
  await syncFolder(path.dirname(target));
}

/** Overwrites the file in place. If that fails, restores the old content and keeps the new one in `….unwritten`. */
async function fillFile(target: string, written: string): Promise<void> {
  const before = await readFile(target);
  const handle = await open(target, 'r+').catch((error: unknown) => {
    throw createUnwritableError(target, error);
  });
  try {
    await overwrite(handle, await readFile(written));
  } catch (error) {
    const unwritten = `${target}.unwritten`;
    renameSync(written, unwritten);
    await overwrite(handle, before).catch(() => undefined);
    throw new AuthError('store_unwritable', `${target} could not be overwritten. Its new content is in ${unwritten}.`, {
      hint: 'Free disk space, then move that file to its place.',
      cause: error,
    });
  } finally {
    await handle.close();
  }
}

async function overwrite(handle: FileHandle, content: Buffer): Promise<void> {
  for (let at = 0; at < content.length;) at += (await handle.write(content, at, content.length - at, at)).bytesWritten;
  await handle.truncate(content.length);
  await handle.sync();
}

/** Milliseconds after which a temporary file is a leftover of a process that was killed. */
const leftoverAge = 60_000;

/** The end of a temporary name, after the store's name: of a file or a lock, also as `conf` wrote them until 0.1.0. */
const leftoverName = /^(.*\.)?[\da-f-]{4,36}\.tmp(\.tmp-[\da-f]+)?$/;

async function removeLeftovers(folder: string, base: string): Promise<void> {
  const start = `.${base}.`;
  for (const name of await readdir(folder)) {
    if (!name.startsWith(start) || !leftoverName.test(name.slice(start.length))) continue;
    const file = path.join(folder, name);
    const touched = (await lstat(file).catch(() => undefined))?.mtimeMs ?? Infinity;
    if (Date.now() - touched > leftoverAge) await removeOwnPath(file, ownerFileName).catch(() => undefined);
  }
}

/** Bytes that a login may add to the file. */
const maxLoginBytes = 32 * 1024;

/** Checks that the disk has room for a change, by writing as much and deleting it. Throws `store_unwritable`. */
export async function checkRoom(target: string): Promise<void> {
  const size = statSync(target, { throwIfNoEntry: false })?.size ?? 0;
  const probe = getTemporaryPath(path.dirname(target), path.basename(target));
  try {
    await writeFile(probe, Buffer.alloc(size + maxLoginBytes), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw createUnwritableError(target, error);
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}
