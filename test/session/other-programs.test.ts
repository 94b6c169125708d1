/** Options of `token` for other programs: `--json`, `--refused`. */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readStore } from '../helpers/folder.js';
import { testClock } from '../helpers/clock.js';
import { run } from '../helpers/run.js';
import { loggedIn, now } from './logged-in.js';

describe('for other programs', () => {
  test('--json prints everything that a request needs, on one line', async () => {
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

  test('--json omits what is unknown', async () => {
    const { server, store } = await loggedIn(undefined, { auth: { issued_at: now() } });
    const token = run('token fake --json', { store });
    expect(await token.exit).toBe(0);
    const headers = { Authorization: 'Bearer old' };
    expect(JSON.parse(token.stdout)).toEqual({ access_token: 'old', token_type: 'Bearer', url: server.url, headers });
  });

  test('a DPoP-bound token has no header', async () => {
    const { store } = await loggedIn(3600, { auth: { type: 'dpop', dpop_key: {} } });
    const token = run('token fake --json', { store });
    expect(await token.exit).toBe(0);
    expect(JSON.parse(token.stdout)).toMatchObject({ token_type: 'DPoP', headers: {} });
    expect(token.stderr).toContain('bound to a key');
  });

  test('a rejected token is renewed once, however many processes report it', async () => {
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

  test('a rejected token that cannot be renewed is not printed again', async () => {
    const failing = await loggedIn(3600, { change: () => [{ want: 'POST /token', respond: { status: 500 } }] });
    const token = run('token fake --refused', { store: failing.store, stdin: { text: 'old' } });
    expect(await token.exit).toBe(6);
    expect(token.stdout).toBe('');
    for (const left of [3600, undefined]) {
      const { store } = await loggedIn(left, { auth: { refresh_token: undefined } });
      const ended = run('token fake --refused', { store, stdin: { text: 'old' } });
      expect(await ended.exit).toBe(3);
      expect(ended.stderr).toContain('The access token of fake was rejected, and there is no refresh token');
      const refresh = run('refresh fake', { store });
      expect(await refresh.exit).toBe(3);
      expect(refresh.stderr).toContain(left === undefined ? 'has an unknown lifetime' : 'expires in 3');
    }
  });

  test('a new token that is rejected is not renewed again, by any process, until it expires or there is a new login', async () => {
    const { server, store } = await loggedIn(3600);
    const clock = testClock();
    expect(await run('token fake --refused', { store, clock, stdin: { text: 'old' } }).exit).toBe(0);
    for (let times = 0; times < 3; times += 1) {
      const again = run('token fake --refused', { store, clock, stdin: { text: 'access-1' } });
      expect(await again.exit).toBe(1);
      expect(again.stderr).toContain('Another one would be rejected, too');
      expect(again.stderr).toContain('mcp-auth login fake');
      clock.advance(600_000);
    }
    expect(server.asked('POST /token')).toHaveLength(1);
    clock.advance(3_600_000);
    expect(await run('token fake', { store, clock }).exit).toBe(0);
    expect(readStore(store).mcpServers.fake.auth.refusals).toBeUndefined();
  });

  test('a token that was accepted for a while may be renewed again', async () => {
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
    expect(token.stderr).toContain('No token was read from stdin.');
  });
});
