/** A login that is in the store and how it is kept fresh: `token`, RFC 6749 section 6. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Exchange } from './helpers/fake-server.js';
import { readStore, temporaryStore } from './helpers/folder.js';
import { Person } from './helpers/person.js';
import { run } from './helpers/run.js';
import { fakeServer, realServers } from './helpers/servers.js';

const now = () => Math.floor(Date.now() / 1000);

/** A store with one login at a fake server, whose token expires in `left` seconds. */
async function loggedIn(
  left: number | undefined,
  { auth = {}, change = () => [] }: { auth?: object; change?: (origin: string) => Exchange[] } = {},
) {
  const server = await fakeServer(change);
  const store = temporaryStore({
    mcpServers: {
      fake: {
        type: 'http',
        url: server.url,
        auth: {
          type: 'bearer',
          token: 'old',
          ...(left !== undefined && { expires_at: now() + left }),
          refresh_token: 'refresh-0',
          scope: 'read',
          issuer: server.origin,
          resource: server.url,
          client_id: 'client-1',
          token_endpoint: `${server.origin}/token`,
          note: 'not ours',
          ...auth,
        },
      },
    },
  });
  return { server, store };
}

test('a fresh token is printed alone, and nothing is asked or written', async () => {
  const { server, store } = await loggedIn(3600);
  const before = statSync(store);
  const token = run('token fake', { store });
  expect(await token.exit).toBe(0);
  expect(token.stdout).toBe('old\n');
  expect(token.stderr).toBe('');
  expect(server.requests).toEqual([]);
  expect(statSync(store).ino).toBe(before.ino);
});

