/** The main job, with a real authorization server and a real MCP server. */
import { statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { Person } from '../helpers/person.js';
import { run } from '../helpers/run.js';
import { fakeServer, realServers } from '../helpers/servers.js';

const address = /^(http:\S+\/auth\?\S+)$/m;

describe('paste', () => {
  test('a pasted address ends in a token that the MCP server takes', async () => {
    const { authorizationServer, mcpServer } = await realServers({ device: false });
    const store = temporaryStore();
    const login = run(`login ${mcpServer.url} --no-browser --name demo`, { store, stdin: 'open' });
    login.type(`${await new Person().approve(await login.shown(address))}\n`);

    expect(await login.exit).toBe(0);
    expect(login.stderr).toContain('Logged in to demo. It is “demo-server 1.0.0” and has 2 tools.');
    expect(login.stdout).toBe('');
    const { demo } = readStore(store).mcpServers;
    expect(demo).toMatchObject({
      type: 'http',
      url: mcpServer.url,
      auth: { type: 'bearer', scope: 'tools:call', issuer: authorizationServer.issuer, resource: mcpServer.url },
    });
    expect(demo.auth.refresh_token).toMatch(/^\S{20,}$/);
    expect(demo.auth.expires_at).toBe(demo.auth.issued_at + 3600);
    expect(mcpServer.tokens).toContain(demo.auth.token);
    expect(await authorizationServer.inspect(demo.auth.token)).toMatchObject({ audience: mcpServer.url, scopes: ['tools:call'] });
    expect(statSync(store).mode & 0o777).toBe(0o600);
  });

  test('the browser reaches the listener first: no paste is needed, and its page speaks of success only when all is stored', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    const login = run(`login ${mcpServer.url} --no-browser --name demo --flow paste`, { store, stdin: 'open' });
    const page = await fetch(await new Person().approve(await login.shown(address)));
    const stored = readStore(store).mcpServers.demo.auth.token;

    expect(page.status).toBe(200);
    expect(await page.text()).toContain('You are logged in');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(stored).toMatch(/\S+/);
    expect(await login.exit).toBe(0);
  });

  test('at a terminal: wrong pastes are answered, the attempt goes on, and what was pasted is not shown whole', async () => {
    const { mcpServer } = await realServers();
    const login = run(`login ${mcpServer.url} --no-browser --flow paste --no-qr`, { store: temporaryStore(), stdin: 'terminal' });
    const url = await login.shown(address);
    await login.shown(/Paste the address here:/);
    login.type('\r');
    await login.shown(/Nothing was pasted[^]*Paste the address here:/);
    login.type(`${url}\r`);
    await login.shown(/That is the page to open[^]*Paste the address here:/);
    const end = await new Person().approve(url);
    login.type(`${end.replace(/state=[^&]*/, 'state=another')}\r`);
    await login.shown(/belongs to another login[^]*Paste the address here:/);
    login.type(`${end}\r`);

    expect(await login.exit).toBe(0);
    expect(login.stderr).not.toContain(new URL(end).searchParams.get('code'));
  });

  test('at a terminal: a code that came too late is followed by another from the same address', async () => {
    const server = await fakeServer(() => [
      { want: 'POST /token', respond: { status: 400, json: { error: 'invalid_grant', error_description: 'too late' } } },
      { want: 'POST /token', respond: { json: { access_token: 'a', token_type: 'Bearer' } } },
    ]);
    const login = run(`login ${server.url} --no-browser --no-verify --flow paste --no-qr`, { store: temporaryStore(), stdin: 'terminal' });
    const asked = new URL(await login.shown(/^(http:\S+\/authorize\?\S+)$/m)).searchParams;
    const end = (code: string) => `${asked.get('redirect_uri') ?? ''}?code=${code}&state=${asked.get('state') ?? ''}\r`;
    login.type(end('one'));
    await login.shown(/“too late”[^]*approve once more[^]*Paste the address here:/);
    login.type(end('two'));
    expect(await login.exit).toBe(0);
    expect(server.asked('POST /token').map(({ body }) => body['code'])).toEqual(['one', 'two']);
  });

  test('a paste that comes in two pieces is put together', async () => {
    const server = await fakeServer();
    const login = run(`login ${server.url} --no-browser --no-verify --flow paste`, { store: temporaryStore(), stdin: 'open' });
    const asked = new URL(await login.shown(/^(http:\S+\/authorize\?\S+)$/m)).searchParams;
    const end = `${asked.get('redirect_uri') ?? ''}?code=c&state=${asked.get('state') ?? ''}`;
    login.type(`${end.slice(0, -9)}\n`);
    await login.shown(/ends too early/);
    login.type(`${end.slice(-9)}\n`);
    expect(await login.exit).toBe(0);
    expect(server.asked('POST /token')[0]?.body['code']).toBe('c');
  });

  test('a whole paste after one that was cut off is taken by itself', async () => {
    const server = await fakeServer();
    const login = run(`login ${server.url} --no-browser --no-verify --flow paste`, { store: temporaryStore(), stdin: 'open' });
    const asked = new URL(await login.shown(/^(http:\S+\/authorize\?\S+)$/m)).searchParams;
    const end = `${asked.get('redirect_uri') ?? ''}?code=abcdef&state=${asked.get('state') ?? ''}`;
    login.type(`${end.slice(0, end.indexOf('cdef'))}\n`);
    await login.shown(/ends too early/);
    login.type(`${end}\n`);
    expect(await login.exit).toBe(0);
    expect(server.asked('POST /token')[0]?.body['code']).toBe('abcdef');
  });

  test('--quiet says only what has to be done', async () => {
    const { mcpServer } = await realServers();
    const login = run(`login ${mcpServer.url} --no-browser --flow paste --quiet`, { store: temporaryStore(), stdin: 'open' });
    login.type(`${await new Person().approve(await login.shown(address))}\n`);
    expect(await login.exit).toBe(0);
    expect(login.stderr).toMatch(/^http:\S+\n$/);
  });

  test('a port in use does not matter', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    const first = run(`login ${mcpServer.url} --no-browser --name demo --flow paste`, { store, stdin: 'open' });
    first.type(`${await new Person().approve(await first.shown(address))}\n`);
    expect(await first.exit).toBe(0);
    const [redirectUri] = Object.values<{ redirect_uris: string[] }[]>(readStore(store).oauthClients).flat()[0]?.redirect_uris ?? [];
    const squatter = createServer((_, response) => response.end('not yours')).listen(Number(new URL(redirectUri ?? '').port), '127.0.0.1');
    onTestFinished(() => void squatter.close());
    await once(squatter, 'listening');

    const second = run('login demo --no-browser --flow paste', { store, stdin: 'open' });
    const end = await new Person().approve(await second.shown(address));
    expect(end.startsWith(redirectUri ?? 'no redirect URI')).toBe(true);
    second.type(`${end}\n`);
    expect(await second.exit).toBe(0);
  });

  test('one registration serves every login at the same authorization server', async () => {
    const { authorizationServer, mcpServer } = await realServers();
    const store = temporaryStore();
    for (const line of [`login ${mcpServer.url} --no-browser --name demo --flow paste`, 'login --no-browser --flow paste']) {
      const login = run(line, { store, stdin: 'open' });
      login.type(`${await new Person().approve(await login.shown(address))}\n`);
      expect(await login.exit).toBe(0);
    }
    expect(authorizationServer.log.filter((entry) => entry === 'registration')).toHaveLength(1);
  });

  test('the QR code is drawn for a person, or on request, and never wider than the window', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    const drawings = [
      { line: '', stdin: 'terminal', columns: 100, shown: true },
      { line: '', stdin: 'terminal', columns: 40, shown: false },
      { line: '--no-qr', stdin: 'terminal', columns: 100, shown: false },
      { line: '', stdin: 'open', columns: 100, shown: false },
      { line: '--qr', stdin: 'open', columns: 100, shown: true },
    ] as const;
    for (const { line, stdin, columns, shown } of drawings) {
      const login = run(`login ${mcpServer.url} --no-browser --flow paste ${line}`, { store, stdin, columns });
      await login.shown(/as good as a password/);
      expect(login.stderr.includes('▄▄▄▄▄▄▄'), `${line} ${stdin} ${columns}`).toBe(shown);
      login.interrupt();
      expect(await login.exit).toBe(130);
    }
  });
});

