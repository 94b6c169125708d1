/** The place of an agent's own socket. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { checkSocketPath, getOwnerSocketName, listSocketFolders } from '../agent-protocol/sockets.js';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { withLock } from '../store/lock.js';
import { isPrivateFolder } from '../store/own-file.js';
import { getDefaultStorePath } from '../store/path.js';

/** Milliseconds to wait for another agent that is starting. */
const lockTimeout = 10_000;

/**
 * The folder of the agent's sockets, created if necessary: 0700, and the user's own.
 *
 * @throws AuthError `agent_failed` if there is no place for it.
 */
export function prepareFolder({ env }: Pick<Context, 'env'>): string {
  const folders = listSocketFolders({ ...env, uid: process.getuid?.() });
  const usable = folders.find((folder, index) => makePrivate(folder, index === folders.length - 1));
  if (usable !== undefined) return usable;
  throw new AuthError('agent_failed', 'There is no place for the socket: no folder that only this user can write.', {
    hint: 'Set XDG_RUNTIME_DIR to a folder of yours with a short path, or HOME.',
  });
}

/** Whether a folder can be used. A folder in a place that all users share is used only if its parent is the user's own, too. */
function makePrivate(folder: string, isShared: boolean): boolean {
  const parent = path.dirname(folder);
  try {
    // The folder of the session is the system's to create.
    if (path.basename(folder) === 'run') mkdirSync(parent, { recursive: true, mode: 0o700 });
    if (isShared && !isPrivateFolder(parent)) return false;
    mkdirSync(folder, { recursive: path.basename(folder) === 'run', mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
  }
  if (!isPrivateFolder(folder)) return false;
  chmodSync(folder, 0o700);
  return true;
}

/**
 * Runs `listen` with the path of the owner's socket, which no process listens at.
 *
 * @throws AuthError `agent_failed` if an agent of this store runs already.
 */
export async function takeOwnSocket<T>(
  { folder, listen }: { folder: string; listen: (socket: string) => Promise<T> },
  { env, store, clock, signal }: Context,
): Promise<T> {
  const socket = path.join(folder, getOwnerSocketName(store.path, getDefaultStorePath(env)));
  checkSocketPath(socket, env.platform);
  return withLock(`${socket}.lock`, { clock, timeout: lockTimeout, signal }, async () => {
    if (await isAlive(socket)) {
      throw new AuthError('agent_failed', `An agent for ${store.path} is running already.`, { hint: 'See: mcp-auth agent status' });
    }
    rmSync(socket, { force: true });
    const result = await listen(socket);
    chmodSync(socket, 0o600);
    return result;
  });
}

function isAlive(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket, () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', () => resolve(false));
  });
}
