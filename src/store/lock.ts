/**
 * Locks between processes, also of different containers or hosts that share a folder. A lock is a folder with a file in it
 * that says who holds it, and comes and goes by one rename, which is atomic on NFS too: nobody who is killed leaves a lock
 * that nobody holds. The holder touches it every few seconds.
 *
 * A holder that has ended is replaced at once where that can be seen, which is on the same host and in the same process
 * namespace. Any other holder is judged by what it does: one that has stopped touching its lock for as long as somebody
 * has watched is given up. No two machines' clocks are compared for that.
 */
import { lstat, lutimes, mkdir, readdir, rename, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AuthError } from '../errors.js';
import { hasEnded, parseLockOwner, createLockOwner } from './lock-owner.js';
import { readOwnFile } from './own-file.js';
import { removeOwnFolder } from './removal.js';
import { createUnwritableError } from './unwritable.js';

/** The one file in a lock. */
export const ownerFileName = 'owner.json';

/** Milliseconds between two touches by the holder. */
const heartbeat = 2_000;
/**
 * Milliseconds without a touch after which a holder that cannot be looked for is given up: more than a request may take,
 * so that a machine that was suspended in the middle of one has its chance. One that seems to be long gone gets less.
 */
const silence = 45_000;
const silenceOfOld = 3 * heartbeat;
const old = 120_000;
/** The longest pause between two looks, in milliseconds. */
const longestPause = 200;

/** How long another holder is waited for, in milliseconds, and what ends the waiting early. */
export interface LockOptions<T = unknown> {
  readonly timeout: number;
  readonly signal?: AbortSignal;
  /** What makes the work needless, looked for whenever the lock is held by somebody else: who holds it may have done it. */
  readonly findResult?: () => Promise<T | undefined>;
}

type Taken<T> = { readonly release: () => Promise<void>; readonly instead?: never } | { readonly release?: never; readonly instead: T };

/**
 * Runs `work` while no other process holds the lock at `lockPath`.
 *
 * @throws AuthError `store_locked` when the holder is alive and does not end, `store_unwritable` where no lock can be made,
 * and the signal's reason.
 */
export async function withLock<T>(lockPath: string, patience: LockOptions<T>, work: () => Promise<T>): Promise<T> {
  const { release, instead } = await takeLock(lockPath, patience);
  if (release === undefined) return instead;
  try {
    return await work();
  } finally {
    // One that cannot be taken away is given up by the others: what was done under it stays done.
    await release().catch(() => undefined);
  }
}

/** The lock of one server's refresh, beside the store. Names of other programs' servers may hold any character. */
export function getServerLockPath(storeFile: string, name: string): string {
  return `${storeFile}.${encodeURIComponent(name)}.lock`;
}

/** The lock of the one who has a server's login renewed by another process. No server's name makes it another one's. */
export function getRenewalRequestLockPath(storeFile: string, name: string): string {
  return `${getServerLockPath(storeFile, name)}.asking`;
}

