/** `login --start` and `login --finish`: one login in two processes, which here are two runs. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultTimeoutSeconds } from '../../src/flows/redirect.js';
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

describe('by the pasted redirect URL', () => {
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
    expect(again.stderr).toContain('No login to demo is waiting to be finished');
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
    await late.clock.waitForAlarm(5000);
    late.clock.advance(6000);
    expect(await late.exit).toBe(5);
    const ended = run('login demo --finish', { store, stdin: 'open' });
    await ended.clock.waitForAlarm(1000 * defaultTimeoutSeconds);
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

/** An attempt as it is on disk. */
type Attempt = Record<string, unknown> & { readonly state: Record<string, unknown> };

function readAttempt(store: string): { file: string; attempt: Attempt } {
  const file = path.join(path.dirname(store), attemptsBeside(store)[0] ?? '');
  return { file, attempt: JSON.parse(readFileSync(file, 'utf8')) as Attempt };
}

/** The attempt as version 1 wrote it: no format, `kept` in place of `state`, `settings` in camelCase, times in milliseconds. */
function downgrade(
  { format, entry, state, started_at: startedAt, ...rest }: Attempt,
  { settings = {} }: { settings?: object } = {},
): object {
  expect([format, typeof entry]).toEqual([2, 'object']);
  const { device_code: deviceCode, user_code: userCode, verification_uri: verificationUri, interval, expires_in: expiresIn } = state;
  const isDevice = deviceCode !== undefined;
  const expiresAt = Number(state['expires_at']) * 1000;
  const kept = isDevice ? { deviceCode, userCode, verificationUri, interval, expiresIn, expiresAt } : state;
  return { ...rest, started_at: Number(startedAt) * 1000, settings, kept };
}

/** The address that the browser would end on, for a server that accepts any code. */
function redirectUrlOf(url: string): string {
  const asked = new URL(url).searchParams;
  return `${asked.get('redirect_uri') ?? ''}?code=c&state=${asked.get('state') ?? ''}`;
}

describe('on disk', () => {
  test('times are seconds and names are snake_case', async () => {
    const server = await fakeServer();
    const store = temporaryStore({ mcpServers: { fake: { url: server.url, login_options: { prompt: 'none' } } } });
    await started('login fake --no-verify', store);
    const { attempt } = readAttempt(store);
    const now = Date.now() / 1000;
    expect(attempt).toMatchObject({ entry: { login_options: { prompt: 'none' } }, address: server.url, step_ups: 0 });
    const times = [attempt['started_at'], attempt['expires_at'], attempt.state['expires_at']].map(Number);
    for (const time of times) expect(Math.abs(time - now)).toBeLessThan(3700);
    const names = [...Object.keys(attempt), ...Object.keys(attempt.state)];
    expect(names.filter((name) => !/^[a-z_]+$/.test(name))).toEqual([]);
  });

  test.each(['paste', 'device'])('a login by %s that an older version has started is finished', async (flow) => {
    const server = await fakeServer();
    const store = temporaryStore();
    const { url = '' } = await started(`login ${server.url} --name fake --flow ${flow} --no-verify`, store);
    const { file, attempt } = readAttempt(store);
    writeFileSync(file, JSON.stringify(downgrade(attempt, { settings: { prompt: 'login' } })));
    const finish = run(['login', 'fake', '--finish', ...(flow === 'paste' ? [redirectUrlOf(url)] : [])], { store });
    expect(await finish.exit, finish.stderr).toBe(0);
    expect(readStore(store).mcpServers.fake).toMatchObject({ login_options: { prompt: 'login' }, auth: { token: 'access-1' } });
    expect(attemptsBeside(store)).toEqual([]);
  });

  test('a code that an older version has shown expires at its time, with the message of an expired code', async () => {
    const server = await fakeServer(() => [{ want: 'POST /token', respond: { status: 400, json: { error: 'authorization_pending' } } }]);
    const store = temporaryStore();
    await started(`login ${server.url} --name fake --flow device --no-verify`, store);
    const { file, attempt } = readAttempt(store);
    writeFileSync(file, JSON.stringify(downgrade(attempt)));
    const finish = run('login fake --finish', { store });
    expect(await finish.exit).toBe(5);
    expect(finish.stderr).toContain('expired');
    const waited = finish.clock.slept.reduce((sum, one) => sum + one, 0) / 1000;
    expect(waited).toBeGreaterThan(Number(attempt.state['expires_in']) - 60);
    expect(waited).toBeLessThan(Number(attempt.state['expires_in']) + 60);
  });

  test('of one by an older version and a newer one, the newest is finished', async () => {
    const server = await fakeServer();
    const store = temporaryStore();
    await started(`login ${server.url} --name older --flow device --no-verify`, store);
    const { file, attempt } = readAttempt(store);
    writeFileSync(file, JSON.stringify(downgrade(attempt)));
    await started(`login ${server.url} --name newer --flow device --no-verify`, store);
    expect(await run('login --finish', { store }).exit).toBe(0);
    expect(Object.keys(readStore(store).mcpServers)).toEqual(['newer']);
  });

  test('one of a still older version, without settings and headers, leaves those of the server', async () => {
    const server = await fakeServer();
    const entry = { url: server.url, headers: { 'X-Key': 'k' }, login_options: { prompt: 'none' } };
    const store = temporaryStore({ mcpServers: { fake: entry } });
    const { url = '' } = await started(`login fake --flow paste --no-verify`, store);
    const { file, attempt } = readAttempt(store);
    expect([attempt['entry'], attempt['headers']]).toEqual([{ login_options: { prompt: 'none' } }, { 'x-key': 'k' }]);
    const { settings, headers, ...older } = downgrade(attempt) as Record<string, unknown>;
    expect([settings, headers]).toEqual([{}, { 'x-key': 'k' }]);
    writeFileSync(file, JSON.stringify({ ...older, trusted_issuer: 'https://name.example', issuer_address: server.origin }));
    const finish = run(['login', 'fake', '--finish', redirectUrlOf(url)], { store });
    expect(await finish.exit, finish.stderr).toBe(0);
    const pin = { trusted_issuer: 'https://name.example', trusted_issuer_at: server.origin };
    expect(readStore(store).mcpServers.fake).toMatchObject({ ...entry, ...pin, auth: { token: 'access-1' } });
  });
});

test('a DPoP-bound login keeps its key from one step to the other', async () => {
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
  const finish = run(['login', 'fake', '--finish', redirectUrlOf(url)], { store });
  expect(await finish.exit, finish.stderr).toBe(0);
  expect(new URL(url).searchParams.get('dpop_jkt')).toMatch(/^[\w-]{43}$/);
  expect(readStore(store).mcpServers.fake.auth).toMatchObject({ type: 'dpop', dpop_key: { alg: 'ES256' } });
});

test.each([
  { line: 'login https://a.example/mcp --start --finish', said: 'cannot be used together' },
  { line: 'login https://a.example/mcp --attempt x', said: 'requires --finish' },
  { line: 'login https://a.example/mcp --start --flow browser', said: 'cannot be done in two steps' },
  { line: 'login --finish', said: 'No login is waiting to be finished' },
])('$line: $said', async ({ line, said }) => {
  const server = await fakeServer();
  const wrong = run(line.replace('https://a.example/mcp', server.url), { store: temporaryStore() });
  expect(await wrong.exit).not.toBe(0);
  expect(wrong.stderr).toContain(said);
});
