/** The end of a login: it is stored before the MCP server is asked, and removed if the server rejects the token. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { command } from '../helpers/build.js';
import type { Exchange, FakeRequest, Respond } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { loginAt } from '../helpers/login-at.js';
import { piped } from '../helpers/piped.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

/** A server that responds to requests with a token as `trial` does. */
function tried(trial: (request: FakeRequest) => Respond): (origin: string) => Exchange[] {
  return (origin) => [
    {
      want: 'POST /mcp',
      respond: (request) =>
        request.headers.authorization === undefined
          ? { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } }
          : trial(request),
    },
  ];
}
const refusal: Respond = { status: 403, json: { error: 'insufficient_scope' } };

/** A login with every member, to the server at `origin`. */
const before = (origin: string) => ({
  foreign: { kept: true },
  mcpServers: {
    other: { url: 'https://other.example/mcp', auth: { type: 'bearer', token: 'other' } },
    demo: {
      url: `${origin}/mcp`,
      headers: { 'X-Team': 'blue' },
      login_options: { scope: 'read', theirs: 1 },
      auth: loginAt({ origin, url: `${origin}/mcp` }, { refresh_token: 'old-refresh', client_id: 'client-0', theirs: [1] }),
    },
    last: { command: 'x' },
  },
  oauthClients: {
    [origin]: [{ client_id: 'client-0', token_endpoint_auth_method: 'none', redirect_uris: ['http://127.0.0.1:1/callback'] }],
  },
});
const byCode = (url: string, more = '') => `login ${url} --no-browser --flow device --name demo ${more}`;

test.each([
  { what: 'nothing', content: () => '{}' },
  { what: 'another server, on one line', content: () => JSON.stringify({ mcpServers: { other: { url: 'https://other.example' } } }) },
  { what: 'the server, without a login', content: (origin: string) => JSON.stringify({ mcpServers: { demo: { url: `${origin}/mcp` } } }) },
  { what: 'a login before, in a layout of its own', content: (origin: string) => `\n${JSON.stringify(before(origin), null, 5)}` },
  { what: 'a login before', content: (origin: string) => `${JSON.stringify(before(origin), null, 2)}\n` },
])('a token that the server refuses is stored when it is tried, and the store is as it was then: $what', async ({ content }) => {
  const store = temporaryStore();
  const seen: string[] = [];
  const server = await fakeServer(
    tried(() => {
      seen.push(readStore(store).mcpServers.demo.auth.token as string);
      return refusal;
    }),
  );
  const text = content(server.origin);
  writeFileSync(store, text);
  const login = run(byCode(server.url, '--scope write --header X-Team:red --register'), { store });
  expect(await login.exit, login.stderr).toBe(1);
  expect(login.stderr).toContain('rejected the token');
  expect(new Set(seen)).toEqual(new Set(['access-1']));
  expect(readFileSync(store, 'utf8')).toBe(text);

  const token = run('token demo', { store });
  const had = text.includes('"old"');
  expect(await token.exit).toBe(had ? 0 : 3);
  expect(token.stdout).toBe(had ? 'old\n' : '');
  expect(token.stderr).not.toContain('older tokens');
  expect(readFileSync(store, 'utf8')).toBe(text);
  // A copy that another program has read in the meantime does not restore it.
  writeFileSync(store, text.replace('"old"', '"access-1"').replace('"old-refresh"', '"refresh-1"'));
  expect(await run('token demo', { store }).exit).toBe(had ? 0 : 3);
  expect(readFileSync(store, 'utf8')).not.toContain('access-1');
});

test('a moved login that may not have arrived is kept if the login that replaces it is rejected', async () => {
  const server = await fakeServer(tried(() => refusal));
  const store = temporaryStore(before(server.origin));
  expect(await run('export demo --move', { store }).exit).toBe(0);
  expect(await run(byCode(server.url), { store }).exit).toBe(1);
  expect(existsSync(`${store}.demo.moved`)).toBe(true);
  const taken = run('import', { store, stdin: { text: readFileSync(`${store}.demo.moved`, 'utf8') } });
  expect(await taken.exit, taken.stderr).toBe(0);
  expect(await run('token demo', { store }).exit).toBe(0);
  expect(readStore(store).mcpServers.demo.auth.token).toBe('old');
});

test('a login that another process has stored in the meantime stays', async () => {
  const store = temporaryStore();
  const theirs = JSON.stringify({ mcpServers: { demo: { url: 'https://x.example/mcp', auth: { token: 'theirs' } } } });
  const server = await fakeServer(
    tried(() => {
      writeFileSync(store, theirs);
      return refusal;
    }),
  );
  const login = run(byCode(server.url), { store });
  expect(await login.exit).toBe(1);
  expect(login.stderr).toContain('rejected the token');
  expect(readFileSync(store, 'utf8')).toBe(theirs);
});