/** Only a lock that is held is waited for: a folder that cannot be written will not become writable. */
async function takeLock<T>(lockPath: string, { timeout: milliseconds, signal, findResult: instead }: LockOptions<T>): Promise<Taken<T>> {
  const giveUpAt = performance.now() + milliseconds;
  const watch = watcher(lockPath);
  for (let pause = 5; ; pause = Math.min(pause * 1.5, longestPause)) {
    signal?.throwIfAborted();
    const owner = await made(lockPath);
    if (owner !== undefined) return { release: hold(lockPath, owner) };
    const found = await instead?.();
    if (found !== undefined) return { instead: found };
    if ((await watch.isAbandoned()) && (await remove(lockPath, watch.id())) && (await touchedAt(lockPath)) === undefined) continue;
    if (performance.now() > giveUpAt) throw locked(lockPath, milliseconds);
    // Those who wait for one lock do not all look at the same moment.
    await wait(pause * (0.5 + Math.random()), undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

/** What rename says when there is a lock already, which differs between systems. */
const taken = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR', ...(process.platform === 'win32' ? ['EPERM', 'EACCES'] : [])];

/** Makes the lock beside its place, signed, and moves it there. Returns its owner's id; undefined when there is one already. */
async function made(lockPath: string): Promise<string | undefined> {
  if (readOwner(lockPath) !== undefined) return undefined;
  const owner = await createLockOwner(crypto.randomUUID());
  const prepared = unfinished(lockPath);
  try {
    await mkdir(prepared, { mode: 0o700 });
    await writeFile(ownerFile(prepared), JSON.stringify(owner), { flag: 'wx', mode: 0o600 });
    await rename(prepared, lockPath);
    return owner.id;
  } catch (error) {
    await removeOwnFolder(prepared, ownerFileName).catch(() => undefined);
    if (taken.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw createUnwritableError(path.dirname(lockPath), error);
  }
}

/** A name that belongs to nobody else, and that `removeLeftovers` of the store knows as such. */
function unfinished(lockPath: string): string {
  return path.join(path.dirname(lockPath), `.${path.basename(lockPath)}.${crypto.randomUUID()}.tmp`);
}

/** Keeps a lock warm until it is released. */
function hold(lockPath: string, id: string): () => Promise<void> {
  const touch = () => void lutimes(lockPath, new Date(), new Date()).catch(() => undefined);
  const beating = setInterval(touch, heartbeat);
  // Whoever holds a lock is at work; the heartbeat alone keeps no process alive.
  beating.unref();
  return async () => {
    clearInterval(beating);
    // Somebody may be about to take away what they think is another's, and is kept for a moment from doing so. Where a disk has
    // become full, the lock stays, and is taken for what it is; the work that was done under it counts.
    for (let attempt = 0; attempt < 50 && !(await remove(lockPath, id).catch(() => true)); attempt += 1) await wait(20);
  };
}

/** Follows one lock that somebody else holds. */
function watcher(lockPath: string) {
  let seen = { id: undefined as string | undefined, touched: -1, since: performance.now() };
  return {
    id: () => seen.id,
    /** Whether its holder has ended, or has been silent for too long. */
    isAbandoned: async (): Promise<boolean> => {
      const [touched, owner] = [await touchedAt(lockPath), readOwner(lockPath)];
      if (touched === undefined) return false;
      if (touched !== seen.touched || owner?.id !== seen.id) seen = { id: owner?.id, touched, since: performance.now() };
      if (owner && (await hasEnded(owner))) return true;
      const patience = Date.now() - touched > old ? silenceOfOld : silence;
      return performance.now() - seen.since > patience;
    },
  };
}

/**
 * Takes a lock away, if it is still the one of `id`. Two who want to take away the same one do so one after the other:
 * the second could otherwise take away the lock that a third has made in between.
 *
 * @returns false when somebody else is at it, so that it may be there still.
 */
async function remove(lockPath: string, id: string | undefined): Promise<boolean> {
  const guard = `${lockPath}.removal`;
  try {
    await mkdir(guard, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw createUnwritableError(path.dirname(lockPath), error);
    await clearOldGuard(guard);
    return false;
  }
  try {
    if (readOwner(lockPath)?.id !== id) return true;
    const removed = unfinished(lockPath);
    await rename(lockPath, removed);
    await removeOwnFolder(removed, ownerFileName);
  } catch {
    // It has gone, or cannot be taken away, which the next look at it finds.
  } finally {
    await rmdir(guard).catch(() => undefined);
  }
  return true;
}

/** A removal takes milliseconds: whoever was killed in the middle of one left its guard behind. */
async function clearOldGuard(guard: string): Promise<void> {
  const touched = await touchedAt(guard);
  if (touched !== undefined && Math.abs(Date.now() - touched) > silenceOfOld) await rmdir(guard).catch(() => undefined);
}

async function touchedAt(folder: string): Promise<number | undefined> {
  return lstat(folder).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

/** A lock that somebody holds, or has left. */
export interface LockStatus {
  readonly path: string;
  /** Absent where its holder has not said. */
  readonly pid?: number;
  /** Whether the holder is known to have ended. */
  readonly hasEnded: boolean;
  /** Milliseconds since the epoch, by the clock of the file system. */
  readonly touchedAt: number;
}

/** The locks of a store that are there at this moment. */
export async function readLocks(storeFile: string): Promise<LockStatus[]> {
  const folder = path.dirname(storeFile);
  const names = await readdir(folder).catch(() => []);
  const paths = names.filter((one) => one.startsWith(`${path.basename(storeFile)}.`) && /\.lock(\.asking)?$/.test(one));
  const found = await Promise.all(
    paths.map(async (one): Promise<LockStatus[]> => {
      const lockPath = path.join(folder, one);
      const [touched, owner] = [await touchedAt(lockPath), readOwner(lockPath)];
      if (touched === undefined) return [];
      return [
        { path: lockPath, touchedAt: touched, hasEnded: owner !== undefined && (await hasEnded(owner)), ...(owner && { pid: owner.pid }) },
      ];
    }),
  );
  return found.flat();
}

/** Another user may have put a pipe there, which would be waited for. */
function readOwner(lockPath: string) {
  return parseLockOwner(readOwnFile(ownerFile(lockPath)) ?? '');
}

function ownerFile(lockPath: string): string {
  return path.join(lockPath, ownerFileName);
}

function locked(lockPath: string, milliseconds: number): AuthError {
  return new AuthError('store_locked', `Another process has held ${lockPath} for ${milliseconds / 1000} seconds.`, {
    hint: 'See whether another mcp-auth hangs, and try again.',
  });
}