describe('device', () => {
  const code = /^([A-Z]{4}-[A-Z]{4})$/m;

  test('is chosen where the authorization server has it, and polls until the code is approved', async () => {
    const { authorizationServer, mcpServer } = await realServers();
    const store = temporaryStore();
    const login = run(`login ${mcpServer.url} --no-browser --name demo`, { store });
    await new Person().approveDevice(await login.shown(/^(http:\S+\/device)$/m), await login.shown(code));

    expect(await login.exit).toBe(0);
    expect(authorizationServer.log).toContain('grant device_code');
    expect(await authorizationServer.inspect(readStore(store).mcpServers.demo.auth.token)).toMatchObject({ audience: mcpServer.url });
    expect(new Set(login.clock.slept)).toEqual(new Set([5000]));
  });

  test('--json tells it in events, and nothing else is on stdout', async () => {
    const { mcpServer } = await realServers();
    const login = run(`login ${mcpServer.url} --no-browser --name demo --json`, { store: temporaryStore() });
    await login.shown(code);
    const [event] = login.events;
    expect(event).toMatchObject({ event: 'device_code', expires_in: 600, interval: 5 });
    expect(event?.['verification_uri_complete']).toContain(String(event?.['user_code']));
    await new Person().approveDevice(String(event?.['verification_uri_complete']), '');
    expect(await login.exit).toBe(0);
    expect(login.events.at(-1)).toMatchObject({ event: 'logged_in', server: 'demo', scope: 'tools:call' });
    expect(login.events.at(-1)?.['expires_at']).toBeGreaterThan(Date.now() / 1000);
  });

  test('a denied code is exit 4 and leaves no login', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore({});
    const login = run(`login ${mcpServer.url} --no-browser`, { store });
    await new Person().denyDevice(await login.shown(/^(http:\S+\/device)$/m), await login.shown(code));
    expect(await login.exit).toBe(4);
    expect(readStore(store)).toEqual({});
  });

  test('a code that nobody approves expires: exit 5', async () => {
    const { mcpServer } = await realServers({ deviceCodeLife: 30 });
    const login = run(`login ${mcpServer.url} --no-browser`, { store: temporaryStore() });
    expect(await login.exit).toBe(5);
    expect(login.stderr).toContain('expired');
  });

  test('at a terminal, a code that has expired is followed by another, if the person wants one', async () => {
    const code = (origin: string, userCode: string) => ({
      want: 'POST /device',
      respond: { json: { device_code: userCode, user_code: userCode, verification_uri: `${origin}/x`, expires_in: 600 } },
    });
    const server = await fakeServer((origin) => [
      code(origin, 'AAAA-AAAA'),
      code(origin, 'BBBB-BBBB'),
      { want: 'POST /token', respond: { status: 400, json: { error: 'expired_token' } } },
      { want: 'POST /token', respond: { json: { access_token: 'a', token_type: 'Bearer' } } },
    ]);
    const login = run(`login ${server.url} --no-browser --no-qr --no-verify --flow device`, { store: temporaryStore(), stdin: 'terminal' });
    await login.shown(/^AAAA-AAAA$/m);
    await login.shown(/The code has expired[^]*\[n\] get a new code/);
    login.type('n');
    await login.shown(/^BBBB-BBBB$/m);
    expect(await login.exit).toBe(0);
    expect(server.asked('POST /token').map(({ body }) => body['device_code'])).toEqual(['AAAA-AAAA', 'BBBB-BBBB']);
  });

  test('--flow device says why where there is no device endpoint', async () => {
    const { authorizationServer, mcpServer } = await realServers({ device: false });
    const login = run(`login ${mcpServer.url} --no-browser --flow device`, { store: temporaryStore() });
    expect(await login.exit).toBe(1);
    expect(login.stderr).toContain('device: the authorization server has no device authorization endpoint');
    expect(authorizationServer.log).toEqual([]);
  });
});

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

  test('a token that the MCP server refuses is not stored, and the browser is told', async () => {
    const { mcpServer } = await realServers({ refuseAll: true });
    const store = temporaryStore({ mcpServers: { demo: { type: 'http', url: mcpServer.url, auth: { type: 'bearer', token: 'old' } } } });
    const login = run('login demo --no-browser --flow paste', { store, stdin: 'open' });
    const page = await fetch(await new Person().approve(await login.shown(address)));
    expect(page.status).toBe(400);
    expect(await page.text()).toContain('The login failed');
    expect(await login.exit).toBe(1);
    expect(login.stderr).toContain('does not take the token');
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
      await login.shown(/as good as a password|Approve only/);
      login.interrupt();
      expect(await login.exit, `${line} ${stdin}`).toBe(130);
      expect(readStore(store)).toEqual({ mcpServers: {}, mine: 1 });
    }
  });

  test('--timeout ends the attempt: exit 5', async () => {
    const { mcpServer } = await realServers();
    const login = run(`login ${mcpServer.url} --no-browser --flow paste --timeout 30`, { store: temporaryStore(), stdin: 'open' });
    await login.shown(/as good as a password/);
    login.clock.advance(30_000);
    expect(await login.exit).toBe(5);
    expect(login.stderr).toContain('Nobody approved within 30 s');
  });
});

describe('what others do while the person approves', () => {
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

  test('keys of the same server stay beside the login', async () => {
    const { code, entry } = await changedMeanwhile((url) => ({ url, timeout: 30, auth: { note: 1 } }));
    expect(code).toBe(0);
    expect(entry).toMatchObject({ timeout: 30, auth: { note: 1, token: 'a' } });
  });
});

test('with nothing to paste into and a port that is taken, that is said before anybody is sent to approve', async () => {
  const server = await fakeServer();
  const squatter = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void squatter.close());
  await once(squatter, 'listening');
  const { port } = squatter.address() as AddressInfo;
  const login = run(`login ${server.url} --no-browser --flow paste --callback-port ${port}`, { store: temporaryStore() });
  expect(await login.exit).toBe(1);
  expect(login.stderr).toContain('there is no stdin to paste into');
  expect(login.stderr).not.toContain('Open this address');
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

  test('a URL that the store knows keeps its name; a name that is taken is refused', async () => {
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
