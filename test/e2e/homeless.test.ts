/** As on OpenShift: a user without an entry in /etc/passwd, and no HOME. With --store everything works; otherwise the message says what is missing. */
import { spawn } from 'node:child_process';
import { chmodSync, openSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readStore, temporaryFolder } from '../helpers/folder.js';
import { describeWith } from '../helpers/installed.js';
import { Person } from '../helpers/person.js';
import { piped } from '../helpers/piped.js';
import { makeReachable, type Reachable } from '../helpers/reachable.js';
import { realServers } from '../helpers/servers.js';

describeWith('bwrap', 'for a user without an entry', (bwrap) => {
  let at: Reachable;
  beforeAll(() => void (at = makeReachable()));
  afterAll(() => at.remove());

  function run(words: readonly string[], variables: Record<string, string> = {}, stdin = openSync('/dev/null', 'r')) {
    const user = ['--unshare-user', '--uid', '1000650000', '--gid', '0'];
    const mounts = ['--bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--unshare-pid', '--die-with-parent', '--clearenv'];
    const env = Object.entries({ PATH: '/usr/bin:/bin', ...variables }).flatMap(([name, value]) => ['--setenv', name, value]);
    return piped(spawn(bwrap, [...mounts, ...user, ...env, at.node, at.command, ...words], { stdio: [stdin, 'pipe', 'pipe'], cwd: '/' }));
  }

  async function ended(words: string, variables: Record<string, string> = {}) {
    const { exit, output } = run(words.split(' '), variables);
    return { code: await exit, ...output };
  }

  test('there is none here', async () => {
    const home = piped(
      spawn(bwrap, ['--bind', '/', '/', '--unshare-user', '--uid', '1000650000', '--clearenv', at.node, '-p', 'os.userInfo().username'], {
        stdio: [openSync('/dev/null', 'r'), 'pipe', 'pipe'],
      }),
    );
    expect(await home.exit).not.toBe(0);
    expect(home.output.stderr).toContain('uv_os_get_passwd');
  });

  test.each(['MCP_AUTH_STORE', '--store'])('with the store named by %s: a login, and what it is for', async (how) => {
    const { mcpServer } = await realServers();
    const store = path.join(temporaryFolder(), 'new', 'mcp-servers.json');
    const [variables, more] = how === '--store' ? [{}, ` --store ${store}`] : [{ MCP_AUTH_STORE: store }, ''];
    const login = run(`login ${mcpServer.url} --name demo --no-browser${more}`.split(' '), variables);
    const code = await login.shown(/^([A-Z]{4}-[A-Z]{4})$/m);
    await new Person().approveDevice(await login.shown(/^(http:\S+\/device)$/m), code);
    expect(await login.exit, login.output.stderr).toBe(0);
    const before = readStore(store).mcpServers.demo.auth.token as string;

    expect(await ended(`token demo${more}`, variables)).toEqual({ code: 0, stdout: `${before}\n`, stderr: '' });
    expect(await ended(`refresh demo${more}`, variables)).toMatchObject({ code: 0 });
    const after = readStore(store).mcpServers.demo.auth.token as string;
    expect(after).not.toBe(before);
    expect(await ended(`headers demo${more}`, variables)).toMatchObject({ code: 0, stdout: `{"Authorization":"Bearer ${after}"}\n` });
    expect(await ended(`list${more}`, variables)).toMatchObject({ code: 0, stdout: expect.stringContaining('demo') as string });
    expect(await ended(`doctor demo${more}`, variables)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('accepts the token') as string,
    });
    expect(await ended(`bridge demo${more}`, variables)).toMatchObject({ code: 0 });
    expect(await ended(`add other https://a.example/mcp${more}`, variables)).toMatchObject({ code: 0 });
    expect(await ended(`connect cursor demo${more}`, variables)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/this process has no home folder\.\n.*Set HOME/) as string,
    });
    expect(await ended(`refresh --install-service --write${more}`, variables)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/The unit cannot be written.*\n.*Set HOME/) as string,
    });
    expect(await ended(`logout demo${more}`, variables)).toMatchObject({ code: 0 });
  });

  test.each(['--help', '--version', 'login --help', 'completion bash', 'config'])('“%s” needs no place for a store', async (words) => {
    expect(await ended(words)).toMatchObject({ code: 0 });
  });

  test.each(['token demo', 'headers demo', 'list', 'login https://a.example/mcp', 'refresh --all', 'bridge demo', 'doctor'])(
    '“%s” without any place for it: what to set, and no stack',
    async (words) => {
      for (const variables of [{}, { HOME: '' }] as Record<string, string>[]) {
        const { code, stdout, stderr } = await ended(words, variables);
        expect(code).toBe(1);
        expect(stdout + stderr).toMatch(/There is no place for the store: this process has no home folder[^]*Set HOME.*MCP_AUTH_STORE/);
        expect(stdout + stderr).not.toMatch(/\n\s+at |uv_os|unexpected|did not expect/);
      }
    },
  );

  test('preferences without a place are none, and setting one says what to set', async () => {
    const set = 'config client-metadata-url https://a.example/client.json';
    expect(await ended(set)).toMatchObject({ code: 1, stderr: expect.stringContaining('MCP_AUTH_PREFERENCES') as string });
    const variables = { MCP_AUTH_PREFERENCES: path.join(temporaryFolder(), 'preferences.json') };
    expect(await ended(set, variables)).toMatchObject({ code: 0 });
    expect(await ended('config', variables)).toMatchObject({ stdout: 'client-metadata-url=https://a.example/client.json\n' });
  });

  describe('a home that is none', () => {
    test.each(['', 'missing'])('a folder that cannot be written, or made: “%s”', async (below) => {
      const folder = temporaryFolder();
      chmodSync(folder, 0o555);
      const HOME = path.join(folder, below);
      expect(await ended('list', { HOME })).toMatchObject({ code: 0, stderr: expect.stringContaining('No servers in') as string });
      expect(await ended('config', { HOME })).toMatchObject({ code: 0 });
      for (const [words, name] of [
        ['add demo https://a.example/mcp', 'MCP_AUTH_STORE'],
        ['config client-metadata-url https://a.example/client.json', 'MCP_AUTH_PREFERENCES'],
      ] as const) {
        const { code, stderr } = await ended(words, { HOME });
        expect(code).toBe(1);
        expect(stderr).toMatch(new RegExp(`cannot be written: ${folder}.*\\(EACCES\\)[^]*${name}`));
      }
    });

    test('XDG_CONFIG_HOME alone is enough', async () => {
      const folder = temporaryFolder();
      expect(await ended('add demo https://a.example/mcp', { XDG_CONFIG_HOME: folder })).toMatchObject({ code: 0 });
      expect(Object.keys(readStore(path.join(folder, 'mcp-auth/mcp-servers.json')).mcpServers as object)).toEqual(['demo']);
    });
  });
});
