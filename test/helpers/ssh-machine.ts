/**
 * Another machine to log in to by ssh: an sshd of another user, who has a home of its own. Only root can start it, and it changes
 * nothing on the machine: bwrap gives the sshd its own list of users and its own host name. Tests start it by remote-machine.ts.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { installed } from './installed.js';
import { listen } from './listen.js';
import { reachableFolder } from './reachable.js';
import { untilListening } from './sshd-start.js';

/** Its only user. */
export const remoteUid = 65_002;

/** Why there is no remote machine here; undefined if there can be one. */
export function whyNoRemoteMachine(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can be two users';
  const missing = (['sshd', 'bwrap'] as const).find((program) => installed(program) === undefined);
  if (missing === undefined) return undefined;
  if (process.env['CI']) throw new Error(`${missing} is not installed, which CI does`);
  return `${missing} is not installed`;
}

export interface RemoteMachineOptions {
  /** Its host name, and what `ssh` calls it (default: remote). */
  readonly name?: string;
  /** Where its user's home folder is there (default: where it is here). */
  readonly homePath?: string;
  /** The login shell. */
  readonly shell?: string;
  /** Whether systemd has created /run/user/UID there. */
  readonly hasRuntimeFolder?: boolean;
  /** Lines of sshd_config, before ours. */
  readonly sshdConfig?: readonly string[];
  /** Files of the home folder, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface RemoteRun {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RemoteMachine {
  /** Host and options: `ssh …sshWords` logs in, and so does `mcp-auth ssh …sshWords`. A command may follow. */
  readonly sshWords: readonly string[];
  /** The configuration file of ssh, in which the machine is the host of its name. */
  readonly sshConfig: string;
  readonly port: number;
  /** The home folder of its user, which root can read here too. */
  readonly home: string;
  /** What is /run/user/UID there. */
  readonly runtimeFolder: string;
  /** Runs a command line of its shell by a plain ssh, without a terminal. */
  run(line: string, options?: { readonly input?: string }): Promise<RemoteRun>;
  /** Stops it, with all of its processes: the connections break off. */
  stop(): Promise<void>;
  /** Stops it and removes its files. */
  close(): Promise<void>;
}

