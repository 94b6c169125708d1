/** A real sshd on loopback, for this user, with a key of its own. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './folder.js';
import { listen } from './listen.js';
import { untilListening } from './sshd-start.js';

/**
 * Whether an sshd of this user can allocate a terminal. The terminal must belong to the group tty, as usual on Linux;
 * otherwise only root can change that.
 */
export function canGiveTerminals(): boolean {
  if (process.getuid?.() === 0 || !existsSync('/proc/mounts')) return true;
  return /^\S+ \/dev\/pts devpts \S*\bgid=\d/m.test(readFileSync('/proc/mounts', 'utf8'));
}

/** Arguments of ssh that log in to it with a terminal. A command is to be appended. */
export async function startSshd(sshd: string): Promise<{ ssh: string[]; port: number }> {
  const folder = temporaryFolder();
  const file = (name: string) => path.join(folder, name);
  for (const name of ['host', 'user']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)]);
  writeFileSync(file('authorized_keys'), readFileSync(file('user.pub')), { mode: 0o600 });
  const port = await freePort();
  const settings = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${file('host')}`,
    `AuthorizedKeysFile ${file('authorized_keys')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin yes',
    `PidFile ${file('pid')}`,
  ];
  writeFileSync(file('config'), settings.join('\n'));
  // An sshd of root needs this folder, which its package creates at boot.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const daemon = spawn(sshd, ['-D', '-e', '-f', file('config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(async () => {
    daemon.kill();
    if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'close');
  });
  await untilListening(daemon);
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'IdentitiesOnly=yes'];
  const words = ['-tt', '-F', '/dev/null', '-i', file('user'), '-p', String(port), ...options.flatMap((one) => ['-o', one])];
  return { ssh: [...words, `${os.userInfo().username}@127.0.0.1`], port };
}

async function freePort(): Promise<number> {
  const { port, close } = await listen(() => undefined);
  await close();
  return port;
}
