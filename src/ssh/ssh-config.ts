/** Lines for ~/.ssh/config that forward a lasting socket of the agent in every session of a host. */
import { randomUUID } from 'node:crypto';
import type { Forwarding } from '../agent-client/forwarding.js';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { quote } from '../text/server-text.js';
import { formatDestination, getConnectionOptions, parseSshLine } from './arguments.js';
import { formatRemoteScript, parseRemotePath } from './remote-folder.js';
import { readSettings } from './settings.js';
import { findMachineName, formatForwardLine } from './socket-path.js';
import { requireSharedConnections } from './session.js';

export interface SshConfigOptions {
  /** As in `ssh HOST`. */
  readonly host: string;
  /** Options of ssh that reach it. */
  readonly words: readonly string[];
  readonly forwarding: Pick<Forwarding, 'socket'>;
}

/**
 * Asks the remote machine for the folder of the socket, and resolves to the lines.
 *
 * @throws AuthError `usage`, `program_failed`.
 */
export async function createSshConfig({ host, words, forwarding }: SshConfigOptions, context: Context): Promise<string[]> {
  requireSharedConnections(context);
  const pattern = toPattern(host);
  const remote = await requestRemotePath([host, ...words], context);
  return [
    `Host ${pattern}`,
    '  # A socket of an earlier session on the server can be in the way. If it is dead, mcp-auth on the server removes it. With this',
    '  # line in the sshd_config of the server, sshd replaces it: StreamLocalBindUnlink yes',
    `  ${formatForwardLine(remote, forwarding.socket)}`,
  ];
}

/** The host as ssh_config(5) compares it: without the user. */
function toPattern(host: string): string {
  const name = host.replace(/^[^/]*@/, '');
  if (/^[\w.:-]+$/.test(name)) return name;
  throw new AuthError('usage', `${quote(host)} cannot be a Host of ~/.ssh/config.`, { hint: 'Name it as in: ssh NAME' });
}

async function requestRemotePath(words: readonly string[], context: Context): Promise<string> {
  const line = parseSshLine(words);
  const settings = await readSettings(line, context);
  const machine = findMachineName();
  const script = { machine, name: `${machine}.sock`, nonce: randomUUID(), stays: false };
  const own = ['-T', '-o', 'ClearAllForwardings=yes', ...settings.overrides, ...getConnectionOptions(line)];
  const ssh = await context.startProgram(['ssh', ...own, ...formatDestination({ host: line.host, command: ['sh -s'] })], {
    showsErrors: true,
  });
  ssh.write(formatRemoteScript(script));
  ssh.endInput();
  const found = parseRemotePath((await ssh.ended).stdout, script);
  if (found === undefined) {
    throw new AuthError('program_failed', `${quote(line.host)} did not run a script by ssh.`, {
      hint: 'Check that this works: ssh HOST sh',
    });
  }
  if ('path' in found) return found.path;
  throw new AuthError('program_failed', `${quote(line.host)} has no folder for the socket that ssh can forward to.`, {
    hint: 'Create a folder there that only your user can write to, for example: mkdir -p -m 700 ~/.config',
  });
}
