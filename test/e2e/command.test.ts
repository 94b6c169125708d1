/** The built command as people run it: in a terminal, from a script, by an agent without either. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatShellLine } from '../../src/text/command-line.js';
import { command } from '../helpers/build.js';
import { readStore, temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { listening } from '../helpers/listening.js';
import { Person } from '../helpers/person.js';
import { piped } from '../helpers/piped.js';
import { runInTerminal, spawnInTerminal } from '../helpers/pty.js';
import { fakeServer, realServers } from '../helpers/servers.js';
import { storedLogin } from '../helpers/stored-login.js';

const address = /^(http:\S+\/auth\?\S+)$/m;
const code = /^([A-Z]{4}-[A-Z]{4})$/m;

/** The command with pipes, or with /dev/null as its stdin. */
function runPiped(words: string[], { stdin = 'pipe', env = {} }: { stdin?: 'pipe' | 'null'; env?: Record<string, string> } = {}) {
  const child = spawn(process.execPath, [command, ...words], {
    stdio: [stdin === 'pipe' ? 'pipe' : openSync('/dev/null', 'r'), 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...env },
  });
  return piped(child);
}

describe('in a terminal', () => {
  test('a login by paste, in a window of 80 columns: the address stands whole and alone', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    const words = ['login', mcpServer.url, '--no-browser', '--name', 'demo', '--flow', 'paste', '--store', store];
    const login = runInTerminal(words, { columns: 80, rows: 24 });
    const end = await new Person().approve(await login.shown(address));
    await login.shown(/Paste the address here:/);
    login.type(`${end}\r`);
    expect(await login.exit).toBe(0);
    expect(login.lines().join('\n')).toContain('✓ Logged in to demo');
    expect(login.lines().join('\n')).not.toContain(new URL(end).searchParams.get('code'));
    expect(readStore(store).mcpServers.demo.auth.token).toMatch(/\S+/);
  });

  test('the browser reaches the listener while the prompt is open: the prompt goes away, and the terminal is as it was', async () => {
    const { mcpServer } = await realServers();
    const words = ['login', mcpServer.url, '--no-browser', '--flow', 'paste', '--no-qr', '--store', temporaryStore()];
    const line = `${formatShellLine([process.execPath, command, ...words])}; echo "exit $?"; stty -a`;
    const shell = spawnInTerminal('/bin/sh', ['-c', line], {});
    const end = await new Person().approve(await shell.shown(address));
    await shell.shown(/Paste the address here:/);
    expect((await fetch(end)).status).toBe(200);
    await shell.exit;
    const screen = shell.lines().join('\n');
    expect(screen).toContain('✓ Logged in to');
    expect(screen).toContain('exit 0');
    expect(screen).not.toContain('Paste the address here:');
    expect(screen).toMatch(/ icanon[^]* echo /);
  });

  test('a login by device code counts down on one line, which is gone at the end', async () => {
    const { mcpServer } = await realServers();
    const login = runInTerminal(['login', mcpServer.url, '--no-browser', '--name', 'demo', '--store', temporaryStore()]);
    const userCode = await login.shown(code);
    await login.shown(/Waiting for approval: 9:\d\d left/);
    await new Person().approveDevice(await login.shown(/^(http:\S+\/device)$/m), userCode);
    expect(await login.exit).toBe(0);
    expect(login.lines().join('\n')).not.toContain('Waiting for approval');
    expect(login.lines().join('\n')).toContain('✓ Logged in to demo');
  });

  test.each(['paste', 'device'])('Ctrl-C during %s: 130, and the terminal is as it was', async (flow) => {
    const { mcpServer } = await realServers();
    const store = temporaryStore({ mine: 1 });
    const words = ['login', mcpServer.url, '--no-browser', '--flow', flow, '--no-qr', '--store', store];
    const line = `trap : INT; ${formatShellLine([process.execPath, command, ...words])}; echo "exit $?"; stty -a`;
    const shell = spawnInTerminal('/bin/sh', ['-c', line], {});
    await shell.shown(/Paste the address here:|Waiting for approval/);
    shell.type('\u0003');
    // The last output may arrive after the exit.
    await shell.shown(/-?iexten .*/);
    await shell.exit;
    const screen = shell.lines().join('\n');
    expect(screen).toMatch(/^✗ Interrupted\.\nexit 130$/m);
    expect(screen).toMatch(/ icanon/);
    expect(screen).toMatch(/ echo /);
    expect(readStore(store)).toEqual({ mine: 1 });
  });
});

