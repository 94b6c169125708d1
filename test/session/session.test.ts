/** A login that is in the store and how it is kept fresh: `token`, RFC 6749 section 6. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Exchange } from '../helpers/fake-server.js';
import { quickAnswer } from '../../src/quick.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { Person } from '../helpers/person.js';
import { testClock } from '../helpers/clock.js';
import { run, type Run } from '../helpers/run.js';
import { fakeServer, realServers } from '../helpers/servers.js';

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

describe('a token whose expiry nobody knows is tried at its server', () => {
  test.each([
    { what: 'that takes it', status: 200, printed: 'old' },
    { what: 'that refuses it', status: 401, printed: 'access-1' },
    { what: 'that fails', status: 503, printed: 'old' },
  ])('$what', async ({ status, printed }) => {
    const { store, server } = await loggedIn(undefined, { change: () => [{ want: 'POST /mcp', respond: { status } }] });
    const token = run('token fake', { store });
    expect(await token.exit).toBe(0);
    expect(token.stdout).toBe(`${printed}\n`);
    expect(server.asked('POST /mcp')[0]?.headers.authorization).toBe('Bearer old');
  });
});

describe('invalid_grant ends a login', () => {
  const refused: Exchange = { want: 'POST /token', respond: { status: 400, json: { error: 'invalid_grant' } } };

  test('list says so, and the server is not asked again', async () => {
    const { store, server } = await loggedIn(-1, { change: () => [refused] });
    expect(await run('token fake', { store }).exit).toBe(3);
    const again = run('token fake', { store });
    expect(await again.exit).toBe(3);
    expect(again.stderr).toContain('has not been accepted since');
    expect(server.asked('POST /token')).toHaveLength(1);
    const list = run('list', { store });
    expect(await list.exit).toBe(0);
    expect(list.stdout).toContain('no (ended)');
    expect(readStore(store).mcpServers.fake.auth).not.toHaveProperty('refresh_token');
  });

  test('but for a token that is valid still', async () => {
    const { store } = await loggedIn(30, { change: () => [refused] });
    const token = run('token fake', { store });
    expect(await token.exit).toBe(0);
    expect(token.stdout).toBe('old\n');
    expect(await run('token fake', { store }).exit).toBe(0);
  });

  test('unless another machine that shares the store has spent the token, and saved what it got', async () => {
    let store = '';
    const { store: file } = await loggedIn(-1, {
      change: () => [
        {
          want: 'POST /token',
          respond: () => {
            const document = readStore(store);
            Object.assign(document.mcpServers.fake.auth, { token: 'theirs', expires_at: now() + 3600, refresh_token: 'theirs-r' });
            writeFileSync(store, JSON.stringify(document));
            return { status: 400, json: { error: 'invalid_grant' } };
          },
        },
      ],
    });
    store = file;
    const token = run('token fake', { store });
    expect(await token.exit).toBe(0);
    expect(token.stdout).toBe('theirs\n');
    expect(readStore(store).mcpServers.fake.auth.refresh_token).toBe('theirs-r');
  });
});

test.each([
  { what: 'a 500', respond: { status: 500 } },
  { what: 'a page', respond: { text: '<html>' } },
  { what: 'a 429', respond: { status: 503, text: 'later' } },
  { what: 'no answer', respond: 'drop' },
  { what: 'JSON that is none', respond: { json: [] } },
] as const)('$what keeps the tokens as they are: exit 6', async ({ respond }) => {
  const { store } = await loggedIn(-1, { change: () => [{ want: 'POST /token', respond }] });
  const before = readStore(store);
  expect(await run('token fake', { store }).exit).toBe(6);
  expect(readStore(store)).toEqual(before);
});

test('more than 20 renewals in half a minute help nobody, and are not made', async () => {
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

describe('for other programs', () => {
  test('--json has all that a request needs, on one line', async () => {
    const { server, store } = await loggedIn(3600, { auth: { issued_at: now() } });
    const document = readStore(store);
    document.mcpServers.fake.headers = { 'X-Team': '${TEAM}', Authorization: 'Basic never' };
    writeFileSync(store, JSON.stringify(document));
    const token = run('token fake --json', { store, env: { TEAM: 'blue' } });
    expect(await token.exit, token.stderr).toBe(0);
    const { expires_at } = document.mcpServers.fake.auth as { expires_at: number };
    expect(JSON.parse(token.stdout)).toEqual({
      ...{ access_token: 'old', token_type: 'Bearer', expires_at, fresh_until: expires_at - 60, url: server.url },
      headers: { 'x-team': 'blue', Authorization: 'Bearer old' },
    });
    expect(token.stdout.trim().split('\n')).toHaveLength(1);
  });

  test('--json leaves out what nobody knows', async () => {
    const { server, store } = await loggedIn(undefined, { auth: { issued_at: now() } });
    const token = run('token fake --json', { store });
    expect(await token.exit).toBe(0);
    const headers = { Authorization: 'Bearer old' };
    expect(JSON.parse(token.stdout)).toEqual({ access_token: 'old', token_type: 'Bearer', url: server.url, headers });
  });

  test('a token that is bound to a key has no header', async () => {
    const { store } = await loggedIn(3600, { auth: { type: 'dpop', dpop_key: {} } });
    const token = run('token fake --json', { store });
    expect(await token.exit).toBe(0);
    expect(JSON.parse(token.stdout)).toMatchObject({ token_type: 'DPoP', headers: {} });
    expect(token.stderr).toContain('bound to a key');
  });

  test('a refused token is renewed once, however many say so', async () => {
    const { server, store } = await loggedIn(3600);
    const refused = () => run('token fake --refused', { store, stdin: { text: 'old\n' } });
    const all = Array.from({ length: 8 }, refused);
    expect(await Promise.all(all.map(({ exit }) => exit))).toEqual(all.map(() => 0));
    expect(new Set(all.map(({ stdout }) => stdout))).toEqual(new Set(['access-1\n']));
    const later = refused();
    expect(await later.exit).toBe(0);
    expect(later.stdout).toBe('access-1\n');
    expect(server.asked('POST /token')).toHaveLength(1);
  });

  test('a refused token that cannot be renewed is not printed again', async () => {
    const failing = await loggedIn(3600, { change: () => [{ want: 'POST /token', respond: { status: 500 } }] });
    const token = run('token fake --refused', { store: failing.store, stdin: { text: 'old' } });
    expect(await token.exit).toBe(6);
    expect(token.stdout).toBe('');
    for (const left of [3600, undefined]) {
      const { store } = await loggedIn(left, { auth: { refresh_token: undefined } });
      const ended = run('token fake --refused', { store, stdin: { text: 'old' } });
      expect(await ended.exit).toBe(3);
      expect(ended.stderr).toContain('The access token of fake was refused, and there is no refresh token');
      const refresh = run('refresh fake', { store });
      expect(await refresh.exit).toBe(3);
      expect(refresh.stderr).toContain(left === undefined ? 'has no known end' : 'expires in 3');
    }
  });

  test('a token that is new and refused is not renewed a second time, by whatever process, until it expires or there is a new login', async () => {
    const { server, store } = await loggedIn(3600);
    const clock = testClock();
    expect(await run('token fake --refused', { store, clock, stdin: { text: 'old' } }).exit).toBe(0);
    for (let times = 0; times < 3; times += 1) {
      const again = run('token fake --refused', { store, clock, stdin: { text: 'access-1' } });
      expect(await again.exit).toBe(1);
      expect(again.stderr).toContain('another one would be refused, too');
      expect(again.stderr).toContain('mcp-auth login fake');
      clock.advance(600_000);
    }
    expect(server.asked('POST /token')).toHaveLength(1);
    clock.advance(3_600_000);
    expect(await run('token fake', { store, clock }).exit).toBe(0);
    expect(readStore(store).mcpServers.fake.auth.refusals).toBeUndefined();
  });

  test('one that was taken for a while may be renewed again', async () => {
    const { server, store } = await loggedIn(3600);
    const clock = testClock();
    expect(await run('token fake --refused', { store, clock, stdin: { text: 'old' } }).exit).toBe(0);
    clock.advance(600_000);
    expect(await run('token fake --refused', { store, clock, stdin: { text: 'access-1' } }).exit).toBe(0);
    expect(server.asked('POST /token')).toHaveLength(2);
  });

  test.each(['none' as const, { text: '' }, { text: ' \n' }])('--refused without a token is wrong usage', async (stdin) => {
    const { store } = await loggedIn(3600);
    const token = run('token fake --refused', { store, stdin });
    expect(await token.exit).toBe(2);
    expect(token.stderr).toContain('No token came on stdin.');
  });
});

describe('tokens that the store cannot take', () => {
  /**
   * A store in whose place, or, as `folder`, in the place of whose folder there is something else from the moment when the server
   * answers; `mend` puts it back.
   */
  async function broken(what: 'store' | 'folder') {
    const held = { store: '' };
    const place = () => (what === 'store' ? held.store : path.dirname(held.store));
    const { store, server } = await loggedIn(-1, {
      change: () => [
        {
          want: 'POST /token',
          respond: () => {
            renameSync(place(), `${place()}.aside`);
            if (what === 'store') mkdirSync(place());
            else writeFileSync(place(), '');
            return { json: { access_token: 'saved', token_type: 'Bearer', expires_in: 3600, refresh_token: 'saved-r' } };
          },
        },
      ],
    });
    held.store = store;
    const mend = () => {
      rmSync(place(), { recursive: true });
      renameSync(`${place()}.aside`, place());
    };
    return { store, server, mend };
  }

  test.each(['store', 'folder'] as const)(
    'since its %s is not there, are kept beside it or in the temporary folder, said loudly, and put where they belong at the next run',
    async (what) => {
      const { store, server, mend } = await broken(what);
      const token = run('token fake', { store });
      expect(await token.exit, token.stderr).toBe(0);
      expect(token.stdout).toBe('saved\n');
      expect(token.stderr).toContain('could not be stored');
      expect(token.stderr).not.toContain('saved-r');
      const kept = /kept in (\S+)\. /.exec(token.stderr)?.[1] ?? '';
      expect(kept.startsWith(path.dirname(store))).toBe(what === 'store');
      expect(statSync(kept).mode & 0o777).toBe(0o600);
      mend();

      const next = run('token fake', { store });
      expect(await next.exit).toBe(0);
      expect(next.stdout).toBe('saved\n');
      expect(next.stderr).toBe('');
      expect(server.asked('POST /token')).toHaveLength(1);
      expect(readStore(store).mcpServers.fake.auth).toMatchObject({ token: 'saved', refresh_token: 'saved-r', note: 'not ours' });
      expect(existsSync(kept)).toBe(false);
    },
  );

  test.each([{ then: 'is there still' }, { then: 'has gone' }])(
    'in the temporary folder are seen, and leave it, where the server $then',
    async ({ then }) => {
      const { store, mend } = await broken('folder');
      const before = readStore(store);
      const token = run('token fake', { store });
      expect(await token.exit).toBe(0);
      const kept = /kept in (\S+)\. /.exec(token.stderr)?.[1] ?? '';
      mend();
      before.mcpServers.fake.auth.expires_at = now() + 3600;
      writeFileSync(store, JSON.stringify(then === 'has gone' ? { mcpServers: {} } : before));
      const argv = ['token', 'fake'];
      expect(quickAnswer({ argv, variables: { MCP_AUTH_STORE: store }, now: Date.now() })).toBeUndefined();
      expect(await run('list', { store }).exit).toBe(0);
      expect(existsSync(kept)).toBe(false);
      expect(existsSync(`${store}.fake.newest`)).toBe(then === 'is there still');
    },
  );

  test('are kept, too, where another program has emptied the file to fill it with what it has read', async () => {
    const held = { store: '' };
    const { store } = await loggedIn(-1, {
      change: () => [
        {
          want: 'POST /token',
          respond: () => {
            writeFileSync(held.store, '');
            return { json: { access_token: 'saved', token_type: 'Bearer', expires_in: 3600, refresh_token: 'saved-r' } };
          },
        },
      ],
    });
    held.store = store;
    const text = readFileSync(store);
    const token = run('token fake', { store });
    expect(await token.exit).toBe(0);
    expect(token.stdout).toBe('saved\n');
    writeFileSync(store, text);
    expect(await run('list', { store }).exit).toBe(0);
    expect(readStore(store).mcpServers.fake.auth).toMatchObject({ token: 'saved', refresh_token: 'saved-r' });
  });

  test('do not come back over a login that was made since', async () => {
    const { store, mend } = await broken('store');
    expect(await run('token fake', { store }).exit).toBe(0);
    mend();
    const document = readStore(store);
    Object.assign(document.mcpServers.fake.auth, { token: 'newer', expires_at: now() + 3600 });
    writeFileSync(store, JSON.stringify(document));
    const token = run('token fake', { store });
    expect(await token.exit).toBe(0);
    expect(token.stdout).toBe('newer\n');
  });
});

