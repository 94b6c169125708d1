/** As in a container: a read-only root, no home, no terminal, an empty environment. */
import { spawn } from 'node:child_process';
import { openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { command } from '../helpers/build.js';
import { readStore, temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { describeWith } from '../helpers/installed.js';
import { createLaptop } from '../helpers/laptop.js';
import { Person } from '../helpers/person.js';
import { piped } from '../helpers/piped.js';
import { realServers } from '../helpers/servers.js';

describeWith('bwrap', 'in a container', (bwrap) => {
  /** `mounts` are bwrap's own words. stdin is /dev/null, as without `-i`. */
  function run(mounts: string[], words: string[], variables: Record<string, string> = {}) {
    const root = [
      '--ro-bind',
      '/',
      '/',
      '--dev',
      '/dev',
      '--proc',
      '/proc',
      '--unshare-pid',
      '--unshare-ipc',
      '--die-with-parent',
      '--clearenv',
    ];
    const env = Object.entries({ PATH: '/usr/bin:/bin', container: 'bwrap', ...variables }).flatMap(([name, value]) => [
      '--setenv',
      name,
      value,
    ]);
    const child = spawn(bwrap, [...root, ...mounts, ...env, process.execPath, command, ...words], {
      stdio: [openSync('/dev/null', 'r'), 'pipe', 'pipe'],
    });
    return piped(child);
  }

  const mounted = { MCP_AUTH_STORE: '/mnt/mcp-servers.json' };

  test.each([
    { what: 'a folder with the store', mounts: (store: string) => ['--bind', path.dirname(store), '/mnt'] },
    { what: 'the store by itself, as a file', mounts: (store: string) => ['--tmpfs', '/mnt', '--bind', store, '/mnt/mcp-servers.json'] },
  ])('with $what: a login by code and a token', async ({ mounts }) => {
    const { mcpServer } = await realServers();
    const store = temporaryStore({ mine: 'kept' });
    const login = run(mounts(store), ['login', mcpServer.url, '--name', 'demo'], mounted);
    await login.shown(/No browser is opened here: this is a container\./);
    const userCode = await login.shown(/^([A-Z]{4}-[A-Z]{4})$/m);
    await new Person().approveDevice(await login.shown(/^(http:\S+\/device)$/m), userCode);
    expect(await login.exit, login.output.stderr).toBe(0);
    expect(login.output.stderr).not.toContain('\u001b');
    expect(login.output.stderr).not.toContain('█');
    expect(readStore(store)).toMatchObject({ mine: 'kept', mcpServers: { demo: { url: mcpServer.url } } });
    expect(statSync(store).mode & 0o777).toBe(0o600);

    const token = run(mounts(store), ['token', 'demo'], mounted);
    expect(await token.exit, token.output.stderr).toBe(0);
    expect(token.output.stdout.trim()).toBe(readStore(store).mcpServers.demo.auth.token);
  });

  test('with a secret that is mounted read-only: the token in it is good, and a login says at once what to do', async () => {
    const auth = { type: 'bearer', token: 'secret-1', expires_at: 4_000_000_000 };
    const store = temporaryStore({ mcpServers: { demo: { type: 'http', url: 'https://a.example/mcp', auth } } });
    const mounts = ['--ro-bind', path.dirname(store), '/mnt'];
    const token = run(mounts, ['token', 'demo'], mounted);
    expect(await token.exit, token.output.stderr).toBe(0);
    expect(token.output).toEqual({ stdout: 'secret-1\n', stderr: '' });
    const before = readFileSync(store, 'utf8');
    const login = run(mounts, ['login', 'demo'], mounted);
    expect(await login.exit).toBe(1);
    expect(login.output.stderr).toMatch(/The store cannot be written: \/mnt \(EROFS\)[^]*mount the folder/);
    expect(readFileSync(store, 'utf8')).toBe(before);
  });

  test('without a home: the default store cannot be created, which is reported before the approval', async () => {
    const { mcpServer } = await realServers();
    const login = run([], ['login', mcpServer.url, '--name', 'demo']);
    expect(await login.exit).toBe(1);
    expect(login.output.stderr).toMatch(/The store cannot be written[^]*MCP_AUTH_STORE/);
    expect(login.output.stderr).not.toContain('/device');
  });

  test('in two steps, by two processes, with the address as an argument', async () => {
    const { mcpServer } = await realServers();
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, 'mcp-servers.json'), '{}', { mode: 0o600 });
    const mounts = ['--bind', folder, '/mnt'];
    const start = run(mounts, ['login', mcpServer.url, '--name', 'demo', '--flow', 'paste', '--start', '--json'], mounted);
    expect(await start.exit, start.output.stderr).toBe(0);
    const { url } = JSON.parse(start.output.stdout) as { url: string };
    const finish = run(mounts, ['login', 'demo', '--finish', await new Person().approve(url)], mounted);
    expect(await finish.exit, finish.output.stderr).toBe(0);
    expect(readStore(path.join(folder, 'mcp-servers.json')).mcpServers.demo.auth.token).toMatch(/\S+/);
  });

  test('with the folder of a shared socket of an agent: its login, without a store, also after the agent was restarted', async () => {
    const { mcpServer } = await realServers();
    const laptop = createLaptop();
    await laptop.login(mcpServer.url, 'demo');
    const share = await laptop.run(['agent', 'share', 'devcontainer', '--only', 'demo', '--lend-tokens']);
    expect(share.exit, share.stderr).toBe(0);
    const socket = share.stdout.trim();
    // A container that runs on while the agent is restarted: only the folder shows the new socket.
    const mounts = ['--bind', path.dirname(socket), '/mnt', '--tmpfs', '/home'];
    const inside = { HOME: '/home', MCP_AUTH_SOCK: `/mnt/${path.basename(socket)}` };
    const tokenThere = async () => {
      const token = run(mounts, ['token', 'demo'], inside);
      expect(await token.exit, token.output.stderr).toBe(0);
      return token.output.stdout.trim();
    };
    expect(await tokenThere()).toBe(laptop.read().mcpServers['demo']?.auth['token']);
    expect((await laptop.run(['agent', 'stop'])).exit).toBe(0);
    const away = run(mounts, ['token', 'demo'], inside);
    expect(await away.exit).toBe(3);
    expect(away.output.stderr).toContain('is away.');
    expect((await laptop.run(['agent', '--background'])).exit).toBe(0);
    expect(await tokenThere()).toBe(laptop.read().mcpServers['demo']?.auth['token']);
  });
});