describe('without a terminal', () => {
  test('the address comes on stderr, the pasted one is a line on stdin, stdout has the events', async () => {
    const { mcpServer } = await realServers();
    const store = path.join(temporaryFolder(), 'mcp-servers.json');
    const login = runPiped(['login', mcpServer.url, '--no-browser', '--name', 'demo', '--flow', 'paste', '--json'], {
      env: { MCP_AUTH_STORE: store },
    });
    login.child.stdin?.write(`${await new Person().approve(await login.shown(address))}\n`);
    expect(await login.exit).toBe(0);
    const events = login.output.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string });
    expect(events.map(({ event }) => event)).toEqual(['authorization_url', 'logged_in']);
    expect(login.output.stderr).not.toContain('\u001b');
    expect(readStore(store).mcpServers.demo.auth.token).toMatch(/\S+/);
  });

  test('an empty stdin is nothing pasted; /dev/null waits for the listener', async () => {
    const { mcpServer } = await realServers();
    const words = ['login', mcpServer.url, '--no-browser', '--flow', 'paste', '--store', temporaryStore()];
    const empty = runPiped(words);
    empty.child.stdin?.end();
    expect(await empty.exit).toBe(1);
    expect(empty.output.stderr).toContain('Nothing was pasted');

    const nothing = runPiped(words, { stdin: 'null' });
    const end = await new Person().approve(await nothing.shown(address));
    await nothing.shown(/nothing can be pasted/);
    expect(await (await fetch(end)).text()).toContain('You are logged in');
    expect(await nothing.exit).toBe(0);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends it with 130', async (signal) => {
    const { mcpServer } = await realServers();
    const login = runPiped(['login', mcpServer.url, '--no-browser', '--store', temporaryStore()]);
    await login.shown(code);
    login.child.kill(signal);
    expect(await login.exit).toBe(130);
  });

  test('the default store is in the home folder, and token works from any folder', async () => {
    const home = temporaryFolder();
    const env = { HOME: home };
    const add = runPiped(['add', 'demo', 'https://demo.example/mcp'], { env });
    expect(await add.exit).toBe(0);
    expect(readStore(path.join(home, '.config/mcp-auth/mcp-servers.json'))).toEqual({
      mcpServers: { demo: { type: 'http', url: 'https://demo.example/mcp' } },
    });
    expect(await runPiped(['token', 'demo'], { env }).exit).toBe(3);
  });
});

