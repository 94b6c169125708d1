/** The main job, with a real authorization server and a real MCP server: in a browser, which server, and what a failed login leaves. */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { Person } from '../helpers/person.js';
import { run } from '../helpers/run.js';
import { fakeServer, realServers } from '../helpers/servers.js';
import { address } from './logging-in.js';

describe('browser', () => {
  test('is opened with the address, and comes back by itself', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    const opened: string[] = [];
    const openBrowser = async (url: string) => {
      opened.push(url);
      void new Person().approve(url).then((end) => fetch(end));
      return Promise.resolve(true);
    };
    const login = run(`login ${mcpServer.url} --name demo`, { store, stdin: 'open', env: { DISPLAY: ':0' }, openBrowser });
    expect(await login.exit).toBe(0);
    expect(opened).toEqual([await login.shown(address)]);
    expect(readStore(store).mcpServers.demo.auth.token).toMatch(/\S+/);
  });

  test('is not opened over SSH, nor with --no-browser', async () => {
    const { mcpServer } = await realServers();
    for (const { line, env } of [
      { line: '', env: { DISPLAY: ':0', SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' } },
      { line: '--no-browser', env: { DISPLAY: ':0' } },
    ]) {
      const openBrowser = () => Promise.reject(new Error('a browser was opened'));
      const login = run(`login ${mcpServer.url} ${line}`, { store: temporaryStore(), env, openBrowser });
      await login.shown(/enter the code/);
      login.interrupt();
      expect(await login.exit).toBe(130);
    }
  });
});

describe('what a failed login leaves', () => {
  test('a refusal in the browser is exit 4, and the working login stays', async () => {
    const { authorizationServer, mcpServer } = await realServers();
    const store = temporaryStore();
    const first = run(`login ${mcpServer.url} --no-browser --name demo --flow paste`, { store, stdin: 'open' });
    first.type(`${await new Person().approve(await first.shown(address))}\n`);
    expect(await first.exit).toBe(0);
    const before = readStore(store);

    const second = run('login demo --no-browser --flow paste --json', { store, stdin: 'open' });
    second.type(`${await new Person().deny(await second.shown(address))}\n`);
    expect(await second.exit).toBe(4);
    expect(second.events.at(-1)).toMatchObject({ event: 'error', code: 'access_denied' });
    expect(readStore(store)).toEqual(before);
    expect(await authorizationServer.inspect(before.mcpServers.demo.auth.token)).toBeDefined();
  });

  test('a token that the MCP server refuses is not stored, and the browser shows it', async () => {
    const { mcpServer } = await realServers({ refuseAll: true });
    const store = temporaryStore({ mcpServers: { demo: { type: 'http', url: mcpServer.url, auth: { type: 'bearer', token: 'old' } } } });
    const login = run('login demo --no-browser --flow paste', { store, stdin: 'open' });
    const page = await fetch(await new Person().approve(await login.shown(address)));
    expect(page.status).toBe(400);
    expect(await page.text()).toContain('The login failed');
    expect(await login.exit).toBe(1);
    expect(login.stderr).toContain('rejected the token');
    expect(readStore(store).mcpServers.demo.auth).toEqual({ type: 'bearer', token: 'old' });
  });

  test('--no-verify stores it all the same, without asking', async () => {
    const { mcpServer } = await realServers({ refuseAll: true });
    const store = temporaryStore();
    const login = run(`login ${mcpServer.url} --no-browser --flow paste --name demo --no-verify`, { store, stdin: 'open' });
    login.type(`${await new Person().approve(await login.shown(address))}\n`);
    expect(await login.exit).toBe(0);
    expect(mcpServer.tokens).toEqual(['']);
    expect(readStore(store).mcpServers.demo.auth.token).toMatch(/\S+/);
  });

  test('Ctrl-C is 130 and changes nothing, at a prompt and while polling', async () => {
    const { mcpServer } = await realServers();
    for (const { line, stdin } of [
      { line: '--flow paste', stdin: 'terminal' },
      { line: '--flow paste', stdin: 'open' },
      { line: '--flow paste', stdin: 'none' },
      { line: '--flow device', stdin: 'terminal' },
    ] as const) {
      const store = temporaryStore({ mcpServers: {}, mine: 1 });
      const login = run(`login ${mcpServer.url} --no-browser ${line}`, { store, stdin });
      await login.shown(/like a password|Approve only/);
      login.interrupt();
      expect(await login.exit, `${line} ${stdin}`).toBe(130);
      expect(readStore(store)).toEqual({ mcpServers: {}, mine: 1 });
    }
  });

  test('--timeout ends the attempt: exit 5', async () => {
    const { mcpServer } = await realServers();
    const login = run(`login ${mcpServer.url} --no-browser --flow paste --timeout 30`, { store: temporaryStore(), stdin: 'open' });
    await login.shown(/like a password/);
    login.clock.advance(30_000);
    expect(await login.exit).toBe(5);
    expect(login.stderr).toContain('was not approved within 30 s');
  });
});

describe('what other programs do while the user approves', () => {
  /** A login whose store is changed by another program just before the tokens come. */
  async function changedMeanwhile(change: (url: string) => object) {
    const store = temporaryStore({ mcpServers: {} });
    const server = await fakeServer((origin) => [
      {
        want: 'POST /token',
        respond: () => {
          writeFileSync(store, JSON.stringify({ mcpServers: { fake: change(`${origin}/mcp`) } }));
          return { json: { access_token: 'a', token_type: 'Bearer' } };
        },
      },
    ]);
    const login = run(`login ${server.url} --no-browser --no-verify --flow device --name fake`, { store });
    return { code: await login.exit, said: login.stderr, entry: readStore(store).mcpServers.fake };
  }

  test('an API key that was added is kept', async () => {
    const { code, said, entry } = await changedMeanwhile((url) => ({ url, auth: { type: 'api_key', key: 'k' } }));
    expect(code).toBe(2);
    expect(said).toContain('"api_key"');
    expect(entry.auth).toEqual({ type: 'api_key', key: 'k' });
  });

  test('a name that was given to another server stays that server’s', async () => {
    const { code, said, entry } = await changedMeanwhile(() => ({ url: 'https://other.example/mcp' }));
    expect(code).toBe(2);
    expect(said).toContain('The name fake is taken by https://other.example/mcp');
    expect(entry).toEqual({ url: 'https://other.example/mcp' });
  });

  test('other keys of the same server stay next to the login', async () => {
    const { code, entry } = await changedMeanwhile((url) => ({ url, timeout: 30, auth: { note: 1 } }));
    expect(code).toBe(0);
    expect(entry).toMatchObject({ timeout: 30, auth: { note: 1, token: 'a' } });
  });
});

test('what --json prints is ASCII: no server’s character reaches a terminal that shows it', async () => {
  const server = await fakeServer((origin) => [
    {
      want: 'POST /token',
      respond: { json: { access_token: 'access-1', token_type: 'Bearer', scope: 'A\u009b2J\u202eB' } },
    },
    { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin] } } },
  ]);
  const login = run(`login ${server.url} --no-browser --flow device --no-verify --json`, { store: temporaryStore() });
  expect(await login.exit).toBe(0);

  expect(login.stdout).toMatch(/^[\x20-\x7e\n]*$/);
  expect(login.events.at(-1)).toMatchObject({ scope: 'A\u009b2J\u202eB' });
});

