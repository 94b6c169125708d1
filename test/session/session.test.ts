/** A stored login and its renewal: `token`, RFC 6749 section 6. */
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { Person } from '../helpers/person.js';
import { testClock } from '../helpers/clock.js';
import { run } from '../helpers/run.js';
import { realServers } from '../helpers/servers.js';
import { loggedIn, now } from './logged-in.js';

test('a fresh token is printed alone, without a request or a write', async () => {
  const { server, store } = await loggedIn(3600);
  const before = statSync(store);
  const token = run('token fake', { store });
  expect(await token.exit).toBe(0);
  expect(token.stdout).toBe('old\n');
  expect(token.stderr).toBe('');
  expect(server.requests).toEqual([]);
  expect(statSync(store).ino).toBe(before.ino);
});

test('an expired token is renewed first, for the same resource, and foreign members stay', async () => {
  const { server, store } = await loggedIn(-5);
  const token = run('token fake', { store });
  expect(await token.exit).toBe(0);
  expect(token.stdout).toBe('access-1\n');
  expect(server.asked('POST /token').map(({ body }) => body)).toEqual([
    { grant_type: 'refresh_token', refresh_token: 'refresh-0', client_id: 'client-1', resource: server.url },
  ]);
  expect(readStore(store).mcpServers.fake.auth).toMatchObject({
    token: 'access-1',
    refresh_token: 'refresh-1',
    scope: 'read',
    note: 'not ours',
  });
  expect(readStore(store).mcpServers.fake.auth.expires_at).toBeGreaterThan(now() + 3500);
});

test.each([
  { what: '59 s left', left: 59, auth: {}, renewed: true },
  { what: '70 s left', left: 70, auth: {}, renewed: false },
  { what: 'an unknown expiry of a token of a minute ago', left: undefined, auth: { issued_at: now() - 60 }, renewed: false },
  { what: 'a token that seems to come from the future', left: 9000, auth: { issued_at: now() + 5400 }, renewed: true },
  { what: '40 s of a life of 300 s', left: 40, auth: { issued_at: now() - 260 }, renewed: false },
  { what: '25 s of a life of 300 s', left: 25, auth: { issued_at: now() - 275 }, renewed: true },
  { what: '70 s left, and 100 asked for', left: 70, auth: {}, option: '--min-ttl 100', renewed: true },
  { what: '30 s left, and 10 asked for', left: 30, auth: {}, option: '--min-ttl 10', renewed: false },
])('$what: renewed is $renewed', async ({ left, auth, option = '', renewed }) => {
  const { store } = await loggedIn(left, { auth });
  const token = run(`token fake ${option}`, { store });
  expect(await token.exit).toBe(0);
  expect(token.stdout).toBe(renewed ? 'access-1\n' : 'old\n');
});

test('a response without a refresh token keeps the old one', async () => {
  const { store } = await loggedIn(-5, {
    change: () => [{ want: 'POST /token', respond: { json: { access_token: 'new', token_type: 'bearer' } } }],
  });
  expect(await run('token fake', { store }).exit).toBe(0);
  const { auth } = readStore(store).mcpServers.fake;
  expect(auth).toMatchObject({ token: 'new', refresh_token: 'refresh-0' });
  expect(auth.expires_at).toBeUndefined();
});

test('without the token endpoint in the store, the issuer is asked for it', async () => {
  const { server, store } = await loggedIn(-5, { auth: { token_endpoint: undefined } });
  expect(await run('token fake', { store }).exit).toBe(0);
  expect(server.asked('GET /.well-known/oauth-authorization-server')).toHaveLength(1);
});

test('eight at once send one request, and all print the same token', async () => {
  const { server, store } = await loggedIn(-5);
  const runs = Array.from({ length: 8 }, () => run('token fake', { store }));
  expect(await Promise.all(runs.map(({ exit }) => exit))).toEqual(Array(8).fill(0));
  expect(new Set(runs.map(({ stdout }) => stdout))).toEqual(new Set(['access-1\n']));
  expect(server.asked('POST /token')).toHaveLength(1);
});

