/** The script for the remote machine, in real shells of this one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { formatRemoteScript, parseRemotePath, scriptWords, type RemotePath } from '../../src/ssh/remote-folder.js';
import { temporaryFolder } from '../helpers/folder.js';

const uid = process.getuid?.() ?? 0;
const names = { machine: 'laptop', name: 'laptop-abcdefgh.sock', nonce: 'b5f0c9' };

/** Folders of a machine. Nothing exists yet but the home folder and what is like /tmp. */
function createPlace() {
  // Short enough for the path of a socket.
  const folder = temporaryFolder();
  const at = (name: string) => path.join(folder, name);
  for (const name of ['home', 'tmp', 'run']) mkdirSync(at(name));
  const runtime = at(`run/${uid}`);
  const create = (name: string, mode = 0o700) => {
    mkdirSync(name, { recursive: true });
    chmodSync(name, mode);
    return name;
  };
  return { folder, home: at('home'), runtime, at, create, shared: at(`tmp/mcp-auth-${uid}`) };
}
type Place = ReturnType<typeof createPlace>;

interface Options {
  readonly shell?: string;
  readonly env?: Record<string, string>;
  readonly stays?: boolean;
}

/** Starts the script. `found` is what it has printed, once it has. */
function start(place: Place, { shell = 'sh', env = {}, stays = false }: Options = {}) {
  const child = spawn(shell, shell === 'zsh' ? ['--emulate', 'sh', '-s'] : ['-s'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: place.home, ...env },
  });
  onTestFinished(() => void child.kill());
  const ended = once(child, 'close');
  let output = '';
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const found = new Promise<RemotePath>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const path = parseRemotePath(output, names);
      if (path !== undefined) resolve(path);
    });
    ended.then(() => reject(new Error(`no path in ${output}`)), reject);
  });
  const script = formatRemoteScript({ ...names, stays, runtimeRoot: place.at('run'), temporary: place.at('tmp') });
  child.stdin.write(script);
  return { child, found, ended, stdin: child.stdin, said: () => said };
}

async function find(place: Place, options?: Options): Promise<RemotePath> {
  const { found, ended, said } = start(place, options);
  const path = await found;
  await ended;
  expect(said()).toBe('');
  return path;
}

const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);
const inFolder = (folder: string) => ({ path: path.join(folder, names.name) });
/** What `sh` is on some system, as far as it is installed. */
const shells = ['sh', 'dash', 'bash', 'zsh'].filter((shell) =>
  (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(path.join(folder, shell))),
);

