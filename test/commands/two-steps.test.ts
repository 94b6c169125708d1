/** `login --start` and `login --finish`: one login in two processes, which here are two runs. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { Person } from '../helpers/person.js';
import { run } from '../helpers/run.js';
import { fakeServer, realServers } from '../helpers/servers.js';

const attemptsBeside = (store: string) => readdirSync(path.dirname(store)).filter((name) => name.endsWith('.attempt'));

/** Starts a login and returns its one event. */
async function started(line: string, store: string): Promise<Record<string, string>> {
  const start = run(`${line} --start --json`, { store });
  expect(await start.exit, start.stderr).toBe(0);
  expect(start.events).toHaveLength(1);
  return start.events[0] as Record<string, string>;
}

describe('by the pasted address', () => {
  test.each([
    { how: 'on stdin', words: (end: string) => ({ more: [], stdin: { text: `${end}\n` } }) },
    { how: 'as an argument', words: (end: string) => ({ more: [end], stdin: 'none' as const }) },
    { how: 'wrapped, on stdin', words: (end: string) => ({ more: [], stdin: { text: end.replace(/(.{30})/g, '$1\n') } }) },
  ])('$how', async ({ words }) => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    const { event, url = '', attempt = '' } = await started(`login ${mcpServer.url} --name demo --flow paste`, store);
    expect(event).toBe('authorization_url');
    expect(attempt).toMatch(/^\w{8}$/);
    const [file = ''] = attemptsBeside(store);
    expect(statSync(path.join(path.dirname(store), file)).mode & 0o777).toBe(0o600);

    const { more, stdin } = words(await new Person().approve(url));
    const finish = run(['login', 'demo', '--json', '--finish', ...more], { store, stdin });
    expect(await finish.exit, finish.stderr).toBe(0);
    expect(finish.events).toMatchObject([{ event: 'logged_in', server: 'demo' }]);
    expect(readStore(store).mcpServers.demo.auth.token).toMatch(/\S+/);
    expect(attemptsBeside(store)).toEqual([]);
    const again = run('login demo --finish x', { store });
    expect(await again.exit).toBe(1);
    expect(again.stderr).toContain('No login to demo waits to be finished');
  });

  test('a wrong address leaves it open; of several, the one that the address belongs to is finished', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    const first = await started(`login ${mcpServer.url} --name one --flow paste`, store);
    const second = await started(`login ${mcpServer.url} --name two --flow paste`, store);
    const wrong = run('login --finish', { store, stdin: { text: 'http://127.0.0.1:1/callback?code=c\n' } });
    expect(await wrong.exit).toBe(1);
    expect(wrong.stderr).toContain('This is not the redirect URL');
    expect(attemptsBeside(store)).toHaveLength(2);

    const finish = run('login --finish', { store, stdin: { text: await new Person().approve(first['url'] ?? '') } });
    expect(await finish.exit, finish.stderr).toBe(0);
    expect(Object.keys(readStore(store).mcpServers)).toEqual(['one']);
    const other = run(`login --finish --attempt ${second['attempt'] ?? ''}`, {
      store,
      stdin: { text: await new Person().approve(second['url'] ?? '') },
    });
    expect(await other.exit, other.stderr).toBe(0);
    expect(Object.keys(readStore(store).mcpServers)).toEqual(['one', 'two']);
  });

  test('--finish NAME names the server, and does not take it for the answer', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    const { url = '' } = await started(`login ${mcpServer.url} --name demo-server --flow paste`, store);
    const end = await new Person().approve(url);
    for (const which of ['demo-server', mcpServer.url]) {
      const wrong = run(`login --finish ${which}`, { store, stdin: { text: 'nothing much' } });
      expect(await wrong.exit).toBe(1);
      expect(wrong.stderr).toContain('The pasted text is not a redirect URL');
    }
    expect(await run('login --finish demo-server', { store, stdin: { text: end } }).exit).toBe(0);
  });

  test('--timeout ends the waiting for stdin, and so does a signal', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    await started(`login ${mcpServer.url} --name demo --flow paste`, store);
    const late = run('login demo --finish --timeout 5', { store, stdin: 'open' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    late.clock.advance(6000);
    expect(await late.exit).toBe(5);
    const ended = run('login demo --finish', { store, stdin: 'open' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    ended.interrupt();
    expect(await ended.exit).toBe(130);
    expect(attemptsBeside(store)).toHaveLength(1);
  });

  test('logout takes away what was started, too', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    expect(await run(`add demo ${mcpServer.url}`, { store }).exit).toBe(0);
    await started(`login demo --flow paste`, store);
    expect(await run('logout demo', { store }).exit).toBe(0);
    expect(attemptsBeside(store)).toEqual([]);
  });

  test('it expires, and is gone then', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    const start = run(`login ${mcpServer.url} --name demo --flow paste --start --timeout 60`, { store });
    expect(await start.exit).toBe(0);
    expect(start.stderr).toMatch(/mcp-auth login demo --finish --attempt \w{8}/);
    start.clock.advance(61_000);
    const finish = run('login demo --finish', { store, stdin: 'open', clock: start.clock });
    expect(await finish.exit).toBe(1);
    expect(finish.stderr).toContain('it has expired');
    expect(attemptsBeside(store)).toEqual([]);
  });

  test('two who finish the same one use its code once', async () => {
    const { mcpServer, authorizationServer } = await realServers();
    const store = temporaryStore();
    const { url = '' } = await started(`login ${mcpServer.url} --name demo --flow paste`, store);
    const end = await new Person().approve(url);
    const both = [1, 2].map(() => run(['login', 'demo', '--finish', end], { store }));
    expect((await Promise.all(both.map(({ exit }) => exit))).sort()).toEqual([0, 1]);
    expect(authorizationServer.log.filter((line) => line === 'grant authorization_code')).toHaveLength(1);
    expect(authorizationServer.log).not.toContain('grant revoked');
  });
});

