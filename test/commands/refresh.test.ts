/** `refresh`, `refresh --watch`, `refresh --install-service` and `exec`. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { testClock } from '../helpers/clock.js';
import type { Exchange } from '../helpers/fake-server.js';
import { readStore, temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { listening } from '../helpers/listening.js';
import { loginAt } from '../helpers/login-at.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

const now = () => Math.floor(Date.now() / 1000);

/** A store with logins of these names at one server, whose tokens have `left` seconds of an hour left. */
async function loggedIn(names: Record<string, number>, change: (origin: string) => Exchange[] = () => []) {
  let count = 0;
  const server = await fakeServer((origin) => [
    ...change(origin),
    { want: 'POST /token', respond: () => ({ json: { access_token: `new-${(count += 1)}`, token_type: 'Bearer', expires_in: 3600 } }) },
  ]);
  const entry = (left: number, name: string) => ({
    type: 'http',
    url: server.url,
    auth: loginAt(server, {
      token: `old-${name}`,
      issued_at: now() + left - 3600,
      expires_at: now() + left,
      refresh_token: `refresh-${name}`,
    }),
  });
  const store = temporaryStore({
    mcpServers: {
      ...Object.fromEntries(Object.entries(names).map(([name, left]) => [name, entry(left, name)])),
      plain: { type: 'http', url: 'https://a.example' },
      local: { command: 'node' },
    },
  });
  return { server, store };
}

const renewedBy = ({ asked }: { asked(want: string): { body: Record<string, unknown> }[] }) =>
  asked('POST /token').map(({ body }) => body['refresh_token']);

describe('refresh', () => {
  test('renews what is named, fresh or not', async () => {
    const { server, store } = await loggedIn({ one: 3000, two: 3000 });
    const refresh = run('refresh one', { store });
    expect(await refresh.exit).toBe(0);
    expect(refresh.stderr).toContain('Renewed the token of one. It expires in 59 minutes');
    expect(refresh.stdout).toBe('');
    expect(renewedBy(server)).toEqual(['refresh-one']);
  });

  test('--all renews all that can be, whatever becomes of one of them', async () => {
    const answer: Exchange = {
      want: 'POST /token',
      respond: ({ body }) =>
        body['refresh_token'] === 'refresh-one'
          ? { status: 400, json: { error: 'invalid_grant' } }
          : { json: { access_token: `new-${String(body['refresh_token'])}`, token_type: 'Bearer', expires_in: 3600 } },
    };
    const { server, store } = await loggedIn({ one: 3000, two: 3000, three: 3000 }, () => [answer, answer, answer]);
    const refresh = run('refresh --all', { store });
    expect(await refresh.exit).toBe(3);
    expect(refresh.stderr).toContain('one: The login to one has expired');
    expect(refresh.stderr).toContain('1 of 3 logins could not be renewed');
    expect(renewedBy(server).sort()).toEqual(['refresh-one', 'refresh-three', 'refresh-two']);
    const { one, two, three } = readStore(store).mcpServers;
    expect([one, two, three].map(({ auth }) => auth.token as string)).toEqual(['old-one', 'new-refresh-two', 'new-refresh-three']);
  });

  test('--all leaves a server that is too busy alone for as long as it says, and asks again', async () => {
    const busy = { want: 'POST /token', respond: { status: 429, headers: { 'retry-after': '7' }, json: {} } };
    const { server, store } = await loggedIn({ one: 3000, two: 3000 }, () => [
      busy,
      busy,
      { want: 'POST /token', respond: { json: { access_token: 'new', token_type: 'Bearer', expires_in: 3600 } } },
    ]);
    const clock = testClock();
    const before = clock.now();
    const refresh = run('refresh --all', { store, clock });
    expect(await refresh.exit, refresh.stderr).toBe(0);
    expect(clock.now() - before).toBeGreaterThanOrEqual(7000);
    expect(server.asked('POST /token').length).toBe(4);
  });

  test.each([
    { what: 'that never has time', respond: { status: 503, json: {} }, asked: 4 },
    { what: 'that wants an hour', respond: { status: 429, headers: { 'retry-after': '3600' }, json: {} }, asked: 1 },
  ])('--all gives up on a server $what', async ({ respond, asked }) => {
    const { server, store } = await loggedIn({ one: 3000 }, () => Array.from({ length: asked }, () => ({ want: 'POST /token', respond })));
    expect(await run('refresh --all', { store, clock: testClock() }).exit).toBe(6);
    expect(server.asked('POST /token').length).toBe(asked);
    expect(readStore(store).mcpServers.one.auth).toMatchObject({ token: 'old-one', refresh_token: 'refresh-one' });
  });

  test('--all renews many at once, but not more than sixteen', async () => {
    const names = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`s${at}`, 3000]));
    const { store } = await loggedIn(names);
    let asked = 0;
    let most = 0;
    const open: ServerResponse[] = [];
    const { origin } = await listening((request, response) => {
      if (request.url === '/') return void response.end();
      most = Math.max(most, open.push(response));
      // All at once, when there is a full set, or the rest; and after a request that was sent later than any that is under way.
      if ((asked += 1) % 16 === 0 || asked === 40)
        void fetch(origin).then(() => {
          for (const one of open.splice(0))
            one
              .setHeader('content-type', 'application/json')
              .end(JSON.stringify({ access_token: 'new', token_type: 'Bearer', expires_in: 60 }));
        });
    });
    writeFileSync(store, readFileSync(store, 'utf8').replaceAll(/http:[^"]*\/token/g, `${origin}/token`));
    const refresh = run('refresh --all', { store });
    expect(await refresh.exit, refresh.stderr).toBe(0);
    expect(most).toBe(16);
    for (const name of Object.keys(names)) expect(readStore(store).mcpServers[name].auth.token).toBe('new');
  });

  test.each(['refresh', 'refresh one --all'])('%s is wrong usage', async (line) => {
    const { store } = await loggedIn({ one: 3000 });
    expect(await run(line, { store }).exit).toBe(2);
  });

  test('what cannot be renewed says why', async () => {
    const { store } = await loggedIn({});
    expect(await run('refresh plain', { store }).exit).toBe(3);
    expect(await run('refresh local', { store }).exit).toBe(1);
  });
});

