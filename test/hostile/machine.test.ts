/** A machine with other users: how files are created, and what others can see. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, linkSync, lstatSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { command } from '../helpers/build.js';
import { temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { Person } from '../helpers/person.js';
import { run } from '../helpers/run.js';
import { realServers } from '../helpers/servers.js';
import { startAttackingServer } from './attacking-server.js';
import { secretStore, start } from './starting.js';

describe('files', () => {
  test('every file of a login is created with 0600 and every folder with 0700, whatever the umask', async () => {
    const { mcpServer } = await realServers();
    const home = temporaryFolder();
    const log = path.join(home, 'log');
    const store = path.join(home, 'new', 'folder', 'mcp-servers.json');
    const env = { MCP_AUTH_STORE: store, FILE_LOG: log };
    const node = ['--import', path.join(import.meta.dirname, 'watch-files.mjs')];
    const before = process.umask(0);
    try {
      const login = start(['login', mcpServer.url, '--no-browser', '--name', 'demo'], { env, node });
      const code = await login.shown(/^([A-Z]{4}-[A-Z]{4})$/m);
      await new Person().approveDevice(await login.shown(/^(http:\S+\/device)$/m), code);
      expect(await login.exit, login.output.stderr).toBe(0);
      for (const words of [
        ['login', 'demo', '--start', '--flow', 'paste'],
        ['refresh', 'demo'],
        ['export', 'demo', '--move'],
      ]) {
        const next = start(words, { env, node });
        expect(await next.exit, next.output.stderr).toBe(0);
      }
    } finally {
      process.umask(before);
    }
    const calls = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { call: string; file: string; mode?: number; folder?: boolean });
    expect(calls.length).toBeGreaterThan(10);
    for (const { call, file, mode, folder } of calls) {
      expect(mode?.toString(8), `${call} ${file}`).toBe(folder ? '700' : '600');
    }
    const folder = path.dirname(store);
    const names = readdirSync(folder).map((name) => name.replace(/\.\w+(?=\.attempt$)/, '.ID'));
    expect(names.sort()).toEqual([
      'mcp-servers.json',
      'mcp-servers.json.ID.attempt',
      'mcp-servers.json.demo.moved',
      'mcp-servers.json.demo.newest',
    ]);
    for (const name of readdirSync(folder)) expect((statSync(path.join(folder, name)).mode & 0o777).toString(8), name).toBe('600');
    expect((statSync(folder).mode & 0o777).toString(8)).toBe('700');
  });

  test('a planted link in place of a file is not followed', async () => {
    const { origin } = await startAttackingServer(() => []);
    const store = temporaryStore({ mcpServers: { demo: { url: `${origin}/mcp` } } });
    const elsewhere = path.join(temporaryFolder(), 'theirs');
    writeFileSync(elsewhere, 'theirs');
    for (const name of ['.demo.moved', '.demo.moved.tmp', '.demo.rescued', '.demo.newest', '.x.attempt'])
      symlinkSync(elsewhere, `${store}${name}`);
    const login = start(['login', 'demo', '--flow', 'device', '--no-browser', '--no-verify'], { env: { MCP_AUTH_STORE: store } });
    expect(await login.exit, login.output.stderr).toBe(0);
    const moved = start(['export', 'demo', '--move'], { env: { MCP_AUTH_STORE: store } });
    expect(await moved.exit, moved.output.stderr).toBe(0);
    expect(readFileSync(elsewhere, 'utf8')).toBe('theirs');
    expect(lstatSync(`${store}.demo.moved`).isSymbolicLink()).toBe(false);
  });

  test('a pipe in the place of an app’s file, in the folder that a command is typed in, is not waited for', async () => {
    const folder = temporaryFolder();
    expect(spawnSync('mkfifo', [path.join(folder, '.mcp.json')]).status).toBe(0);
    const listing = run('connect --list', { store: temporaryStore({}), folder, env: { HOME: temporaryFolder() } });
    expect(await listing.exit, listing.stderr).toBe(0);
    expect(listing.stdout).toMatch(/\.mcp\.json +cannot be read/);
  });

  test('a second name of the store, as a hard link elsewhere, is left with what it had', async () => {
    const { origin } = await startAttackingServer(() => []);
    const store = temporaryStore({ mcpServers: { demo: { url: `${origin}/mcp` } } });
    const elsewhere = path.join(temporaryFolder(), 'linked');
    linkSync(store, elsewhere);
    const login = start(['login', 'demo', '--flow', 'device', '--no-browser', '--no-verify'], { env: { MCP_AUTH_STORE: store } });
    expect(await login.exit, login.output.stderr).toBe(0);
    expect(readFileSync(elsewhere, 'utf8')).not.toContain('SECRET');
  });

  test('a store that others can read or replace gets a warning', () => {
    const store = temporaryStore(secretStore);
    chmodSync(store, 0o644);
    const list = () => spawnSync(process.execPath, [command, 'list'], { env: { MCP_AUTH_STORE: store }, encoding: 'utf8' }).stderr;
    expect(list()).toContain(`can be read by other users of this machine. Run: chmod 600 ${store}`);
    chmodSync(store, 0o600);
    chmodSync(path.dirname(store), 0o777);
    expect(list()).toContain(`Run: chmod o-w ${path.dirname(store)}`);
    chmodSync(path.dirname(store), 0o700);
    expect(list()).toBe('');
  });
});

describe('what others can see', () => {
  test('no process has a secret in its arguments or environment, except the command that exec runs', async () => {
    const store = temporaryStore(secretStore);
    const script = `const fs = require('node:fs');
      const seen = fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name) && Number(name) !== process.pid).filter((pid) => {
        try { return ['cmdline', 'environ'].some((file) => fs.readFileSync('/proc/' + pid + '/' + file, 'utf8').includes('SECRET-' + 'token')); } catch { return false; }
      });
      console.log(JSON.stringify({ token: process.env.MCP_AUTH_TOKEN, seen }));`;
    const child = start(['exec', 'demo', '--', process.execPath, '-e', script], { env: { MCP_AUTH_STORE: store } });
    expect(await child.exit, child.output.stderr).toBe(0);
    expect(JSON.parse(child.output.stdout)).toEqual({ token: 'SECRET-token', seen: [] });
  });

  test('an unexpected failure is reported with its kind and its place, and without the data', () => {
    const store = temporaryStore(secretStore);
    // A file system that breaks in the middle, with the file’s content in its message.
    const broken = path.join(temporaryFolder(), 'broken.mjs');
    writeFileSync(
      broken,
      `JSON.parse = ((parse) => (text, ...rest) => { if (String(text).includes('SECRET')) throw new TypeError('cannot read ' + text); return parse(text, ...rest); })(JSON.parse);
      Object.fromEntries = ((from) => (entries) => { const value = from(entries); if (value && 'token' in value) throw new RangeError('broken: ' + value.token); return value; })(Object.fromEntries);`,
    );
    const child = spawnSync(process.execPath, ['--import', broken, command, 'logout', 'demo', '--debug'], {
      env: { MCP_AUTH_STORE: store },
      encoding: 'utf8',
    });
    expect(child.status).toBe(1);
    expect(child.stderr).not.toContain('SECRET');
    expect(child.stderr).not.toMatch(/\n\s+at /);
    expect(existsSync(store)).toBe(true);
  });
});
