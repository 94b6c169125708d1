/** What limits the logins of a bridge, and what several bridges share. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { loginServer, openApp, storeWithout, textOf, urlCapability, type App, type LoginServer } from '../../helpers/app-session.js';
import { steppedClock } from '../../helpers/clock.js';

const attemptsOf = (store: string) => readdirSync(path.dirname(store)).filter((name) => name.endsWith('.attempt'));

/** Starts a login that the user denies. Resolves to what the call says that waits for it. */
async function denyLogin(server: LoginServer, app: App): Promise<string> {
  await app.call('log_in');
  const waiting = app.call('log_in');
  await app.clock.waitForAlarm(20_000);
  server.approval = 'denied';
  await app.clock.waitForAlarm(7000);
  app.clock.advance(7000);
  const { text, isError } = await waiting;
  expect(isError).toBe(true);
  server.approval = 'pending';
  return text;
}

describe('an attempt', () => {
  // On a busy machine the poll may come before the denial, and the call is answered first.
  test('that the user denies ends, and its code with it', { retry: 3 }, async () => {
    const server = await loginServer();
    const store = storeWithout(server);
    const app = await openApp(store);
    const text = await denyLogin(server, app);
    expect(text).toBe('The login was denied at the page. Do not start another login unless the user asks for it.');
    expect(attemptsOf(store)).toEqual([]);
    expect((await app.call('log_in')).text).toContain('WDJB-MJH2');
  });

  test('that expires ends, and the next log_in has another code', async () => {
    const server = await loginServer();
    const app = await openApp(storeWithout(server));
    expect((await app.call('log_in')).text).toContain('WDJB-MJH1');
    app.clock.advance(600_000);
    expect((await app.call('log_in')).text).toContain('WDJB-MJH2');
  });

  test('that is about to expire is not given to a user any more', async () => {
    const server = await loginServer();
    const store = storeWithout(server);
    const clock = steppedClock();
    const app = await openApp(store, { clock });
    await app.call('log_in');
    await app.end();
    clock.advance(545_000);
    expect((await (await openApp(store, { clock })).call('log_in')).text).toContain('WDJB-MJH2');
  });

  test('that expires while a call waits for it: the result says how to start another', async () => {
    const server = await loginServer({ code: () => ({ expires_in: 65 }) });
    const app = await openApp(storeWithout(server), { capabilities: urlCapability });
    const call = app.ask('tools/call', { name: 'greet', _meta: { progressToken: 1 } });
    app.say({ id: (await app.heard('elicitation/create'))['id'], result: { action: 'accept' } });
    const { text, isError } = textOf(await app.clock.passUntil(call));
    expect(isError).toBe(true);
    expect(text).toMatch(/expired.* Call log_in to start another login\.$/);
    expect(server.calls()).toEqual([]);
  });

  test('is the same for every log_in while it runs', async () => {
    const server = await loginServer();
    const app = await openApp(storeWithout(server));
    await app.call('log_in');
    for (let count = 0; count < 3; count += 1) {
      const again = app.call('log_in');
      await app.clock.waitForAlarm(20_000);
      app.clock.advance(20_000);
      const { text, isError } = await again;
      expect([isError, text]).toEqual([false, expect.stringContaining('WDJB-MJH1')]);
      expect(text).toMatch(/^The user has not approved yet/);
    }
    expect(server.asked('POST /device')).toHaveLength(1);
  });

  test('three in vain are enough for an hour, and the result says so', async () => {
    const server = await loginServer();
    const app = await openApp(storeWithout(server));
    for (let count = 0; count < 3; count += 1) await denyLogin(server, app);
    expect(await app.call('log_in')).toEqual({
      isError: true,
      text: '3 logins were started and not approved, so no more is started for an hour. Ask the user to log in: mcp-auth login',
    });
    expect(server.asked('POST /device')).toHaveLength(3);
    app.clock.advance(3_600_000);
    expect((await app.call('log_in')).text).toContain('WDJB-MJH4');
  });

  test('goes on in the next session of the app, which shows the same code', async () => {
    const server = await loginServer();
    const store = storeWithout(server);
    const first = await openApp(store);
    await first.call('log_in');
    await first.end();
    const next = await openApp(store);
    expect((await next.call('log_in')).text).toContain('WDJB-MJH1');
    const waiting = next.call('greet');
    await next.approve(server);
    expect((await waiting).text).toBe('made greet');
  });
});

describe('several bridges of one server', () => {
  test.each([2, 5])('%d at once: one attempt, one code, and all get through', async (count) => {
    const server = await loginServer();
    const store = storeWithout(server);
    const clock = steppedClock();
    const apps = await clock.passUntil(Promise.all(Array.from({ length: count }, () => openApp(store, { clock }))), 50);
    const invited = await clock.passUntil(Promise.all(apps.map((app) => app.call('log_in'))), 50);
    for (const { text } of invited) expect(text).toContain('and to enter the code: WDJB-MJH1\n');
    expect(server.asked('POST /device')).toHaveLength(1);
    expect(server.asked('POST /register')).toHaveLength(1);
    expect(attemptsOf(store)).toHaveLength(1);
    server.approval = 'approved';
    await clock.passUntil(Promise.all(apps.map((app) => app.heard('notifications/tools/list_changed'))), 100);
    for (const app of apps) expect((await app.call('greet')).text).toBe('made greet');
    expect(server.asked('POST /token').filter(({ body }) => body['grant_type'] !== 'refresh_token').length).toBeGreaterThan(0);
    expect(server.valid.size).toBe(1);
    expect(attemptsOf(store)).toEqual([]);
  });

  test('the one that asks for the approval ends: another takes over', async () => {
    const server = await loginServer();
    const store = storeWithout(server);
    const clock = steppedClock();
    const first = await openApp(store, { clock });
    await first.call('log_in');
    await clock.waitForAlarm(7000);
    const second = await openApp(store, { clock });
    await second.call('log_in');
    await first.end();
    server.approval = 'approved';
    await clock.passUntil(second.heard('notifications/tools/list_changed'), 500);
    expect((await second.call('greet')).text).toBe('made greet');
  });

  test('of two servers have an attempt each', async () => {
    const [one, other] = [await loginServer(), await loginServer({ code: () => ({ user_code: 'OTHER-1' }) })];
    const store = storeWithout(one, {});
    const clock = steppedClock();
    const apps = [await openApp(store, { clock }), await openApp(store, { clock, line: `bridge ${other.url}` })];
    const [first, second] = await Promise.all(apps.map((app) => app.call('log_in')));
    expect([first?.text, second?.text]).toEqual([expect.stringContaining('WDJB-MJH1'), expect.stringContaining('OTHER-1')]);
  });
});
