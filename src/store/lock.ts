import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { LockOptions } from 'proper-lockfile';
import { AuthError } from '../errors.js';

/** A holder that has not renewed its lock for so long, in milliseconds, is taken for dead. */
const staleAfter = 10_000;
/** Milliseconds that another holder is waited for, and the longest pause between two looks. */
const patience = 30_000;
const longestPause = 200;

/**
 * Runs `work` while no other process holds the lock, which is a folder at `lockPath`: mkdir is atomic on NFS too.
 *
 * @throws AuthError `store_locked` when the holder is alive and does not end, `store_unwritable` where no lock can be made.
 */
export async function withLock<T>(lockPath: string, work: () => Promise<T>): Promise<T> {
  const release = await takeLock(lockPath);
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
async function takeLock(lockPath: string): Promise<() => Promise<void>> {
  const { default: lockfile } = await import('proper-lockfile');
  const options: LockOptions = {
    lockfilePath: lockPath,
    realpath: false,
    stale: staleAfter,
    // The holder was suspended for longer than `staleAfter`. Its write is atomic all the same: going on is harmless.
    onCompromised: () => undefined,
  };
  const giveUpAt = performance.now() + patience;
  for (let pause = 5; ; pause = Math.min(pause * 1.5, longestPause)) {
    try {
      return await lockfile.lock(lockPath, options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw unwritable(path.dirname(lockPath), error);
      if (performance.now() > giveUpAt) throw locked(lockPath, error);
    }
    // Those who wait for one lock do not all look at the same moment.
    await wait(pause * (0.5 + Math.random()));
  }
}

function locked(lockPath: string, error: unknown): AuthError {
  return new AuthError('store_locked', `Another process has held ${lockPath} for ${patience / 1000} seconds.`, {
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