test('what does not fit into a pipe at once arrives whole, and a full disk is not taken for success', async () => {
  const mcpServers = Object.fromEntries(
    Array.from({ length: 2000 }, (_, i) => [`server-${i}`, { type: 'http', url: `https://host-${i}.example/mcp` }]),
  );
  const store = temporaryStore({ mcpServers });
  const list = runPiped(['list', '--json', '--store', store]);
  expect(await list.exit).toBe(0);
  expect(JSON.parse(list.output.stdout)).toHaveLength(2000);

  const full = spawn(process.execPath, [command, 'list', '--store', store], { stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'] });
  let said = '';
  full.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  expect(await new Promise((resolve) => full.on('close', resolve))).toBe(1);
  expect(said).toContain('Could not write to stdout');
});

test('SIGTERM, twice, while a refresh is on the wire: its answer is stored first', async () => {
  const running: { child?: ReturnType<typeof runPiped>['child'] } = {};
  const server = await fakeServer(() => [
    {
      want: 'POST /token',
      respond: () => {
        running.child?.kill('SIGTERM');
        running.child?.kill('SIGTERM');
        return { json: { access_token: 'a', token_type: 'Bearer', expires_in: 3600, refresh_token: 'b' } };
      },
    },
  ]);
  const store = storedLogin(server, { expires_at: 1 }, 'demo');
  const token = runPiped(['token', 'demo', '--store', store]);
  running.child = token.child;
  expect(await token.exit).toBe(130);
  expect(token.output.stdout).toBe('');
  // The process that renews continues, and the next command waits for it.
  const next = runPiped(['token', 'demo', '--store', store]);
  expect(await next.exit, next.output.stderr).toBe(0);
  expect(next.output.stdout).toBe('a\n');
  expect(readStore(store).mcpServers.demo.auth).toMatchObject({ token: 'a', refresh_token: 'b' });
  expect(server.asked('POST /token')).toHaveLength(1);
});

test.each(['token', 'headers', 'refresh'])(
  '%s is killed with its group while a refresh is on the wire: the next one has the new token',
  async (word) => {
    const answer: { send?: () => void } = {};
    const reached = new Promise<void>((resolve) => (answer.send = resolve));
    const released: { go?: () => void } = {};
    const held = new Promise<void>((resolve) => (released.go = resolve));
    const asked: string[] = [];
    const { origin } = await listening((request, response) => {
      asked.push(request.url ?? '');
      answer.send?.();
      void held.then(() => {
        const body = { access_token: 'a', token_type: 'Bearer', expires_in: 3600, refresh_token: 'b' };
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    const store = storedLogin({ origin, url: `${origin}/mcp` }, { expires_at: 1 }, 'demo');
    const child = spawn(process.execPath, [command, word, 'demo', '--store', store], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    await reached;
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    // Its pipes are closed: no other process holds them.
    await once(child, 'close');
    const next = runPiped(['token', 'demo', '--store', store]);
    released.go?.();
    expect(await next.exit, next.output.stderr).toBe(0);
    expect(next.output.stdout).toBe('a\n');
    expect(asked).toEqual(['/token']);
  },
);

test('16 processes that find the token expired make one refresh, and all print the same new one', async () => {
  let count = 0;
  const server = await fakeServer(() => [
    {
      want: 'POST /token',
      respond: () => ({
        json: { access_token: `new-${(count += 1)}`, token_type: 'Bearer', expires_in: 3600, refresh_token: `r-${count}` },
      }),
    },
  ]);
  const store = storedLogin(server, { expires_at: 1 }, 'demo');
  const all = Array.from({ length: 16 }, () => runPiped(['token', 'demo', '--store', store]));
  expect(await Promise.all(all.map(({ exit }) => exit))).toEqual(Array.from({ length: 16 }, () => 0));
  expect(new Set(all.map(({ output }) => output.stdout))).toEqual(new Set(['new-1\n']));
  expect(server.asked('POST /token')).toHaveLength(1);
});

test('exec hands the token to a command, its words and its exit code as they are', async () => {
  const store = temporaryStore({
    mcpServers: { demo: { type: 'http', url: 'https://a.example', auth: { type: 'bearer', token: 'secret-1' } } },
  });
  const exec = runPiped([
    'exec',
    'demo',
    '--store',
    store,
    '--',
    process.execPath,
    '-e',
    'console.log(process.env.MCP_AUTH_TOKEN, process.argv.slice(1)); process.exit(9)',
    'a b',
    '--store',
  ]);
  expect(await exec.exit).toBe(9);
  expect(exec.output.stdout).toBe("secret-1 [ 'a b', '--store' ]\n");
  const none = runPiped(['exec', 'demo', '--store', store, '--', '/no/such/command']);
  expect(await none.exit).toBe(1);
  expect(none.output.stderr).toContain('cannot be run (ENOENT)');
});

test('headers works as apps call it: an environment of HOME and PATH, any folder, stdin closed', async () => {
  const home = temporaryFolder();
  const store = path.join(home, '.config/mcp-auth/mcp-servers.json');
  mkdirSync(path.dirname(store), { recursive: true });
  const auth = { type: 'bearer', token: 'secret-1', expires_at: 4_000_000_000 };
  writeFileSync(store, JSON.stringify({ mcpServers: { demo: { type: 'http', url: 'https://a.example/mcp', auth } } }), { mode: 0o600 });
  const words = ['env', '-i', `HOME=${home}`, 'PATH=/usr/bin:/bin', process.execPath, command, 'headers', 'demo'];
  const line = `cd / && exec ${formatShellLine(words)} <&-`;
  const headers = spawn('/bin/sh', ['-c', line], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [printed, said] = ['', ''];
  headers.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  headers.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  expect(await new Promise((resolve) => headers.on('close', resolve))).toBe(0);
  expect({ printed, said }).toEqual({ printed: '{"Authorization":"Bearer secret-1"}\n', said: '' });
});

test('refresh --watch ends cleanly on SIGTERM', async () => {
  const store = temporaryStore({ mcpServers: {} });
  const watch = runPiped(['refresh', '--watch', '--store', store]);
  await watch.shown(/Keeping the logins/);
  watch.child.kill('SIGTERM');
  expect(await watch.exit).toBe(0);
});