test('an expired one is renewed first, for the same resource, and what is not ours stays', async () => {
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

test('eight at once make one request, and all print the same token', async () => {
  const { server, store } = await loggedIn(-5);
  const runs = Array.from({ length: 8 }, () => run('token fake', { store }));
  expect(await Promise.all(runs.map(({ exit }) => exit))).toEqual(Array(8).fill(0));
  expect(new Set(runs.map(({ stdout }) => stdout))).toEqual(new Set(['access-1\n']));
  expect(server.asked('POST /token')).toHaveLength(1);
});

describe('a refresh that fails', () => {
  const failing = (respond: Exchange['respond']) => ({ change: () => [{ want: 'POST /token', respond }] });

  test('invalid_grant is exit 3 with the command that mends it', async () => {
    const { store } = await loggedIn(-5, failing({ status: 400, json: { error: 'invalid_grant' } }));
    const token = run('token fake', { store });
    expect(await token.exit).toBe(3);
    expect(token.stdout).toBe('');
    expect(token.stderr).toContain('mcp-auth login fake');
  });

  test.each([
    { what: 'a 500', respond: { status: 500 } },
    { what: 'a page', respond: { text: '<html>' } },
    { what: 'a lost connection', respond: 'drop' },
  ] as const)('$what is exit 6, and the login stays', async ({ respond }) => {
    const { store } = await loggedIn(-5, failing(respond));
    const before = readStore(store);
    const token = run('token fake', { store });
    expect(await token.exit).toBe(6);
    expect(token.stdout).toBe('');
    expect(readStore(store)).toEqual(before);
  });

  test('a token that is still valid is used meanwhile, with a warning', async () => {
    const { store } = await loggedIn(30, failing({ status: 500 }));
    const token = run('token fake', { store });
    expect(await token.exit).toBe(0);
    expect(token.stdout).toBe('old\n');
    expect(token.stderr).toContain('could not be renewed yet');
  });
});

describe('a login is needed: exit 3 and the command to type', () => {
  test.each([
    { what: 'no such server', document: {}, hint: 'mcp-auth login URL --name fake' },
    { what: 'a server without a login', document: { mcpServers: { fake: { url: 'https://a.example' } } }, hint: 'mcp-auth login fake' },
    {
      what: 'an empty token',
      document: { mcpServers: { fake: { url: 'https://a.example', auth: { type: 'bearer', token: '' } } } },
      hint: 'mcp-auth login fake',
    },
    {
      what: 'expired, no refresh token',
      document: { mcpServers: { fake: { url: 'https://a.example', auth: { token: 'x', expires_at: 1 } } } },
      hint: 'mcp-auth login fake',
    },
  ])('$what', async ({ document, hint }) => {
    const token = run('token fake', { store: temporaryStore(document) });
    expect(await token.exit).toBe(3);
    expect(token.stdout).toBe('');
    expect(token.stderr).toContain(hint);
  });

  test('a token with less left than was asked for, and no way to renew it', async () => {
    const store = temporaryStore({
      mcpServers: { fake: { url: 'https://a.example', auth: { type: 'bearer', token: 'x', expires_at: now() + 100 } } },
    });
    expect(await run('token fake --min-ttl 200', { store }).exit).toBe(3);
    expect(await run('token fake', { store }).exit).toBe(0);
  });
});

test('a bearer token that another program wrote is printed as it is', async () => {
  const token = run('token fake', {
    store: temporaryStore({ mcpServers: { fake: { url: 'https://a.example', auth: { type: 'bearer', token: 'static' } } } }),
  });
  expect(await token.exit).toBe(0);
  expect(token.stdout).toBe('static\n');
});

test.each([{ auth: { type: 'api_key', key: 'k' } }, { command: 'node' }])('what has no token says so: %j', async (entry) => {
  const token = run('token fake', { store: temporaryStore({ mcpServers: { fake: entry } }) });
  expect(await token.exit).toBe(1);
  expect(token.stdout).toBe('');
});

test('with a real authorization server that rotates: each new token works, and no login is lost', async () => {
  const { authorizationServer, mcpServer } = await realServers({ accessTokenLife: 30 });
  const store = temporaryStore();
  const login = run(`login ${mcpServer.url} --no-browser --name demo --flow paste`, { store, stdin: 'open' });
  login.type(`${await new Person().approve(await login.shown(/^(http:\S+\/auth\?\S+)$/m))}\n`);
  expect(await login.exit).toBe(0);
  const seen = new Set([readStore(store).mcpServers.demo.auth.token]);
  for (let round = 0; round < 5; round += 1) {
    const token = run('token demo --min-ttl 40', { store });
    expect(await token.exit).toBe(0);
    expect(token.stderr).toContain('No token of this server lives that long');
    expect(await authorizationServer.inspect(token.stdout.trim())).toMatchObject({ audience: mcpServer.url });
    seen.add(token.stdout.trim());
  }
  expect(seen.size).toBe(6);
  expect(authorizationServer.log.filter((entry) => entry.startsWith('refused'))).toEqual([]);
});

test.each([
  { what: 'no client', auth: { client_id: undefined }, code: 3 },
  { what: 'an issuer that is no URL', auth: { issuer: 'auth server' }, code: 3 },
  { what: 'a token endpoint that is no URL', auth: { token_endpoint: 'here' }, code: 1 },
])('a login with $what cannot be renewed, and is no bug of ours', async ({ auth, code }) => {
  const { store } = await loggedIn(-1, { auth });
  const token = run('token fake', { store });
  expect(await token.exit).toBe(code);
  expect(token.stderr).not.toContain('bug');
});

test('a new login that comes in while a refresh is under way is not overwritten', async () => {
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

test('a refresh that is refused in other words than invalid_grant ends no login, and the hint says what may', async () => {
  const { store } = await loggedIn(-1, {
    change: () => [{ want: 'POST /token', respond: { status: 400, json: { error: 'invalid_request' } } }],
  });
  const token = run('token fake', { store });
  expect(await token.exit).toBe(1);
  expect(token.stderr).toContain('If it stays so, run: mcp-auth login fake');
  expect(readStore(store).mcpServers.fake.auth.refresh_token).toBe('refresh-0');
});

test('the error in the body says more than the challenge beside it: invalid_grant with a 401 is exit 3', async () => {
  const respond = { status: 401, headers: { 'www-authenticate': 'Basic realm="as"' }, json: { error: 'invalid_grant' } };
  const { store } = await loggedIn(-1, { change: () => [{ want: 'POST /token', respond }] });
  expect(await run('token fake', { store }).exit).toBe(3);
});

test('a client that is unknown at a refresh needs a login: exit 3', async () => {
  const { store } = await loggedIn(-1, {
    change: () => [{ want: 'POST /token', respond: { status: 401, json: { error: 'invalid_client' } } }],
  });
  const token = run('token fake', { store });
  expect(await token.exit).toBe(3);
  expect(token.stderr).toContain('mcp-auth login fake');
  expect(readStore(store).mcpServers.fake.auth.refresh_token).toBe('refresh-0');
});

test.each(['bad_refresh_token', 'invalid_refresh_token'])('%s, with status 200, is invalid_grant in other words: exit 3', async (error) => {
  const { store } = await loggedIn(-1, { change: () => [{ want: 'POST /token', respond: { json: { ok: false, error } } }] });
  expect(await run('token fake', { store }).exit).toBe(3);
});

test.each(['fake.lock', 'lock'])('Ctrl-C ends the waiting for a lock that another process holds: %s', async (name) => {
  const { store } = await loggedIn(-1);
  mkdirSync(`${store}.${name}`);
  const token = run('token fake', { store });
  token.interrupt();
  expect(await token.exit).toBe(130);
});
