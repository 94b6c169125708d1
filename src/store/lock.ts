/**
 * Locks between processes, also of different containers or hosts that share a folder.
 *
 * A lock is a folder with the file `owner.json`. `proper-lockfile` is not used: for its whole stale time it cannot tell a dead
 * holder from a slow one, and two processes that find the same stale lock may both hold it afterwards
 * (https://github.com/moxystudio/node-proper-lockfile/issues/121). Node.js has no `flock`.
 *
 * The protocol:
 *
 * 1. Create: write `owner.json` into a new folder next to the lock, and rename that folder to the lock's path. A rename is
 *    atomic, on NFS too, so that no lock is without an owner, even if its process is killed.
 * 2. Wait: while there is a lock, check it again after a pause, until the timeout, the signal or `findResult` ends the wait.
 * 3. Hold: touch the folder every 2 seconds.
 * 4. Judge the holder. It is dead if its process has ended, which is visible on the same host and in the same PID namespace;
 *    or if it has not touched the lock for 45 seconds while this process watched (6 seconds if the last touch seems to be long
 *    ago). The time is the sum of this process's own pauses: clocks of two machines are never compared, and a clock that is set, or a
 *    machine that is suspended, ends nothing.
 * 5. Remove the lock of a dead holder, by one process at a time: create the folder `LOCK.removal`, check that the owner is still
 *    the same, rename the lock away and delete it. Then create (1), which another process may do first.
 * 6. Release: remove the own lock, as in 5.
 */