describe('by the code', () => {
  test('waits for its approval, in another process', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    const code = await started(`login ${mcpServer.url} --name demo`, store);
    expect(code).toMatchObject({ event: 'device_code', expires_in: 600, attempt: expect.stringMatching(/^\w{8}$/) as string });
    const finish = run('login demo --finish', { store, stdin: 'open' });
    await finish.shown(/Waiting for approval/);
    await new Person().approveDevice(code['verification_uri'] ?? '', code['user_code'] ?? '');
    expect(await finish.exit, finish.stderr).toBe(0);
    expect(attemptsBeside(store)).toEqual([]);
  });

  test('a refusal ends with 4', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    const code = await started(`login ${mcpServer.url} --name demo`, store);
    await new Person().denyDevice(code['verification_uri'] ?? '', code['user_code'] ?? '');
    expect(await run('login demo --finish', { store }).exit).toBe(4);
  });
});

test('a login that an older version started keeps the other keys of the server', async () => {
  const server = await fakeServer();
  const entry = { url: server.url, headers: { 'X-Key': 'k' }, login_options: { prompt: 'none' } };
  const store = temporaryStore({ mcpServers: { fake: entry } });
  const { url = '' } = await started(`login fake --flow paste --no-verify`, store);
  const file = path.join(path.dirname(store), attemptsBeside(store)[0] ?? '');
  const { settings, headers, ...older } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  expect([settings, headers]).toEqual([{ prompt: 'none' }, { 'x-key': 'k' }]);
  writeFileSync(file, JSON.stringify({ ...older, trusted_issuer: 'https://name.example', issuer_address: server.origin }));
  const asked = new URL(url).searchParams;
  const end = `${asked.get('redirect_uri') ?? ''}?code=c&state=${asked.get('state') ?? ''}`;
  const finish = run(['login', 'fake', '--finish', end], { store });
  expect(await finish.exit, finish.stderr).toBe(0);
  const pin = { trusted_issuer: 'https://name.example', trusted_issuer_at: server.origin };
  expect(readStore(store).mcpServers.fake).toMatchObject({ ...entry, ...pin, auth: { token: 'access-1' } });
});

test('a login that is bound to a key keeps it from one half to the other', async () => {
  const { metadata } = await import('../helpers/fake-server.js');
  const server = await fakeServer((origin) => [
    {
      want: 'GET /.well-known/oauth-authorization-server',
      respond: { json: metadata(origin, { dpop_signing_alg_values_supported: ['ES256'] }) },
    },
    {
      want: 'GET /prm',
      respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin], dpop_bound_access_tokens_required: true } },
    },
    { want: 'POST /token', respond: { json: { access_token: 'a', token_type: 'DPoP' } } },
  ]);
  const store = temporaryStore();
  const { url = '' } = await started(`login ${server.url} --name fake --flow paste --no-verify`, store);
  const asked = new URL(url).searchParams;
  const end = `${asked.get('redirect_uri') ?? ''}?code=c&state=${asked.get('state') ?? ''}`;
  const finish = run(['login', 'fake', '--finish', end], { store });
  expect(await finish.exit, finish.stderr).toBe(0);
  expect(asked.get('dpop_jkt')).toMatch(/^[\w-]{43}$/);
  expect(readStore(store).mcpServers.fake.auth).toMatchObject({ type: 'dpop', dpop_key: { alg: 'ES256' } });
});

test.each([
  { line: 'login https://a.example/mcp --start --finish', said: 'cannot be used together' },
  { line: 'login https://a.example/mcp --attempt x', said: 'requires --finish' },
  { line: 'login https://a.example/mcp --start --flow browser', said: 'cannot be done in two steps' },
  { line: 'login --finish', said: 'No login waits to be finished' },
])('$line: $said', async ({ line, said }) => {
  const server = await fakeServer();
  const wrong = run(line.replace('https://a.example/mcp', server.url), { store: temporaryStore() });
  expect(await wrong.exit).not.toBe(0);
  expect(wrong.stderr).toContain(said);
});