/** Starts one. Programs are those of this machine: for mcp-auth, see reachable.ts. */
export async function openRemoteMachine(options: RemoteMachineOptions = {}): Promise<RemoteMachine> {
  const folder = mkdtempSync(path.join(reachableFolder(), 'mcp-auth-remote-'));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    const machine = await startMachine(folder, options);
    return { ...machine, close: () => machine.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

async function startMachine(folder: string, options: RemoteMachineOptions): Promise<Omit<RemoteMachine, 'close'>> {
  const { name: host = 'remote', shell = '/bin/bash' } = options;
  chmodSync(folder, 0o755);
  const at = (name: string) => path.join(folder, name);
  for (const [name, content] of Object.entries({ ...options.files })) writeOwn(at('home'), name, content);
  for (const name of ['home', 'runtime', 'sshd']) makeOwn(at(name));
  for (const name of ['host', 'user']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
  copyFileSync(at('user.pub'), at('sshd/authorized_keys'));
  copyFileSync(at('host'), at('sshd/host'));
  for (const name of ['sshd/authorized_keys', 'sshd/host']) chownSync(at(name), remoteUid, remoteUid);
  // Without a group tty, the terminals belong to the user.
  writeFileSync(at('group'), `root:x:0:\nremote:x:${remoteUid}:\n`);
  const user = `remote:x:${remoteUid}:${remoteUid}::${options.homePath ?? at('home')}:${shell}`;
  writeFileSync(at('passwd'), `root:x:0:0::/root:/bin/sh\n${user}\n`);
  const port = await freePort();
  writeFileSync(at('sshd_config'), [...(options.sshdConfig ?? []), ...formatSshdConfig(at('sshd'), port)].join('\n'));
  writeFileSync(at('ssh_config'), formatSshConfig(host, { key: at('user'), port }));
  const sshd = await startSshd(folder, options);
  return {
    sshWords: [host, '-F', at('ssh_config')],
    sshConfig: at('ssh_config'),
    port,
    home: at('home'),
    runtimeFolder: at('runtime'),
    run: (line, { input = '' } = {}) => runSsh(['-F', at('ssh_config'), host, line], input),
    stop: () => stop(sshd),
  };
}

function formatSshdConfig(folder: string, port: number): string[] {
  return [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${folder}/host`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PidFile none',
  ];
}

function formatSshConfig(host: string, { key, port }: { key: string; port: number }): string {
  const lines = ['HostName 127.0.0.1', `Port ${port}`, 'User remote', `IdentityFile ${key}`, 'IdentitiesOnly yes'];
  const quiet = ['StrictHostKeyChecking no', 'UserKnownHostsFile /dev/null', 'LogLevel ERROR'];
  return `Host ${host}\n${[...lines, ...quiet].map((line) => `  ${line}\n`).join('')}`;
}

/** The sshd has a host name and a list of users of its own, and its own processes, which all end with it. */
async function startSshd(
  folder: string,
  { name = 'remote', homePath, hasRuntimeFolder = true }: RemoteMachineOptions,
): Promise<ChildProcess> {
  const [bwrap = '', sshd = ''] = [installed('bwrap'), installed('sshd')];
  const lists = ['passwd', 'group'].flatMap((name) => ['--ro-bind', path.join(folder, name), `/etc/${name}`]);
  const runtime = hasRuntimeFolder ? ['--bind', path.join(folder, 'runtime'), `/run/user/${remoteUid}`] : [];
  const home = homePath === undefined ? [] : formatMovedHome(path.join(folder, 'home'), homePath);
  const system = ['--bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/run/user', ...runtime, ...lists, ...home];
  const alone = ['--unshare-pid', '--unshare-uts', '--hostname', name, '--die-with-parent'];
  const user = ['setpriv', `--reuid=${remoteUid}`, `--regid=${remoteUid}`, '--clear-groups'];
  const words = [...system, ...alone, ...user, sshd, '-D', '-e', '-f', path.join(folder, 'sshd_config')];
  const env = { PATH: process.env['PATH'] ?? '' };
  const daemon = spawn(bwrap, words, { stdio: ['ignore', 'ignore', 'pipe'], env, cwd: '/' });
  await untilListening(daemon);
  return daemon;
}

/** Options of bwrap with which a home folder is at another path. What is next to that path is hidden, but for what programs need. */
export function formatMovedHome(home: string, homePath: string): string[] {
  const around = path.dirname(homePath);
  const kept = [realpathSync(process.execPath), realpathSync(reachableFolder())].filter((one) => one.startsWith(`${around}/`));
  return ['--tmpfs', around, ...kept.flatMap((one) => ['--bind', one, one]), '--bind', home, homePath];
}

async function stop(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  daemon.kill('SIGKILL');
  await once(daemon, 'close');
}

async function runSsh(words: readonly string[], input: string): Promise<RemoteRun> {
  const ssh = spawn('ssh', words, { stdio: 'pipe' });
  let [stdout, stderr] = ['', ''];
  ssh.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  ssh.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  ssh.stdin.on('error', () => undefined);
  ssh.stdin.end(input);
  const [exit] = (await once(ssh, 'close')) as [number];
  return { exit, stdout, stderr };
}

function makeOwn(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  chownSync(folder, remoteUid, remoteUid);
}

function writeOwn(home: string, name: string, content: string): void {
  const file = path.join(home, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  for (let one = file; one !== home; one = path.dirname(one)) chownSync(one, remoteUid, remoteUid);
}

async function freePort(): Promise<number> {
  const { port, close } = await listen(() => undefined);
  await close();
  return port;
}
