/** Login by paste, with a real authorization server and a real MCP server. */
import { statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { listening } from '../helpers/listening.js';
import { Person } from '../helpers/person.js';
import { run } from '../helpers/run.js';
import { fakeServer, realServers } from '../helpers/servers.js';
import { address } from './logging-in.js';

describe('paste', () => {
  test('a pasted address leads to a token that the MCP server accepts', async () => {
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
    await login.shown(/This is the URL of the login page[^]*Paste the address here:/);
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
    await login.shown(/“too late”[^]*approve again[^]*Paste the address here:/);
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
    await login.shown(/redirect URL is incomplete/);
    login.type(`${end.slice(-9)}\n`);
    expect(await login.exit).toBe(0);
    expect(server.asked('POST /token')[0]?.body['code']).toBe('c');
  });

  test('a complete paste after one that was cut off is used alone', async () => {
    const server = await fakeServer();
    const login = run(`login ${server.url} --no-browser --no-verify --flow paste`, { store: temporaryStore(), stdin: 'open' });
    const asked = new URL(await login.shown(/^(http:\S+\/authorize\?\S+)$/m)).searchParams;
    const end = `${asked.get('redirect_uri') ?? ''}?code=abcdef&state=${asked.get('state') ?? ''}`;
    login.type(`${end.slice(0, end.indexOf('cdef'))}\n`);
    await login.shown(/redirect URL is incomplete/);
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
    await listening((_, response) => response.end('not yours'), { port: Number(new URL(redirectUri ?? '').port) });

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

  test('the QR code is printed at a terminal, or on request, and never wider than the window', async () => {
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
      await login.shown(/like a password/);
      expect(login.stderr.includes('▄▄▄▄▄▄▄'), `${line} ${stdin} ${columns}`).toBe(shown);
      login.interrupt();
      expect(await login.exit).toBe(130);
    }
  });
});

test('without stdin and with a port in use, the error comes before the user is asked to approve', async () => {
  const server = await fakeServer();
  const { port } = await listening(() => undefined);
  const login = run(`login ${server.url} --no-browser --flow paste --callback-port ${port}`, { store: temporaryStore() });
  expect(await login.exit).toBe(1);
  expect(login.stderr).toContain('stdin is closed');
  expect(login.stderr).not.toContain('Open this address');
});