test('members that another process has added in the meantime stay, and the login is removed', async () => {
  const store = temporaryStore();
  const server = await fakeServer(
    tried(() => {
      const now = readStore(store);
      now.mcpServers.demo.disabled = true;
      now.mcpServers.mine = { url: 'https://mine.example' };
      now.oauthClients[server.origin] = [...(now.oauthClients[server.origin] as object[]), { client_id: 'theirs' }];
      writeFileSync(store, JSON.stringify(now));
      return refusal;
    }),
  );
  const { mcpServers, oauthClients, ...rest } = before(server.origin);
  writeFileSync(store, JSON.stringify({ mcpServers, oauthClients, ...rest }));
  expect(await run(byCode(server.url, '--scope write --header X-Team:red --register'), { store }).exit).toBe(1);
  const { demo, ...others } = mcpServers;
  expect(readStore(store)).toEqual({
    ...rest,
    mcpServers: { ...others, demo: { ...demo, disabled: true }, mine: { url: 'https://mine.example' } },
    oauthClients: { [server.origin]: [...(oauthClients[server.origin] ?? []), { client_id: 'theirs' }] },
  });
});

test('a renewal waits, and renews neither the previous login nor the rejected one', async () => {
  const store = temporaryStore();
  let refresh: ReturnType<typeof run> | undefined;
  const server = await fakeServer(
    tried(() => {
      refresh ??= run('refresh demo', { store });
      return refusal;
    }),
  );
  writeFileSync(store, JSON.stringify(before(server.origin)));
  expect(await run(byCode(server.url), { store }).exit).toBe(1);
  await refresh?.exit;
  const spent = server.asked('POST /token').map(({ body }) => body['refresh_token']);
  expect(spent).not.toContain('refresh-1');
  const { token } = readStore(store).mcpServers.demo.auth;
  expect(token).toBe(spent.includes('old-refresh') ? 'access-1' : 'old');
});

test('a registration that another login uses by now stays', async () => {
  const store = temporaryStore({});
  const server = await fakeServer(
    tried(() => {
      const now = readStore(store);
      now.mcpServers.second = { url: `${server.origin}/second`, auth: { ...now.mcpServers.demo.auth, token: 'second' } };
      writeFileSync(store, JSON.stringify(now));
      return refusal;
    }),
  );
  expect(await run(byCode(server.url), { store }).exit).toBe(1);
  expect(Object.keys(readStore(store).mcpServers)).toEqual(['second']);
  expect(readStore(store).oauthClients[server.origin]).toMatchObject([{ client_id: 'client-1' }]);
});

test('if the trial is interrupted, the login is stored, and that is reported', async () => {
  const store = temporaryStore();
  const server = await fakeServer(
    tried(() => {
      login.interrupt();
      return 'hang';
    }),
  );
  const login = run(byCode(server.url, '--json'), { store });
  expect(await login.exit).toBe(130);
  expect(login.stderr).toContain('The login is stored. Its token was not tried.');
  expect(login.events.at(-1)).toMatchObject({ event: 'error', code: 'interrupted' });
  expect(readStore(store).mcpServers.demo.auth.token).toBe('access-1');
});

test('a process that is killed during the trial has stored the login, and leaves no lasting lock', async () => {
  const store = temporaryStore(JSON.stringify({}));
  const trial = tried(() => {
    login.child.kill('SIGKILL');
    return 'hang';
  });
  const code = { device_code: 'd', user_code: 'WDJB-MJHT', expires_in: 600, interval: 1 };
  const server = await fakeServer((origin) => [
    ...trial(origin),
    { want: 'POST /device', respond: { json: { ...code, verification_uri: `${origin}/activate` } } },
  ]);
  const env = { PATH: process.env['PATH'], HOME: path.dirname(store), MCP_AUTH_STORE: store };
  const start = (line: string) => piped(spawn(process.execPath, [command, ...line.split(' ')], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  const login = start(byCode(server.url).trim());
  expect(await login.exit).toBe(null);
  expect(readStore(store).mcpServers.demo.auth.token).toBe('access-1');
  const token = start('token demo');
  expect(await token.exit, token.output.stderr).toBe(0);
  expect(token.output.stdout).toBe('access-1\n');
  const refresh = start('refresh demo');
  expect(await refresh.exit, refresh.output.stderr).toBe(0);
});

test.each([
  { what: 'refused', isInterrupted: false, exit: 1 },
  { what: 'interrupted', isInterrupted: true, exit: 130 },
])('a login in two commands whose trial is $what has used its code: it is not finished again', async ({ isInterrupted, exit }) => {
  const store = temporaryStore({});
  const server = await fakeServer(
    tried(() => {
      if (!isInterrupted) return refusal;
      finish.interrupt();
      return 'hang';
    }),
  );
  expect(await run(`${byCode(server.url)} --start`, { store }).exit).toBe(0);
  const finish = run('login --finish', { store });
  expect(await finish.exit, finish.stderr).toBe(exit);
  expect(Object.keys(readStore(store).mcpServers ?? {})).toEqual(isInterrupted ? ['demo'] : []);
  expect(readdirSync(path.dirname(store)).filter((name) => name.includes('.attempt'))).toEqual([]);
});
