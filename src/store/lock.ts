import path from 'node:path';
import { AuthError } from '../errors.js';

/** A holder that has not renewed its lock for so long, in milliseconds, is taken for dead. */
const staleAfter = 10_000;

/**
 * Runs `work` while no other process holds the lock, which is a folder made beside the store (mkdir is atomic on NFS
 * too). Waits for another holder for about 30 s, then gives up.
 *
 * @throws AuthError `store_locked` after waiting in vain, `store_unwritable` where no lock can be made.
 */
export async function withLock<T>(lockPath: string, work: () => Promise<T>): Promise<T> {
  const { default: lockfile } = await import('proper-lockfile');
  let release: () => Promise<void>;
  try {
    release = await lockfile.lock(lockPath, {
      lockfilePath: lockPath,
      realpath: false,
      stale: staleAfter,
      retries: { retries: 150, factor: 1.2, minTimeout: 10, maxTimeout: 250, randomize: true },
      // The holder was suspended for longer than `staleAfter`. Its write is atomic all the same: going on is harmless.
      onCompromised: () => undefined,
    });
  } catch (error) {
    throw lockError(error, lockPath);
  }
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

function lockError(error: unknown, lockPath: string): AuthError {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ELOCKED') {
    return new AuthError('store_locked', `Another process has held ${lockPath} for half a minute.`, {
      hint: 'See whether another mcp-auth hangs, and try again.',
      cause: error,
    });
  }
  return unwritable(path.dirname(lockPath), error);
}

/** The error for a folder or file that cannot be written, with the system's own code. */
export function unwritable(where: string, error: unknown): AuthError {
  const code = (error as NodeJS.ErrnoException).code;
  return new AuthError('store_unwritable', `The store cannot be written: ${where}${code ? ` (${code})` : ''}.`, {
    hint: 'Make it writable, or name another file with --store FILE or MCP_AUTH_STORE.',
    cause: error,
  });
}
