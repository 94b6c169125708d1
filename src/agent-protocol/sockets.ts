/**
 * Where the sockets of agents are. Commands that start later, also with no more than HOME and PATH in their environment, find them in
 * the same places.
 */
import path from 'node:path';
import { AuthError } from '../errors.js';
import { findHomeFolder } from '../folders.js';
import { loadCrypto } from '../text/node-crypto.js';

interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The user's ID; undefined on Windows. */
  readonly uid: number | undefined;
}

/** The most bytes that the path of a socket may have, without the NUL at its end: unix(7), and sys/un.h of macOS. */
export function getMaxSocketPathBytes(platform: NodeJS.Platform): number {
  return platform === 'darwin' ? 103 : 107;
}

/** @throws AuthError `usage` for a path that is too long for a socket. */
export function checkSocketPath(file: string, platform: NodeJS.Platform): void {
  const most = getMaxSocketPathBytes(platform);
  if (Buffer.byteLength(file) <= most) return;
  throw new AuthError('usage', `The path of the socket is longer than ${most} bytes: ${file}`, {
    hint: 'Set XDG_RUNTIME_DIR to a folder of yours with a short path, for example /run/user/1000.',
  });
}

/**
 * The folders that may hold sockets of this user, in the order in which an agent takes the first that it can use. Each must be the
 * user's own, and writable by no other user.
 */
export function listSocketFolders({ variables, platform, uid }: Environment): string[] {
  const runtime = variables['XDG_RUNTIME_DIR'];
  const folders = [
    ...(runtime === undefined || runtime === '' ? [] : [path.join(runtime, ownFolder)]),
    ...(platform === 'linux' && uid !== undefined ? [path.join('/run/user', String(uid), ownFolder)] : []),
    ...listConfigFolders({ variables, platform, uid }),
    ...(uid === undefined ? [] : [path.join('/tmp', `${ownFolder}-${uid}`, 'run')]),
  ];
  return [...new Set(folders)];
}

const ownFolder = 'mcp-auth';

function listConfigFolders(env: Environment): string[] {
  const home = findHomeFolder(env);
  const { XDG_CONFIG_HOME: config } = env.variables;
  if (config !== undefined && config !== '' && env.platform !== 'darwin') return [path.join(config, ownFolder, 'run')];
  if (home === undefined) return [];
  const inHome = env.platform === 'darwin' ? ['Library', 'Preferences'] : ['.config'];
  return [path.join(home, ...inHome, ownFolder, 'run')];
}

/** The name of the owner's socket of the agent of a store, in one of those folders. */
export function getOwnerSocketName(store: string, defaultStore: string | undefined): string {
  if (store === defaultStore) return 'agent.sock';
  return `agent-${loadCrypto().createHash('sha256').update(store).digest('hex').slice(0, 8)}.sock`;
}

/** The subfolder of the sockets that `mcp-auth ssh` brings from other machines. */
export const forwardedFolder = 'forwarded';

/** The subfolder of an agent's restricted sockets. */
export const sharesFolder = 'shares';

/** The machine in the name of a forwarded socket, `MACHINE-RANDOM.sock` or `MACHINE.sock`; or of the mark of one that is away. */
export function parseForwardedName(name: string): { readonly machine: string; readonly isAway: boolean } | undefined {
  const [, machine, end] = /^([A-Za-z0-9-]{1,20}?)((?:-[a-z2-7]{8})?\.sock|\.away)$/.exec(name) ?? [];
  return machine === undefined ? undefined : { machine, isAway: end === '.away' };
}

/** A name for this machine that a file name and a sentence can contain: letters, digits and hyphens. */
export function toMachineName(hostname: string): string {
  const [label = ''] = hostname.split('.');
  const name = label.replace(/[^A-Za-z0-9]+/g, '-').slice(0, maxMachineName);
  return name.replace(/^-+|-+$/g, '') || 'laptop';
}

const maxMachineName = 20;