describe.each(shells)('in %s', (shell) => {
  test('the folder is in the runtime folder of systemd, and only the user can enter it', async () => {
    const place = createPlace();
    place.create(place.runtime);
    expect(await find(place, { shell })).toEqual(inFolder(path.join(place.runtime, 'mcp-auth/forwarded')));
    expect(modeOf(path.join(place.runtime, 'mcp-auth'))).toBe('700');
    expect(modeOf(path.join(place.runtime, 'mcp-auth/forwarded'))).toBe('700');
  });

  test('else in XDG_RUNTIME_DIR, else in the home folder, else in /tmp', async () => {
    const place = createPlace();
    const XDG_RUNTIME_DIR = place.create(place.at('xdg'));
    expect(await find(place, { shell, env: { XDG_RUNTIME_DIR } })).toEqual(inFolder(path.join(XDG_RUNTIME_DIR, 'mcp-auth/forwarded')));
    expect(await find(place, { shell })).toEqual(inFolder(path.join(place.home, '.config/mcp-auth/run/forwarded')));
    const XDG_CONFIG_HOME = place.at('config');
    expect(await find(place, { shell, env: { XDG_CONFIG_HOME } })).toEqual(inFolder(path.join(XDG_CONFIG_HOME, 'mcp-auth/run/forwarded')));
    expect(await find(place, { shell, env: { HOME: '' } })).toEqual(inFolder(path.join(place.shared, 'run/forwarded')));
  });

  test('it removes the socket when its input ends, and says that the agent is away', async () => {
    const place = createPlace();
    const folder = path.join(place.create(place.runtime), 'mcp-auth/forwarded');
    const { found, ended, stdin } = start(place, { shell, stays: true });
    await found;
    writeFileSync(path.join(folder, 'laptop.away'), '');
    await listenAt(path.join(folder, names.name));
    stdin.write(scriptWords.forwarded);
    await until(() => !existsSync(path.join(folder, 'laptop.away')));
    expect(readdirSync(folder)).toEqual([names.name]);
    stdin.end();
    await ended;
    expect(readdirSync(folder)).toEqual(['laptop.away']);
    expect(modeOf(path.join(folder, 'laptop.away'))).toBe('600');
  });

  test('not while another session of the same machine runs; one of another machine does not count', async () => {
    for (const [other, isAway] of [
      ['laptop-zzzzzzzz.sock', false],
      ['laptop-2-zzzzzzzz.sock', true],
    ] as const) {
      const place = createPlace();
      const folder = path.join(place.create(place.runtime), 'mcp-auth/forwarded');
      const { found, ended, stdin } = start(place, { shell, stays: true });
      await found;
      await listenAt(path.join(folder, other));
      stdin.end(scriptWords.forwarded);
      await ended;
      expect(readdirSync(folder).sort(), other).toEqual(isAway ? [other, 'laptop.away'] : [other]);
    }
  });

  test('when the forwarding is cancelled, it does so and stays: the connection would end with it', async () => {
    const place = createPlace();
    const folder = path.join(place.create(place.runtime), 'mcp-auth/forwarded');
    const { child, found, ended, stdin } = start(place, { shell, stays: true });
    await found;
    await listenAt(path.join(folder, names.name));
    stdin.write(scriptWords.forwarded);
    await until(() => !existsSync(path.join(folder, 'laptop.away')));
    stdin.write(scriptWords.cancelled);
    await until(() => readdirSync(folder).join() === 'laptop.away');
    expect(child.exitCode).toBe(null);
    stdin.end();
    await ended;
    expect(child.exitCode).toBe(0);
  });

  test('a socket that was never forwarded leaves nothing behind', async () => {
    const place = createPlace();
    const folder = path.join(place.create(place.runtime), 'mcp-auth/forwarded');
    const { found, ended, stdin } = start(place, { shell, stays: true });
    await found;
    stdin.end();
    await ended;
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a folder that cannot be trusted is not used', () => {
  const config = (place: Place) => inFolder(path.join(place.home, '.config/mcp-auth/run/forwarded'));
  const shared = (place: Place) => inFolder(path.join(place.shared, 'run/forwarded'));

  test.each(['770', '777', '702', '720'])('a runtime folder of mode %s', async (mode) => {
    const place = createPlace();
    place.create(place.runtime, parseInt(mode, 8));
    expect(await find(place)).toEqual(config(place));
    expect(readdirSync(place.runtime)).toEqual([]);
  });

  test('a runtime folder that is a link', async () => {
    const place = createPlace();
    symlinkSync(place.create(place.at('elsewhere')), place.runtime);
    expect(await find(place)).toEqual(config(place));
    expect(readdirSync(place.at('elsewhere'))).toEqual([]);
  });

  test('an XDG_RUNTIME_DIR that is relative, or missing', async () => {
    const place = createPlace();
    for (const XDG_RUNTIME_DIR of ['.', place.at('missing')])
      expect(await find(place, { env: { XDG_RUNTIME_DIR } })).toEqual(config(place));
  });

  test.each(['mcp-auth', 'mcp-auth/run', 'mcp-auth/run/forwarded'])('a link planted as %s', async (name) => {
    const place = createPlace();
    place.create(place.at('elsewhere'));
    const link = path.join(place.home, '.config', name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(place.at('elsewhere'), link);
    expect(await find(place)).toEqual(shared(place));
    expect(readdirSync(place.at('elsewhere'))).toEqual([]);
  });

  test.each(['mcp-auth', 'mcp-auth/run', 'mcp-auth/run/forwarded'])('%s, which others can write to', async (name) => {
    const place = createPlace();
    place.create(path.join(place.home, '.config', name), 0o777);
    expect(await find(place)).toEqual(shared(place));
  });

  test('the last one, too: then there is none', async () => {
    const place = createPlace();
    place.create(place.shared, 0o777);
    expect(await find(place, { env: { HOME: '' } })).toEqual({ reason: 'none' });
  });

  test.skipIf(uid !== 0)('the folder of another user', async () => {
    const place = createPlace();
    const { chownSync } = await import('node:fs');
    chownSync(place.create(place.runtime), 65_001, 65_001);
    chownSync(place.create(place.shared), 65_001, 65_001);
    expect(await find(place, { env: { HOME: '' } })).toEqual({ reason: 'none' });
    expect(readdirSync(place.runtime)).toEqual([]);
  });

  test('a folder that others can only read is made private', async () => {
    const place = createPlace();
    const folder = place.create(path.join(place.runtime, 'mcp-auth/forwarded'), 0o755);
    chmodSync(place.runtime, 0o700);
    expect(await find(place)).toEqual(inFolder(folder));
    expect(modeOf(folder)).toBe('700');
  });

  test('a path that is too long for a socket, or that ssh would split', async () => {
    const place = createPlace();
    for (const home of [place.at('x'.repeat(90)), place.at('a:b')]) {
      place.create(home);
      expect(await find(place, { env: { HOME: home } })).toEqual(shared(place));
    }
  });

  test('names with spaces, quotes and patterns are nothing special', async () => {
    const place = createPlace();
    const home = place.create(place.at(`a * b's`));
    const { found, ended } = start(place, { env: { HOME: home } });
    // The script uses it, and the laptop refuses the quotation mark.
    expect(await found).toEqual({ reason: 'unusable' });
    await ended;
    expect(existsSync(path.join(home, '.config/mcp-auth/run/forwarded'))).toBe(true);
  });
});

describe('what the remote machine prints', () => {
  const good = `/run/user/1000/mcp-auth/forwarded/${names.name}`;
  test.each<[string, string, RemotePath | undefined]>([
    ['the line', `\n${names.nonce} ${good}\n`, { path: good }],
    ['what start-up files print', `Welcome!\nYou have mail.\n$ \n${names.nonce} ${good}\nbye\n`, { path: good }],
    ['noise without an end of line', `Welcome\n${names.nonce} ${good}\r\n`, { path: good }],
    ['an echo of the script', `name='x' nonce='${names.nonce}' ${good}\n`, undefined],
    ['half a line', `\n${names.nonce} /run/user/10`, undefined],
    ['nothing', '', undefined],
    ['no folder', `${names.nonce} \n`, { reason: 'none' }],
    ['another file', `${names.nonce} /home/me/.ssh/authorized_keys\n`, { reason: 'unusable' }],
    ['another nonce', `b5f0c8 ${good}\n`, undefined],
    ['terminal codes', `${names.nonce} /run/\u001b]0;x\u0007/${names.name}\n`, { reason: 'unusable' }],
  ])('%s', (_, output, found) => {
    expect(parseRemotePath(output, names)).toEqual(found);
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await wait(10);
}

/** A socket as sshd leaves it. */
async function listenAt(file: string): Promise<void> {
  const server = createServer();
  server.listen(file);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
}