describe('Ctrl-C', () => {
  test('once a refresh is on the wire waits until its answer is stored', async () => {
    const running: { token?: Run } = {};
    const { store } = await loggedIn(-1, {
      change: () => [
        {
          want: 'POST /token',
          respond: () => {
            running.token?.interrupt();
            return { json: { access_token: 'a', token_type: 'Bearer', expires_in: 3600, refresh_token: 'b' } };
          },
        },
      ],
    });
    running.token = run('token fake', { store });
    expect(await running.token.exit).toBe(130);
    expect(running.token.stdout).toBe('');
    expect(readStore(store).mcpServers.fake.auth).toMatchObject({ token: 'a', refresh_token: 'b' });
  });

  test('before that ends it, and nothing is sent', async () => {
    const { store, server } = await loggedIn(-1);
    const token = run('token fake', { store });
    token.interrupt();
    expect(await token.exit).toBe(130);
    expect(server.asked('POST /token')).toEqual([]);
  });
});

test('a store that others may read is said, and works', async () => {
  const { store } = await loggedIn(3600);
  chmodSync(store, 0o644);
  const token = run('token fake', { store });
  expect(await token.exit).toBe(0);
  expect(token.stdout).toBe('old\n');
  expect(token.stderr).toContain(`chmod 600 ${store}`);
});
