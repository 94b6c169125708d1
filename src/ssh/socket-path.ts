/** The forwarded socket: its name, its path on the remote machine, and how ssh is given both. */
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import { toMachineName } from '../agent-protocol/sockets.js';
import { AuthError } from '../errors.js';
import { isPrintable } from '../text/server-text.js';

/** Bytes of a Unix socket's path with the NUL at its end: 104 in macOS and the BSDs, 108 in Linux. */
export const maxSocketPath = 104;

/** The name of this machine in a file name: letters, digits and hyphens. */
export function findMachineName(hostname = os.hostname()): string {
  return toMachineName(hostname);
}

/** A new name for the socket of one session: `laptop-k3x7ab2q.sock`. */
export function createSocketName(machine: string): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  const random = [...randomBytes(8)].map((byte) => alphabet.charAt(byte % alphabet.length)).join('');
  return `${machine}-${random}.sock`;
}

/** Whether the remote machine has named a path that ssh can forward. It may be hostile. */
export function isUsablePath(path: string, name: string): boolean {
  const isSafe = isPrintable(path) && !/[:\\"'$#]/.test(path) && !/\/\.{0,2}\//.test(path);
  return path.startsWith('/') && path.endsWith(`/${name}`) && isSafe && Buffer.byteLength(path) < maxSocketPath;
}

/** Formats the value of `-R`: what connects to the socket `remote` there reaches the socket `local` here. Throws `usage`. */
export function formatForward(remote: string, local: string): string {
  return `${escapePath(remote)}:${escapePath(local)}`;
}

/** Formats the same as a line of ~/.ssh/config. Throws `usage`. */
export function formatForwardLine(remote: string, local: string): string {
  return `RemoteForward ${quoteConfigWord(escapePath(remote))} ${quoteConfigWord(escapePath(local))}`;
}

/** ssh splits at colons, and expands `%` tokens and `${…}` in both paths. It has no escape for the latter. */
function escapePath(path: string): string {
  if (path.includes('${')) throw new AuthError('usage', 'ssh cannot forward a socket whose path contains a dollar sign and a brace.');
  return path.replace(/[\\:]/g, String.raw`\$&`).replaceAll('%', '%%');
}

function quoteConfigWord(word: string): string {
  // Versions of ssh differ in how they read them.
  if (/["']|\\\\|\n/.test(word)) {
    throw new AuthError('usage', 'The configuration of ssh cannot name a socket whose path contains quotation marks or backslashes.');
  }
  return /[\s#]/.test(word) ? `"${word}"` : word;
}