test('a bearer token that another program wrote is printed as it is', async () => {
  const token = run('token fake', {
    store: temporaryStore({ mcpServers: { fake: { url: 'https://a.example', auth: { type: 'bearer', token: 'static' } } } }),
  });
  expect(await token.exit).toBe(0);
  expect(token.stdout).toBe('static\n');
});

test.each([{ auth: { type: 'api_key', key: 'k' } }, { command: 'node' }])('an entry without a token is reported: %j', async (entry) => {
  const token = run('token fake', { store: temporaryStore({ mcpServers: { fake: entry } }) });
  expect(await token.exit).toBe(1);
  expect(token.stdout).toBe('');
});

test('with a real authorization server that rotates refresh tokens, each new token works, and no login is lost', async () => {
  const { authorizationServer, mcpServer } = await realServers({ accessTokenLife: 30 });
  const store = temporaryStore();
  const login = run(`login ${mcpServer.url} --no-browser --name demo --flow paste`, { store, stdin: 'open' });
  login.type(`${await new Person().approve(await login.shown(/^(http:\S+\/auth\?\S+)$/m))}\n`);
  expect(await login.exit).toBe(0);
  const seen = new Set([readStore(store).mcpServers.demo.auth.token]);
  for (let round = 0; round < 5; round += 1) {
    const token = run('token demo --min-ttl 40', { store });
    expect(await token.exit).toBe(0);
    expect(token.stderr).toContain('This server issues no token with that lifetime');
    expect(await authorizationServer.inspect(token.stdout.trim())).toMatchObject({ audience: mcpServer.url });
    seen.add(token.stdout.trim());
  }
  expect(seen.size).toBe(6);
  expect(authorizationServer.log.filter((entry) => entry.startsWith('refused'))).toEqual([]);
});

test('a login that is stored during a refresh is not overwritten', async () => {
  let store = '';
  const { server, store: file } = await loggedIn(-1, {
    change: () => [
      {
        want: 'POST /token',
        respond: () => {
          const document = readStore(store);
          document.mcpServers.fake.auth = { type: 'bearer', token: 'newer', expires_at: now() + 3600, refresh_token: 'newer-r' };
          writeFileSync(store, JSON.stringify(document));
          return { json: { access_token: 'late', token_type: 'Bearer', expires_in: 3600, refresh_token: 'late-r' } };
        },
      },
    ],
  });
  store = file;
  const token = run('token fake', { store });
  expect(await token.exit).toBe(0);
  expect(token.stdout).toBe('newer\n');
  expect(readStore(store).mcpServers.fake.auth).toMatchObject({ token: 'newer', refresh_token: 'newer-r' });
  expect(server.asked('POST /token')).toHaveLength(1);
});

test('after 20 renewals in half a minute, the next one is refused', async () => {
  const { store, server } = await loggedIn(-1, {
    change: () => [{ want: 'POST /token', respond: { json: { access_token: 'x', token_type: 'Bearer', expires_in: 1 } } }],
  });
  const clock = testClock();
  const codes: number[] = [];
  for (let times = 0; times < 23; times += 1) codes.push(await run('refresh fake', { store, clock }).exit);
  expect(codes).toEqual([...Array.from({ length: 20 }, () => 0), 1, 1, 1]);
  expect(server.asked('POST /token')).toHaveLength(20);
  clock.advance(31_000);
  expect(await run('refresh fake', { store, clock }).exit).toBe(0);
});

test('a store that other users may read is reported, and works', async () => {
  const { store } = await loggedIn(3600);
  chmodSync(store, 0o644);
  const token = run('token fake', { store });
  expect(await token.exit).toBe(0);
  expect(token.stdout).toBe('old\n');
  expect(token.stderr).toContain(`chmod 600 ${store}`);
});