import { lstat, lutimes, mkdir, readdir, rename, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../effects.js';
import { AuthError } from '../errors.js';
import { getTemporaryPath } from './atomic-write.js';
import { encodeForFileName } from './file-name.js';
import { mayBeInUse } from './in-use.js';
import { createLockOwner, hasEnded, parseLockOwner } from './lock-owner.js';
import { readOwnFile } from './own-file.js';
import { removeOwnFolder } from './removal.js';
import { createUnwritableError } from './unwritable.js';

/** The only file in a lock. */
export const ownerFileName = 'owner.json';

/** Milliseconds between two touches by the holder. */
const touchInterval = 2_000;
/**
 * Milliseconds without a touch after which a holder counts as dead if its process cannot be checked: more than a request may take,
 * so that a machine that was suspended during a request can finish it. Less for a lock that seems to be old.
 */
const maxSilence = 45_000;
const maxSilenceOfOld = 3 * touchInterval;
const oldAge = 120_000;
/** Milliseconds of the longest pause between two checks. */
const maxPause = 200;

type LockClock = Pick<Clock, 'now' | 'sleep' | 'every'>;

export interface LockOptions<T = unknown> {
  readonly clock: LockClock;
  /** Milliseconds to wait for another holder. */
  readonly timeout: number;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal;
  /** Called whenever another process holds the lock: a result if that process has done the work, which ends the wait. */
  readonly findResult?: () => Promise<T | undefined>;
}

/** The lock is held until `release`; or there is a result without it. */
type Acquired<T> = { readonly release: () => Promise<void>; readonly result?: never } | { readonly release?: never; readonly result: T };

/**
 * Runs `work` while no other process holds the lock at `lockPath`.
 *
 * @throws AuthError `store_locked` if the holder is alive and does not release the lock in time, `store_unwritable` if no lock can
 * be created, and the signal's reason.
 */
export async function withLock<T>(lockPath: string, options: LockOptions<T>, work: () => Promise<T>): Promise<T> {
  const { release, result } = await new Lock(lockPath, options.clock).acquire(options);
  if (release === undefined) return result;
  try {
    return await work();
  } finally {
    // A lock that cannot be removed is judged by the other processes (4). The work is done all the same.
    await release().catch(() => undefined);
  }
}

/** The lock of one server's renewal, next to the store. Names from other programs may contain any character. */
export function getServerLockPath(storeFile: string, name: string): string {
  return `${storeFile}.${encodeForFileName(name)}.lock`;
}

/** The lock of a process that has another process renew a server's login. It cannot be the lock of another server. */
export function getRenewalRequestLockPath(storeFile: string, name: string): string {
  return `${getServerLockPath(storeFile, name)}.asking`;
}

/** The lock of a process that starts a login to a server, so that two processes that start one at once share it. */
export function getLoginStartLockPath(storeFile: string, name: string): string {
  return `${getServerLockPath(storeFile, name)}.starting`;
}

/** The codes of a rename to a lock that exists; they differ between systems. */
const lockExistsCodes = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR', ...(process.platform === 'win32' ? ['EPERM', 'EACCES'] : [])];

/** One lock, as one process sees it. The numbers are those of the protocol above. */
class Lock {
  readonly #path: string;
  readonly #clock: LockClock;

  constructor(lockPath: string, clock: LockClock) {
    this.#path = lockPath;
    this.#clock = clock;
  }

  /** Waits for the lock (2). Only for a lock that is held: a folder that cannot be written will not become writable. */
  async acquire<T>({ timeout, signal, findResult }: LockOptions<T>): Promise<Acquired<T>> {
    const holder = new Holder(this.#path, this.#clock);
    let waited = 0;
    for (let pause = 5; ; pause = Math.min(pause * 1.5, maxPause)) {
      signal?.throwIfAborted();
      const id = await this.#create();
      if (id !== undefined) return { release: this.#hold(id) };
      const result = await findResult?.();
      if (result !== undefined) return { result };
      if ((await holder.isDead()) && (await this.#remove(holder.id)) && (await readTouchTime(this.#path)) === undefined) continue;
      if (waited > timeout) throw createLockedError(this.#path, timeout);
      // Random, so that those who wait for one lock do not check it all at the same moment.
      const milliseconds = pause * (0.5 + Math.random());
      await this.#clock.sleep(milliseconds, signal);
      waited += milliseconds;
      holder.watchedFor(milliseconds);
    }
  }

  /** Creates the lock (1). Returns the owner's ID; undefined if there is a lock already. */
  async #create(): Promise<string | undefined> {
    if (readOwner(this.#path) !== undefined) return undefined;
    const owner = await createLockOwner(crypto.randomUUID());
    const prepared = this.#getTemporaryPath();
    try {
      await mkdir(prepared, { mode: 0o700 });
      await writeFile(path.join(prepared, ownerFileName), JSON.stringify(owner), { flag: 'wx', mode: 0o600 });
      await rename(prepared, this.#path);
      return owner.id;
    } catch (error) {
      await removeOwnFolder(prepared, ownerFileName).catch(() => undefined);
      if (lockExistsCodes.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
      throw createUnwritableError(path.dirname(this.#path), error);
    }
  }

  /** Touches the lock (3) until it is released (6). */
  #hold(id: string): () => Promise<void> {
    const touch = () => {
      const now = new Date(this.#clock.now());
      void lutimes(this.#path, now, now).catch(() => undefined);
    };
    const stop = this.#clock.every(touchInterval, touch);
    return async () => {
      stop();
      // Another process may have created the removal folder for a moment, to remove a lock that it believes to be dead. If the disk
      // has become full, the lock stays, and is judged by the other processes.
      for (let attempt = 0; attempt < 50 && !(await this.#remove(id).catch(() => true)); attempt += 1) await this.#clock.sleep(20);
    };
  }

  /**
   * Removes the lock if its owner still has that ID (5). One process at a time: without the removal folder, a second one could
   * remove the lock that a third has created in between.
   *
   * @returns false if another process is removing it, so that the lock may still be there.
   */
  async #remove(id: string | undefined): Promise<boolean> {
    const removal = `${this.#path}.removal`;
    try {
      await mkdir(removal, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw createUnwritableError(path.dirname(this.#path), error);
      await this.#removeLeftoverRemoval(removal);
      return false;
    }
    try {
      if (readOwner(this.#path)?.id !== id) return true;
      const removed = this.#getTemporaryPath();
      await rename(this.#path, removed);
      await removeOwnFolder(removed, ownerFileName);
    } catch (error) {
      // On Windows, a folder cannot be renamed while another process reads the file in it, as all do that wait for this lock.
      if (mayBeInUse(error)) return false;
      // It is gone, or cannot be removed: the next check finds out.
    } finally {
      await rmdir(removal).catch(() => undefined);
    }
    return true;
  }

  /** A removal takes milliseconds: if the folder is older, its process was killed. */
  async #removeLeftoverRemoval(removal: string): Promise<void> {
    const touched = await readTouchTime(removal);
    if (touched !== undefined && Math.abs(this.#clock.now() - touched) > maxSilenceOfOld) await rmdir(removal).catch(() => undefined);
  }

  #getTemporaryPath(): string {
    return getTemporaryPath(path.dirname(this.#path), path.basename(this.#path));
  }
}

/** The process that holds a lock, as another process watches it (4). */
class Holder {
  readonly #lockPath: string;
  readonly #clock: LockClock;
  #id: string | undefined;
  #touched = -1;
  /** Milliseconds that the lock was watched without a touch. */
  #silence = 0;

  constructor(lockPath: string, clock: LockClock) {
    this.#lockPath = lockPath;
    this.#clock = clock;
  }

  /** Of the owner at the last check. */
  get id(): string | undefined {
    return this.#id;
  }

  watchedFor(milliseconds: number): void {
    this.#silence += milliseconds;
  }

  /** Whether its process has ended, or it has been silent for too long. */
  async isDead(): Promise<boolean> {
    const [touched, owner] = [await readTouchTime(this.#lockPath), readOwner(this.#lockPath)];
    if (touched === undefined) return false;
    if (touched !== this.#touched || owner?.id !== this.#id) this.#silence = 0;
    this.#touched = touched;
    this.#id = owner?.id;
    if (owner && (await hasEnded(owner))) return true;
    return this.#silence > (this.#clock.now() - touched > oldAge ? maxSilenceOfOld : maxSilence);
  }
}

/** When a folder was last touched, in milliseconds since the epoch; undefined if there is none. */
async function readTouchTime(folder: string): Promise<number | undefined> {
  return lstat(folder).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

/** Undefined for a lock that another user has created. */
function readOwner(lockPath: string) {
  return parseLockOwner(readOwnFile(path.join(lockPath, ownerFileName)) ?? '');
}

/** A lock that exists. */
export interface LockStatus {
  readonly path: string;
  /** Undefined if the lock has no readable owner. */
  readonly pid?: number;
  /** Whether the holder's process is known to have ended. */
  readonly hasEnded: boolean;
  /** Milliseconds since the epoch, by the clock of the file system. */
  readonly touchedAt: number;
}

/** The locks of a store that exist now. */
export async function readLocks(storeFile: string): Promise<LockStatus[]> {
  const folder = path.dirname(storeFile);
  const names = await readdir(folder).catch(() => []);
  const lockNames = names.filter((one) => one.startsWith(`${path.basename(storeFile)}.`) && /\.lock(\.asking)?$/.test(one));
  const found = await Promise.all(lockNames.map((one) => readLockStatus(path.join(folder, one))));
  return found.filter((one) => one !== undefined);
}

async function readLockStatus(lockPath: string): Promise<LockStatus | undefined> {
  const [touchedAt, owner] = [await readTouchTime(lockPath), readOwner(lockPath)];
  if (touchedAt === undefined) return undefined;
  return { path: lockPath, touchedAt, hasEnded: owner !== undefined && (await hasEnded(owner)), ...(owner && { pid: owner.pid }) };
}

function createLockedError(lockPath: string, timeout: number): AuthError {
  return new AuthError('store_locked', `Another process has held ${lockPath} for ${timeout / 1000} seconds.`, {
    hint: 'Check whether another mcp-auth process hangs, then try again.',
  });
}
