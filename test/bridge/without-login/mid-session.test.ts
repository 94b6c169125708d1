/** A login that is missing or not enough in the middle of a session, and a login that is made elsewhere. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loginServer, openApp, storeWithLogin, storeWithout, urlCapability, type LoginServer } from '../../helpers/app-session.js';
import { readStore, temporaryStore } from '../../helpers/folder.js';
import type { FakeRequest } from '../../helpers/fake-server.js';
import { loginAt } from '../../helpers/login-at.js';
import { run } from '../../helpers/run.js';

const changed = 'notifications/tools/list_changed';

/** Makes the tools called `write…` require a scope of that name, which only tokens that were issued for it have. */
function requireScopes(server: LoginServer, { isEver = false } = {}): void {
  server.answer = ({ body: { method, params }, headers }) => {
    const name = (params as { name?: string } | undefined)?.name ?? '';
    if (method !== 'tools/call' || !name.startsWith('write')) return undefined;
    const isEnough = !isEver && scopesOf(server, headers.authorization).includes(name);
    return isEnough ? undefined : { status: 403, headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${name}"` } };
  };
}

/** The scopes that a token was requested with: the newest token has those of the newest device authorization request. */
function scopesOf(server: LoginServer, authorization = ''): string[] {
  const index = Number(/access-(\d+)/.exec(authorization)?.[1] ?? 0);
  const scope = server.asked('POST /device')[index - 1]?.body['scope'];
  return typeof scope === 'string' ? scope.split(' ') : [];
}

const namesOf = (calls: FakeRequest[]) => calls.map(({ body }) => (body['params'] as { name: string }).name);

describe('a call that requires more scopes', () => {
  test('leads to a login for them, with those of the login before, and is repeated once', async () => {
    const server = await loginServer();
    requireScopes(server);
    const app = await openApp(storeWithLogin(server), { capabilities: urlCapability });
    const call = app.call('write-1');
    app.say({ id: (await app.heard('elicitation/create'))['id'], result: { action: 'accept' } });
    expect((await app.call('greet')).text).toBe('made greet');
    await app.approve(server);
    expect(await call).toEqual({ text: 'made write-1', isError: false });
    expect(namesOf(server.calls())).toEqual(['write-1', 'greet', 'write-1']);
    expect(String(server.asked('POST /device')[0]?.body['scope']).split(' ').sort()).toEqual(
      expect.arrayContaining(['read', 'write-1']) as string[],
    );
  });

  test('without a dialog: the result has the address, and the app keeps the tools of the server', async () => {
    const server = await loginServer();
    requireScopes(server);
    const app = await openApp(storeWithLogin(server));
    const { text, isError } = await app.call('write-1');
    expect(isError).toBe(true);
    expect(text).toMatch(/^The server requires more scopes than the stored login has, so the call was not made\.\n/);
    expect(text).toContain(`${server.origin}/activate\nand to enter the code: WDJB-MJH1`);
    expect(await app.toolNames()).toEqual(['greet', 'time']);
  });

  test('of a server that is never satisfied, it ends', async () => {
    const server = await loginServer();
    requireScopes(server, { isEver: true });
    const app = await openApp(storeWithLogin(server), { capabilities: urlCapability });
    for (const count of [1, 2]) {
      server.approval = 'pending';
      const call = app.call('write-1');
      await expect.poll(() => app.messages().filter(({ method }) => method === 'elicitation/create')).toHaveLength(count);
      await app.approve(server);
      const { text, isError } = await call;
      expect([isError, text]).toEqual([true, expect.stringContaining('requires more scopes') as string]);
      // Once before the login, and once after it.
      expect(server.calls()).toHaveLength(2 * count);
    }
    expect((await app.call('write-1')).text).toContain('keeps requesting scopes that were already granted');
    expect(server.asked('POST /device')).toHaveLength(2);
  });

  test('may be approved as often as the user likes: only logins in vain are counted', async () => {
    const server = await loginServer();
    requireScopes(server);
    const app = await openApp(storeWithLogin(server), { capabilities: urlCapability });
    for (const name of ['write-1', 'write-2', 'write-3', 'write-4', 'write-5']) {
      server.approval = 'pending';
      const call = app.call(name);
      await expect.poll(() => app.messages().filter(({ method }) => method === 'elicitation/create')).toHaveLength(Number(name.at(-1)));
      await app.approve(server);
      expect((await call).text).toBe(`made ${name}`);
    }
  });

  test('anything but a call is answered with the command', async () => {
    const server = await loginServer();
    server.answer = ({ body: { method } }) =>
      method === 'prompts/list'
        ? { status: 403, headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="p"' } }
        : undefined;
    const app = await openApp(storeWithLogin(server));
    expect((await app.ask('prompts/list')).error).toMatchObject({
      code: -32_001,
      message: expect.stringContaining('mcp-auth login') as string,
    });
    expect(server.asked('POST /device')).toEqual([]);
  });
});

describe('a login that ends', () => {
  test('the next call starts another one and is made after it, in the same session', async () => {
    const server = await loginServer();
    const app = await openApp(storeWithLogin(server), { capabilities: urlCapability });
    expect((await app.call('greet')).text).toBe('made greet');
    server.valid.delete('old');
    const call = app.call('time');
    const asked = await app.heard('elicitation/create');
    expect(server.asked('POST /token').map(({ body }) => body['grant_type'])).toEqual(['refresh_token']);
    expect(app.messages().map(({ method }) => method)).toContain(changed);
    expect(await app.toolNames()).toEqual(['greet', 'time', 'log_in'].slice(2));
    app.say({ id: asked['id'], result: { action: 'accept' } });
    await app.approve(server);
    expect((await call).text).toBe('made time');
    expect(await app.toolNames()).toEqual(['greet', 'time']);
    expect(server.calls().at(-1)?.headers['mcp-session-id']).toBe('s1');
    const opened = server.requests.filter(
      ({ body }) => (body['params'] as { clientInfo?: { name: string } } | undefined)?.clientInfo?.name === 'app',
    );
    expect(opened).toHaveLength(1);
  });

  test('the tools that the app has listed before are still there', async () => {
    const server = await loginServer();
    const app = await openApp(storeWithLogin(server));
    await app.toolNames();
    server.valid.delete('old');
    expect(await app.toolNames()).toEqual(['greet', 'time', 'log_in']);
  });
});

describe('a login that is made elsewhere', () => {
  test.each(['by mcp-auth login', 'by another program'])('%s: the real session, the right lists, no tools of ours', async (how) => {
    const server = await loginServer();
    const store = storeWithout(server);
    const app = await openApp(store);
    expect(await app.toolNames()).toEqual(['log_in']);
    server.approval = 'approved';
    if (how === 'by mcp-auth login') expect(await run('login fake', { store }).exit).toBe(0);
    else {
      server.valid.add('other');
      const entry = { type: 'http', url: server.url, auth: loginAt(server, { token: 'other' }) };
      writeFileSync(store, JSON.stringify({ mcpServers: { fake: entry } }));
    }
    await app.clock.waitForAlarm(2000);
    app.clock.advance(2000);
    await app.heard('notifications/prompts/list_changed');
    // This server has no resources.
    expect(app.messages().map(({ method }) => method)).toEqual([changed, 'notifications/prompts/list_changed']);
    const opened = server.requests.findLast(({ body }) => body['method'] === 'initialize');
    expect(opened?.body['params']).toMatchObject({ clientInfo: { name: 'app' } });
    await expect
      .poll(() => server.requests.filter(({ headers }) => headers['mcp-session-id'] === 's1').map(({ body }) => body['method']))
      .toContain('notifications/initialized');
    expect(await app.toolNames()).toEqual(['greet', 'time']);
    expect((await app.call('greet')).text).toBe('made greet');
    // A model may have it in its list still.
    expect((await app.clock.passUntil(app.call('log_in'))).text).toMatch(/^Logged in\./);
    expect(namesOf(server.calls())).toEqual(['greet']);
    expect(server.asked('POST /device')).toHaveLength(how === 'by mcp-auth login' ? 1 : 0);
  });

  test('log_in says so only when the app has had time to offer the tools that it has listed', async () => {
    const server = await loginServer();
    const app = await openApp(storeWithout(server));
    await app.call('log_in');
    let isAnswered = false;
    const call = app.call('log_in').finally(() => (isAnswered = true));
    await app.approve(server);
    await app.heard(changed);
    expect(await app.toolNames()).toEqual(['greet', 'time']);
    await app.clock.waitForAlarm(500);
    expect(isAnswered).toBe(false);
    app.clock.advance(500);
    expect((await call).text).toMatch(/^Logged in\./);
  });

  test('of a URL that was not stored before', async () => {
    const server = await loginServer();
    const store = temporaryStore();
    const app = await openApp(store, { line: `bridge ${server.url}` });
    server.approval = 'approved';
    expect(await run(`login ${server.url} --name later`, { store }).exit).toBe(0);
    app.clock.advance(2000);
    await app.heard(changed);
    expect(await app.toolNames()).toEqual(['greet', 'time']);
    await app.end();
    expect(readFileSync(`${store}.later.tools`, 'utf8')).toContain('"greet"');
  });

  test('that the server rejects changes nothing, and a good one is taken later', async () => {
    const server = await loginServer();
    const store = storeWithout(server);
    const app = await openApp(store);
    const write = (token: string) =>
      writeFileSync(store, JSON.stringify({ mcpServers: { fake: { url: server.url, auth: { type: 'bearer', token } } } }));
    write('bad');
    await app.clock.waitForAlarm(2000);
    app.clock.advance(2000);
    await expect.poll(() => server.requests.some(({ headers }) => headers.authorization === 'Bearer bad')).toBe(true);
    expect(await app.toolNames()).toEqual(['log_in']);
    server.valid.add('good');
    write('good');
    await app.clock.passUntil(app.heard(changed));
    expect(await app.toolNames()).toEqual(['greet', 'time']);
    expect(readStore(store).mcpServers.fake.auth.token).toBe('good');
  });

  test('a call that waits for an approval is made with it', async () => {
    const server = await loginServer();
    const store = storeWithout(server);
    const app = await openApp(store);
    await app.call('greet');
    const waiting = app.call('greet');
    await app.clock.waitForAlarm(20_000);
    server.valid.add('other');
    writeFileSync(store, JSON.stringify({ mcpServers: { fake: { url: server.url, auth: loginAt(server, { token: 'other' }) } } }));
    app.clock.advance(2000);
    expect((await waiting).text).toBe('made greet');
  });
});
