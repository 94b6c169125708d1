import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { LockOptions } from 'proper-lockfile';
import { AuthError } from '../errors.js';

/** A holder that has not renewed its lock for so long, in milliseconds, is taken for dead. */
const staleAfter = 10_000;
/** The longest pause between two looks, in milliseconds. */
const longestPause = 200;

/** How long another holder is waited for, in milliseconds, and what ends the waiting early. */
export interface Patience {
  readonly milliseconds: number;
  readonly signal: AbortSignal;
}

/**
 * Runs `work` while no other process holds the lock, which is a folder at `lockPath`: mkdir is atomic on NFS too.
 *
 * @throws AuthError `store_locked` when the holder is alive and does not end, `store_unwritable` where no lock can be made,
 * and the signal's reason.
 */
export async function withLock<T>(lockPath: string, patience: Patience, work: () => Promise<T>): Promise<T> {
  const release = await takeLock(lockPath, patience);
  try {
    return await work();
  } finally {
    await release().catch(() => undefined);
  }
}

/** The lock of one server's refresh, beside the store. Names of other programs' servers may hold any character. */
export function serverLockPath(storeFile: string, name: string): string {
  return `${storeFile}.${encodeURIComponent(name)}.lock`;
}

/** Only a lock that is held is waited for: a folder that cannot be written will not become writable. */
async function takeLock(lockPath: string, { milliseconds, signal }: Patience): Promise<() => Promise<void>> {
  const { default: lockfile } = await import('proper-lockfile');
  const options: LockOptions = {
    lockfilePath: lockPath,
    realpath: false,
    stale: staleAfter,
    // We were suspended for longer than `staleAfter`, and another may hold the lock too. What we write is read anew and
    // renamed into place at once, so that the worst is one change of the other's that is lost, or one refresh too many.
    onCompromised: () => undefined,
  };
  const giveUpAt = performance.now() + milliseconds;
  for (let pause = 5; ; pause = Math.min(pause * 1.5, longestPause)) {
    try {
      return await lockfile.lock(lockPath, options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw unwritable(path.dirname(lockPath), error);
      if (performance.now() > giveUpAt) throw locked(lockPath, { milliseconds, error });
    }
    // Those who wait for one lock do not all look at the same moment.
    await wait(pause * (0.5 + Math.random()), undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

function locked(lockPath: string, { milliseconds, error }: { milliseconds: number; error: unknown }): AuthError {
  return new AuthError('store_locked', `Another process has held ${lockPath} for ${milliseconds / 1000} seconds.`, {
    hint: 'See whether another mcp-auth hangs, and try again.',
    cause: error,
  });
}

/** The error for a folder or file that cannot be written, with the system's own code. */
export function unwritable(where: string, error: unknown): AuthError {
  const code = (error as NodeJS.ErrnoException).code;
  return new AuthError('store_unwritable', `The store cannot be written: ${where}${code ? ` (${code})` : ''}.`, {
    hint: 'Make it writable, or name another file with --store FILE or MCP_AUTH_STORE.',
    cause: error,
  });
}