describe('which server', () => {
  test('one that answers without a token is logged in to all the same, if its metadata names a login', async () => {
    const { mcpServer } = await realServers({ open: true });
    const login = run(`login ${mcpServer.url} --no-browser --flow paste`, { store: temporaryStore(), stdin: 'open' });
    login.type(`${await new Person().approve(await login.shown(address))}\n`);
    expect(await login.exit).toBe(0);
  });

  test('the only one in the store, without a name', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore({ mcpServers: { only: { type: 'http', url: mcpServer.url }, local: { command: 'x' } } });
    const login = run('login --no-browser', { store });
    await login.shown(/Logging in to only/);
    login.interrupt();
    expect(await login.exit).toBe(130);
  });

  test('a choice among several, or a question for the URL, at a terminal', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore({ mcpServers: { one: { url: 'https://one.example' }, two: { url: mcpServer.url } } });
    const chosen = run('login --no-browser', { store, stdin: 'terminal' });
    await chosen.shown(/which server/);
    chosen.type('\u001b[B\r');
    await chosen.shown(/Logging in to two/);
    chosen.interrupt();
    expect(await chosen.exit).toBe(130);

    const asked = run('login --no-browser', { store: temporaryStore(), stdin: 'terminal' });
    await asked.shown(/URL of the MCP server/);
    asked.type(`${mcpServer.url}\r`);
    await asked.shown(/Logging in to localhost-/);
    asked.interrupt();
    expect(await asked.exit).toBe(130);
  });

  test('without a terminal and without a name: a usage error that lists the names', async () => {
    const store = temporaryStore({ mcpServers: { one: { url: 'https://one.example' }, two: { url: 'https://two.example' } } });
    const login = run('login --no-browser', { store });
    expect(await login.exit).toBe(2);
    expect(login.stderr).toContain('one, two');
  });

  test('a URL that the store knows keeps its name; a name in use is rejected', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore({ mcpServers: { known: { url: mcpServer.url }, other: { url: 'https://other.example' } } });
    const login = run(`login ${mcpServer.url} --no-browser`, { store });
    await login.shown(/Logging in to known/);
    login.interrupt();
    await login.exit;
    const taken = run(`login ${mcpServer.url} --no-browser --name other`, { store });
    expect(await taken.exit).toBe(2);
    expect(taken.stderr).toContain('taken by https://other.example');
  });

  test('one with an API key keeps it: a login under its name is refused', async () => {
    const { mcpServer } = await realServers();
    const document = { mcpServers: { keyed: { type: 'http', url: mcpServer.url, auth: { type: 'api_key', key: 'precious' } } } };
    const store = temporaryStore(document);
    for (const line of ['login keyed --no-browser', `login ${mcpServer.url} --no-browser`]) {
      const login = run(line, { store });
      expect(await login.exit).toBe(2);
      expect(login.stderr).toContain('--name');
    }
    expect(readStore(store)).toEqual(document);
  });

  test.each([
    { name: 'local', said: 'taken by a local command' },
    { name: 'bad.name', said: 'letters, digits' },
  ])('--name $name is wrong usage', async ({ name, said }) => {
    const login = run(`login https://a.example --no-browser --name ${name}`, {
      store: temporaryStore({ mcpServers: { local: { command: 'x' } } }),
    });
    expect(await login.exit).toBe(2);
    expect(login.stderr).toContain(said);
  });
});
