/** `mcp-auth ssh` to a real sshd of another user, with a real server at the local end of the forwarding. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { root } from '../../scripts/build.js';
import type { Ui } from '../../src/effects.js';
import { systemClock } from '../../src/machine/clock.js';
import { createContext } from '../../src/machine/create-context.js';
import { runProgram } from '../../src/machine/program.js';
import { createSshConfig } from '../../src/ssh/ssh-config.js';
import { temporaryFolder } from '../helpers/folder.js';
import { listen } from '../helpers/listen.js';
import { spawnInTerminal } from '../helpers/pty.js';
import { remoteUid, startRemoteMachine, whyNoRemoteMachine, type RemoteMachine } from '../helpers/remote-machine.js';

const execFileAsync = promisify(execFile);
const missing = whyNoRemoteMachine();

describe.skipIf(missing !== undefined)(`mcp-auth ssh${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  /** A laptop: a socket that answers, and folders of its own. */
  async function createLaptop() {
    const folder = temporaryFolder();
    const socket = path.join(folder, 'agent.sock');
    const server = createServer((request, response) => response.end(`laptop ${request.url}`));
    await once(server.listen(socket), 'listening');
    onTestFinished(() => void server.close());
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder, TMPDIR: folder, NO_COLOR: '1' };
    /** Everything that mcp-auth has left here. */
    const left = () => readdirSync(folder).filter((name) => name.startsWith('mcp-auth-'));
    return { folder, socket, env, left };
  }
  type Laptop = Awaited<ReturnType<typeof createLaptop>>;

  const programWords = (laptop: Laptop, words: readonly string[]) => [
    ...['--import', 'tsx', path.join(root, 'test/helpers/forwarded-session.ts'), laptop.socket],
    ...words,
  ];

  /** Starts `mcp-auth ssh …words` without a terminal. */
  function start(laptop: Laptop, words: readonly string[]) {
    const child = spawn(process.execPath, programWords(laptop, words), { env: laptop.env, cwd: root, stdio: 'pipe' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const output = { stdout: '', stderr: '' };
    let wake = (): void => undefined;
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        output[name] += chunk.toString();
        wake();
      });
    }
    const exit = once(child, 'close').then(([code, signal]) => (signal ?? code) as number | string);
    const shown = async (text: string) => {
      while (!output.stdout.includes(text)) {
        if (child.exitCode !== null) throw new Error(`ended without ${text}: ${output.stderr}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
          child.once('close', resolve);
        });
      }
    };
    return { child, output, exit, shown };
  }

  async function runSession(laptop: Laptop, words: readonly string[], input = '') {
    const { child, output, exit } = start(laptop, words);
    child.stdin.end(input);
    return { exit: await exit, ...output };
  }

  const folderOf = (remote: RemoteMachine) => path.join(remote.runtimeFolder, 'mcp-auth/forwarded');
  const listFolder = (remote: RemoteMachine) => (existsSync(folderOf(remote)) ? readdirSync(folderOf(remote)).sort() : []);
  const listSockets = (remote: RemoteMachine) => listFolder(remote).filter((name) => name.endsWith('.sock'));
  const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);
  const until = async (isTrue: () => boolean) => {
    while (!isTrue()) await wait(20);
  };

  /** A line for the remote shell: asks the socket in `folder`, and then runs `then`. */
  const ask = (folder = `/run/user/${remoteUid}/mcp-auth/forwarded`, then = '') =>
    `curl -sS --unix-socket ${folder}/*.sock http://x/hello${then}`;
  /** Says `ready`, and waits for the end of its input. */
  const holdOpen = 'echo ready; cat >/dev/null';

  test('the socket there answers what the server here answers, and only that user can reach it', async () => {
    const [laptop, remote] = [await createLaptop(), await startRemoteMachine()];
    const session = start(laptop, [...remote.sshWords, `${ask()}; ${holdOpen}`]);
    await session.shown('laptop /hello');
    await session.shown('ready');
    const [socket = ''] = listSockets(remote);
    expect(socket).toMatch(/^[\w-]+-[a-z2-7]{8}\.sock$/);
    expect(modeOf(folderOf(remote))).toBe('700');
    expect(modeOf(path.join(folderOf(remote), socket))).toBe('600');
    expect(statSync(path.join(folderOf(remote), socket)).uid).toBe(remoteUid);
    expect(laptop.left()).toHaveLength(1);
    expect(modeOf(path.join(laptop.folder, laptop.left()[0] ?? ''))).toBe('700');
    session.child.stdin.end();
    expect(await session.exit).toBe(0);
    // The socket is gone, and a program that outlives the session can see why.
    expect(listFolder(remote)).toEqual([socket.replace(/-[a-z2-7]{8}\.sock$/, '.away')]);
    expect(session.output.stderr).toBe('');
    expect(laptop.left()).toEqual([]);
  });

  test('the next session removes the mark that the agent is away', async () => {
    const [laptop, remote] = [await createLaptop(), await startRemoteMachine()];
    expect(await runSession(laptop, [...remote.sshWords, 'true'])).toEqual({ exit: 0, stdout: '', stderr: '' });
    expect(listFolder(remote)).toEqual([expect.stringMatching(/\.away$/)]);
    const session = start(laptop, [...remote.sshWords, holdOpen]);
    await session.shown('ready');
    await until(() => listFolder(remote).every((name) => name.endsWith('.sock')));
    session.child.stdin.end();
    expect(await session.exit).toBe(0);
  });

  test.each([
    { title: 'an exit code', words: ['exit 7'] },
    { title: 'output and errors', words: ['echo out; echo err >&2'] },
    { title: 'stdin', words: ['tr', 'a-z', 'A-Z'] },
    { title: 'spaces and quotes', words: ['printf', `'<%s>'`, '"a  b"', `'$HOME'`, '*'] },
    { title: 'a command after --', words: ['--', 'echo', '-p', '22'] },
    { title: 'options of ssh after the host', words: ['-o', 'SetEnv=LC_X=1', '-q', '-4', 'echo', '-v'] },
    { title: 'a command that is not found', words: ['no-such-command'] },
    { title: 'a port that is closed', words: ['-p', '1', '-o', 'HostName=127.0.0.1', 'true'] },
    { title: 'an option that is wrong', words: ['-o', 'NoSuchOption=1', 'true'] },
    { title: 'no input', words: ['-n', 'cat'] },
  ])('as with plain ssh: $title', async ({ words }) => {
    const [laptop, remote] = [await createLaptop(), await startRemoteMachine()];
    const line = [...words];
    // ssh takes the first of two values.
    const all = line[0] === '-p' ? ['remote', ...line, '-F', remote.sshConfig] : [...remote.sshWords, ...line];
    const plain = spawn('ssh', all, { stdio: 'pipe', env: laptop.env });
    let [stdout, stderr] = ['', ''];
    plain.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    plain.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    plain.stdin.on('error', () => undefined);
    plain.stdin.end('input\n');
    const [exit] = (await once(plain, 'close')) as [number];
    expect(await runSession(laptop, all, 'input\n')).toEqual({ exit, stdout, stderr });
  });

  test('a port is forwarded once, and -W reaches a host', async () => {
    const [laptop, remote] = [await createLaptop(), await startRemoteMachine()];
    const port = await freePort();
    const session = start(laptop, [...remote.sshWords, '-N', '-L', `127.0.0.1:${port}:127.0.0.1:${remote.port}`]);
    const greeting = async () => (await runSession(laptop, [...remote.sshWords, '-W', `127.0.0.1:${port}`])).stdout;
    await until(() => listSockets(remote).length === 1);
    expect(await greeting()).toMatch(/^SSH-2\.0-/);
    session.child.kill('SIGTERM');
    expect(await session.exit).toBe(130);
    expect(session.output.stderr).toBe('');
    await until(() => listSockets(remote).length === 0);
  });

  test('two sessions have two sockets, and the end of one does not disturb the other', async () => {
    const [laptop, remote] = [await createLaptop(), await startRemoteMachine()];
    const first = start(laptop, [...remote.sshWords, holdOpen]);
    await first.shown('ready');
    const [socket = ''] = listSockets(remote);
    const second = start(laptop, [...remote.sshWords, `read line; ${ask()}; ${holdOpen}`]);
    await until(() => listSockets(remote).length === 2);
    first.child.stdin.end();
    expect(await first.exit).toBe(0);
    expect(listFolder(remote)).toEqual([expect.stringMatching(/\.sock$/)]);
    expect(listFolder(remote)).not.toContain(socket);
    second.child.stdin.write('\n');
    await second.shown('laptop /hello');
    second.child.stdin.end();
    expect(await second.exit).toBe(0);
    expect(listFolder(remote)).toEqual([expect.stringMatching(/\.away$/)]);
  });

  test.each(['mcp-auth', 'its ssh'])('after %s is killed, the socket is removed and the next session works', async (which) => {
    const [laptop, remote] = [await createLaptop(), await startRemoteMachine()];
    const session = start(laptop, [...remote.sshWords, holdOpen]);
    await session.shown('ready');
    const master = findMaster(laptop);
    process.kill(which === 'mcp-auth' ? (session.child.pid ?? 0) : master, 'SIGKILL');
    session.child.stdin.end();
    expect(await session.exit).toBe(which === 'mcp-auth' ? 'SIGKILL' : 255);
    await until(() => listFolder(remote).join().endsWith('.away'));
    // The connection ends, too.
    await until(() => !existsSync(`/proc/${master}`) || isZombie(master));
    expect((await runSession(laptop, [...remote.sshWords, ask()])).stdout).toBe('laptop /hello');
    if (which !== 'mcp-auth') expect(laptop.left()).toEqual([]);
  });

  test.each(['SIGTERM', 'SIGHUP'] as const)('%s ends the session in order', async (signal) => {
    const [laptop, remote] = [await createLaptop(), await startRemoteMachine()];
    const session = start(laptop, [...remote.sshWords, holdOpen]);
    await session.shown('ready');
    session.child.kill(signal);
    expect(await session.exit).toBe(255);
    await until(() => listFolder(remote).join().endsWith('.away'));
    expect(laptop.left()).toEqual([]);
  });

  test('when the machine is lost, ssh says so and nothing is left here', async () => {
    const [laptop, remote] = [await createLaptop(), await startRemoteMachine()];
    const session = start(laptop, [...remote.sshWords, holdOpen]);
    await session.shown('ready');
    await remote.stop();
    expect(await session.exit).toBe(255);
    expect(laptop.left()).toEqual([]);
  });

  test('when the agent ends the forwarding, the session goes on and its end says why', async () => {
    const [laptop, remote] = [await createLaptop(), await startRemoteMachine()];
    const session = start(laptop, [...remote.sshWords, 'echo ready; read line; echo "$line"']);
    await session.shown('ready');
    writeFileSync(`${laptop.socket}.ended`, '');
    await until(() => listFolder(remote).join().endsWith('.away'));
    expect(session.output.stderr).toBe('');
    session.child.stdin.end('go on\n');
    expect(await session.exit).toBe(0);
    expect(session.output.stdout).toBe('ready\ngo on\n');
    expect(session.output.stderr).toBe('! The agent has ended the forwarding.\n');
  });

  test('with -N, the other forwardings go on', async () => {
    const [laptop, remote] = [await createLaptop(), await startRemoteMachine()];
    const port = await freePort();
    const session = start(laptop, [...remote.sshWords, '-N', '-L', `127.0.0.1:${port}:127.0.0.1:${remote.port}`]);
    await until(() => listSockets(remote).length === 1);
    writeFileSync(`${laptop.socket}.ended`, '');
    await until(() => listFolder(remote).join().endsWith('.away'));
    rmSync(`${laptop.socket}.ended`);
    expect((await runSession(laptop, [...remote.sshWords, '-W', `127.0.0.1:${port}`])).stdout).toMatch(/^SSH-2\.0-/);
    session.child.kill();
    expect(await session.exit).toBe(130);
    expect(session.output.stderr).toBe('! The agent has ended the forwarding.\n');
  });

  const shells: { title: string; shell: string; files: Record<string, string> }[] = [
    { title: 'a noisy bash', shell: '/bin/bash', files: { '.bashrc': 'echo "b5f0 /etc"; printf "no end of line"; echo err >&2\n' } },
    { title: 'sh', shell: '/bin/sh', files: {} },
    { title: 'fish', shell: '/usr/bin/fish', files: { '.config/fish/config.fish': 'echo noise\n' } },
    { title: 'zsh', shell: '/usr/bin/zsh', files: { '.zshenv': 'echo noise\n' } },
    { title: 'tcsh', shell: '/bin/tcsh', files: { '.cshrc': 'echo noise\n' } },
  ];
  test.each(shells.filter(({ shell }) => existsSync(shell)))('the login shell is $title', async ({ shell, files }) => {
    const [laptop, remote] = [await createLaptop(), await startRemoteMachine({ shell, files })];
    const { stdout } = await runSession(laptop, [...remote.sshWords, ask()]);
    expect(stdout).toMatch(/laptop \/hello$/);
  });

  test('without a runtime folder of systemd, the socket is in the home folder', async () => {
    const [laptop, remote] = [await createLaptop(), await startRemoteMachine({ hasRuntimeFolder: false })];
    expect((await runSession(laptop, [...remote.sshWords, ask('~/.config/mcp-auth/run/forwarded')])).stdout).toBe('laptop /hello');
    expect(readdirSync(path.join(remote.home, '.config/mcp-auth/run/forwarded'))).toEqual([expect.stringMatching(/\.away$/)]);
  });

  describe('a server that does not forward', () => {
    test.each([
      ['AllowStreamLocalForwarding no', 'its SSH server does not forward Unix sockets'],
      ['DisableForwarding yes', 'its SSH server does not forward Unix sockets'],
      ['ForceCommand echo only this', 'it did not run a script by sh'],
    ])('%s: it says so, and the session goes on', async (setting, why) => {
      const [laptop, remote] = [await createLaptop(), await startRemoteMachine({ sshdConfig: [setting] })];
      const { exit, stdout, stderr } = await runSession(laptop, [...remote.sshWords, 'echo only this']);
      expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'only this\n' });
      expect(stderr).toContain(`! “remote” cannot use the logins of this machine: ${why}`);
      expect(listFolder(remote)).toEqual([]);
      expect(laptop.left()).toEqual([]);
    });

    test('with ExitOnForwardFailure, it is an error, as in ssh', async () => {
      const [laptop, remote] = [await createLaptop(), await startRemoteMachine({ sshdConfig: ['AllowStreamLocalForwarding no'] })];
      const { exit, stdout } = await runSession(laptop, [...remote.sshWords, '-o', 'ExitOnForwardFailure=yes', 'echo ran']);
      expect({ exit, stdout }).toEqual({ exit: 255, stdout: '' });
    });

    test('with one session per connection, the user’s session gets a connection of its own', async () => {
      const [laptop, remote] = [await createLaptop(), await startRemoteMachine({ sshdConfig: ['MaxSessions 1'] })];
      const { exit, stdout } = await runSession(laptop, [...remote.sshWords, ask()]);
      expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'laptop /hello' });
    });
  });

  describe('at a terminal', () => {
    const runAtTerminal = (laptop: Laptop, words: readonly string[]) =>
      spawnInTerminal(process.execPath, programWords(laptop, words), { env: { ...laptop.env, TERM: 'xterm' } });

    test('a shell, its keys, and its exit code', async () => {
      const [laptop, remote] = [await createLaptop(), await startRemoteMachine({ files: { '.profile': 'PS1="remote> "\n' } })];
      const session = runAtTerminal(laptop, remote.sshWords);
      await session.shown(/^remote>/m);
      session.type('echo from $((40 + 2)); sleep 1000\r');
      await session.shown(/^from 42$/m);
      session.type('\u0003');
      await session.shown(/\^C\nremote>/);
      session.type('exit 9\r');
      expect(await session.exit).toBe(9);
      expect(laptop.left()).toEqual([]);
    });

    test('^C ends a command without a terminal, as in ssh', async () => {
      const [laptop, remote] = [await createLaptop(), await startRemoteMachine()];
      const session = runAtTerminal(laptop, [...remote.sshWords, 'echo ready; sleep 1000']);
      await session.shown(/^ready$/m);
      session.type('\u0003');
      expect(await session.exit).toBe(255);
      await until(() => listFolder(remote).join().endsWith('.away'));
      expect(laptop.left()).toEqual([]);
    });

    /** A key with a passphrase, and the options that use it. */
    const lockKey = (laptop: Laptop, remote: RemoteMachine) => {
      const key = path.join(laptop.folder, 'key');
      const words = /IdentityFile (\S+)/.exec(readFileSync(remote.sshConfig, 'utf8'));
      for (const ending of ['', '.pub']) copyFileSync(`${words?.[1]}${ending}`, `${key}${ending}`);
      execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'secret', '-f', key]);
      return ['-i', key];
    };

    test('a passphrase is asked for once', async () => {
      const [laptop, remote] = [await createLaptop(), await startRemoteMachine()];
      const session = runAtTerminal(laptop, [...remote.sshWords, ...lockKey(laptop, remote), ask()]);
      await session.shown(/^Enter passphrase for key .*:/m);
      session.type('secret\r');
      expect(await session.exit).toBe(0);
      expect(
        session
          .lines()
          .join('\n')
          .match(/passphrase/g),
      ).toHaveLength(1);
      expect(session.lines().join('\n')).toContain('laptop /hello');
    });

    test('^C at the passphrase ends it, and leaves nothing behind', async () => {
      const [laptop, remote] = [await createLaptop(), await startRemoteMachine()];
      const session = runAtTerminal(laptop, [...remote.sshWords, ...lockKey(laptop, remote)]);
      await session.shown(/^Enter passphrase for key .*:/m);
      session.type('\u0003');
      expect(await session.exit).toBe(130);
      expect(listFolder(remote)).toEqual([]);
      expect(laptop.left()).toEqual([]);
    });
  });

  test('a line of ~/.ssh/config forwards to a fixed name', async () => {
    const [laptop, remote] = [await createLaptop(), await startRemoteMachine()];
    const env = { variables: laptop.env, platform: process.platform, folder: '/', program: [], exists: existsSync };
    const { signal } = new AbortController();
    const context = createContext({ env, clock: systemClock, ui: {} as Ui, signal, runProgram, store: path.join(laptop.folder, 'store') });
    const [host = '', ...words] = remote.sshWords;
    const lines = await createSshConfig({ host, words, forwarding: { socket: laptop.socket } }, context);
    expect(lines[0]).toBe('Host remote');
    expect(lines.at(-1)).toMatch(/^ {2}RemoteForward \/run\/user\/65002\/mcp-auth\/forwarded\/[\w-]+\.sock \S+\/agent\.sock$/);
    const config = path.join(laptop.folder, 'config');
    writeFileSync(config, `${lines.join('\n')}\n${readFileSync(remote.sshConfig, 'utf8')}`);
    const plain = execFileAsync('ssh', ['-F', config, 'remote', ask()], { env: laptop.env });
    expect((await plain).stdout).toBe('laptop /hello');
  });

  test('the configuration of ssh may run a command, share connections, and forward more', async () => {
    const [laptop, remote] = [await createLaptop(), await startRemoteMachine()];
    const port = await freePort();
    const lines = [
      'RemoteCommand echo configured',
      'ControlMaster auto',
      `ControlPath ${laptop.folder}/%n`,
      'ControlPersist 5',
      `LocalForward ${port} 127.0.0.1:1`,
    ];
    const config = path.join(laptop.folder, 'config');
    writeFileSync(config, `${readFileSync(remote.sshConfig, 'utf8')}${lines.map((line) => `  ${line}\n`).join('')}`);
    expect(await runSession(laptop, ['remote', '-F', config])).toEqual({ exit: 0, stdout: 'configured\n', stderr: '' });
    expect(listFolder(remote)).toEqual([expect.stringMatching(/\.away$/)]);
  });

  /** The process of the connection: ssh with the script as its command. */
  function findMaster(laptop: Laptop): number {
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/cmdline`));
    const found = processes.find((pid) => {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return line.startsWith('ssh\0-T\0-S') && line.includes(laptop.folder);
    });
    if (found === undefined) throw new Error('no connection');
    return Number(found);
  }

  function isZombie(pid: number): boolean {
    return existsSync(`/proc/${pid}/stat`) && readFileSync(`/proc/${pid}/stat`, 'utf8').includes(' Z ');
  }
});

async function freePort(): Promise<number> {
  const { port, close } = await listen(() => undefined);
  await close();
  return port;
}