describe('refresh --watch', () => {
  /** Lets the watcher sleep until `condition` holds, and ends it. */
  async function watched(store: string, condition: (said: string) => boolean, words = '') {
    const clock = testClock();
    const watch = run(`refresh --watch ${words}`, { store, clock });
    for (let turns = 0; turns < 3000 && !condition(watch.stderr); turns += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    watch.interrupt();
    expect(await watch.exit).toBe(0);
    return { clock, said: watch.stderr };
  }

  test('renews each login shortly before its end, and those that come into the store', async () => {
    const { server, store } = await loggedIn({ soon: 900, later: 3500 });
    const begun = Date.now();
    const { clock, said } = await watched(store, () => {
      const document = readStore(store);
      if (renewedBy(server).length === 1 && document.mcpServers.added === undefined) {
        document.mcpServers.added = {
          ...document.mcpServers.soon,
          auth: { ...document.mcpServers.soon.auth, refresh_token: 'refresh-added', expires_at: now() },
        };
        writeFileSync(store, JSON.stringify(document));
      }
      return renewedBy(server).includes('refresh-later');
    });
    expect(renewedBy(server).slice(0, 2)).toEqual(['refresh-soon', 'refresh-added']);
    expect(said).toContain('Renewed soon');
    const slept = (clock.now() - begun) / 1000;
    expect(slept).toBeGreaterThan(2500);
    expect(Math.max(...clock.slept)).toBeLessThanOrEqual(30_000);
  });

  test.each([8, 20, 29, 60, 300])('a token that lives %i s is never seen expired, and is renewed about once in its life', async (life) => {
    const clock = testClock();
    const expiries: { at: number; before: number }[] = [];
    let expires = clock.now() + 1000 * life;
    const renewal: Exchange = {
      want: 'POST /token',
      respond: () => {
        expiries.push({ at: clock.now(), before: expires });
        expires = clock.now() + 1000 * life;
        return { json: { access_token: `short-${expiries.length}`, token_type: 'Bearer', expires_in: life } };
      },
    };
    const { store } = await loggedIn({ one: life }, () => Array.from({ length: 9 }, () => renewal));
    const document = readStore(store);
    Object.assign(document.mcpServers.one.auth, { issued_at: Math.floor(clock.now() / 1000) });
    writeFileSync(store, JSON.stringify(document));
    const watch = run('refresh --watch', { store, clock });
    for (let turns = 0; turns < 3000 && expiries.length < 6 && !watch.stderr.includes('✗'); turns += 1)
      await new Promise((resolve) => setTimeout(resolve, 5));
    watch.interrupt();
    expect(await watch.exit).toBe(0);
    expect(expiries.length, watch.stderr).toBeGreaterThanOrEqual(6);
    for (const { at, before } of expiries) {
      // The store has whole seconds.
      expect(before - at).toBeGreaterThan(-1000);
      expect(before - at).toBeLessThan(1000 * (life * 0.15 + 2));
    }
  });

  test('only what is named', async () => {
    const { server, store } = await loggedIn({ one: 100, two: 100 });
    await watched(store, () => renewedBy(server).length > 0, 'two');
    expect(new Set(renewedBy(server))).toEqual(new Set(['refresh-two']));
  });

  test('waits twice as long after each failure, and loses nothing', async () => {
    const failed: Exchange = { want: 'POST /token', respond: { status: 500 } };
    const { store } = await loggedIn({ one: 10 }, () => [failed, failed, failed]);
    const { clock, said } = await watched(store, (text) => text.includes('Renewed one'));
    expect(said.match(/failed with status 500/g)).toHaveLength(3);
    const slept = clock.slept.reduce((sum, one) => sum + one, 0) / 1000;
    expect(slept).toBeGreaterThanOrEqual(30 + 60 + 120);
    expect(readStore(store).mcpServers.one.auth.refresh_token).toBe('refresh-one');
  });

  test('a store that is broken for a while is no end', async () => {
    const { store } = await loggedIn({ one: 10 });
    const good = readFileSync(store, 'utf8');
    writeFileSync(store, '{');
    const { said } = await watched(store, (text) => {
      if (text.includes('is not valid JSON') && readFileSync(store, 'utf8') === '{') writeFileSync(store, good);
      return text.includes('Renewed one');
    });
    expect(said).toContain('Renewed one');
  });
});

describe('refresh --install-service', () => {
  test('prints a unit, and with --write puts it where systemd looks', async () => {
    const { store } = await loggedIn({});
    const folder = temporaryFolder();
    const env = { HOME: folder, MCP_AUTH_STORE: store };
    const printed = run('refresh --install-service', { store, env });
    expect(await printed.exit).toBe(0);
    expect(printed.stdout).toContain(`ExecStart="/usr/bin/node" "/opt/mcp-auth/bin.js" "refresh" "--watch" "--store" "${store}"`);
    const written = run('refresh --install-service --write', { store, env });
    expect(await written.exit).toBe(0);
    expect(readFileSync(path.join(folder, '.config/systemd/user/mcp-auth-refresh.service'), 'utf8')).toBe(printed.stdout);
    expect(written.stderr).toContain('systemctl --user enable --now mcp-auth-refresh');
  });
});

describe('exec', () => {
  test('runs a command with a fresh token in its environment, and ends with its exit code', async () => {
    const { store } = await loggedIn({ one: 10 });
    let seen: { words: readonly string[]; token: string | undefined } | undefined;
    const exec = run('exec one -- sh -c true --x', {
      store,
      runProgram: (words, environment) => {
        seen = { words, token: environment['MCP_AUTH_TOKEN'] };
        return 7;
      },
    });
    expect(await exec.exit).toBe(7);
    expect(seen).toEqual({ words: ['sh', '-c', 'true', '--x'], token: 'new-1' });
    expect(exec.stdout).toBe('');
  });

  test('runs nothing without a login', async () => {
    const { store } = await loggedIn({});
    expect(await run('exec plain -- true', { store, runProgram: () => 0 }).exit).toBe(3);
  });
});

test('a unit for launchd, and none for other systems', async () => {
  const mac = run('refresh --install-service', { store: '/tmp/a & b.json', platform: 'darwin', env: { HOME: '/Users/me' } });
  expect(await mac.exit).toBe(0);
  expect(mac.stdout).toContain('<string>--watch</string>\n    <string>--store</string>\n    <string>/tmp/a &amp; b.json</string>');
  const elsewhere = run('refresh --install-service', { store: temporaryStore(), platform: 'freebsd' });
  expect(await elsewhere.exit).toBe(2);
  expect(elsewhere.stderr).toContain('mcp-auth refresh --watch');
});
