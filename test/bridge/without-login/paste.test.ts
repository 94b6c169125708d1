/** A login whose redirect URL the user brings back: the authorization server has no device codes. */
import { expect, test } from 'vitest';
import { loginServer, openApp, storeWithout, urlCapability, type App } from '../../helpers/app-session.js';
import { Person } from '../../helpers/person.js';
import { run } from '../../helpers/run.js';
import { realServers } from '../../helpers/servers.js';

async function openPasteApp(capabilities = {}) {
  const server = await loginServer({ device: false });
  const store = storeWithout(server);
  return { server, store, app: await openApp(store, { capabilities }) };
}

/** Calls log_in, and resolves to its text, the address in it, and the address that the browser would end on. */
async function start(app: App) {
  const { text, isError } = await app.call('log_in');
  const address = /^(http:\S+)$/m.exec(text)?.[1] ?? '';
  const parameters = new URL(address).searchParams;
  const redirect = new URL(parameters.get('redirect_uri') ?? '');
  redirect.searchParams.set('code', 'SECRET-code');
  redirect.searchParams.set('state', parameters.get('state') ?? '');
  return { text, isError, address, redirect };
}

test('finish_login is offered, and says that the address is as good as a password', async () => {
  const { app } = await openPasteApp();
  const { result } = await app.ask('tools/list');
  const [logIn, finish] = result?.['tools'] as Record<string, unknown>[];
  expect(logIn?.['name']).toBe('log_in');
  expect(finish).toMatchObject({ name: 'finish_login', description: expect.stringContaining('as good as a password') as string });
  expect(finish?.['inputSchema']).toMatchObject({ required: ['redirect_url'] });
});

test('log_in has the address, the command for the terminal, and the warning', async () => {
  const { server, app } = await openPasteApp();
  const { text, isError, address } = await start(app);
  expect(isError).toBe(false);
  expect(address).toMatch(new RegExp(`^${server.origin}/authorize\\?`));
  expect(text).toMatch(/in a terminal on this machine, where nothing keeps it: mcp-auth login fake --finish --attempt \w+\n/);
  expect(text).toContain('as good as a password');
  expect(text).toContain('here in the conversation, which keeps it: then call finish_login with it');
});

test('wrong pastes leave the login alive, and none of them is repeated; the right one logs in', async () => {
  const { server, app } = await openPasteApp();
  const { redirect } = await start(app);
  const other = new URL(redirect);
  other.searchParams.set('state', 'SECRET-state');
  const without = new URL(redirect);
  without.searchParams.delete('code');
  const elsewhere = new URL(redirect);
  elsewhere.host = 'elsewhere.example:1';
  const wrong = [{}, { redirect_url: '' }, { redirect_url: 7 }, ...['SECRET words', other.href, without.href, elsewhere.href].map(toGiven)];
  for (const given of wrong) {
    const { text, isError } = await app.call('finish_login', given);
    expect([isError, text]).toEqual([true, expect.not.stringContaining('Logged in')]);
    expect(text).not.toMatch(/SECRET|elsewhere/);
  }
  expect(server.asked('POST /token')).toEqual([]);
  const { text, isError } = await app.clock.passUntil(app.call('finish_login', toGiven(redirect.href)));
  expect(isError).toBe(false);
  expect(text).toContain('Logged in.');
  expect(text).not.toContain('SECRET');
  expect(server.asked('POST /token').map(({ body }) => body['code'])).toEqual(['SECRET-code']);
  expect(await app.toolNames()).toEqual(['greet', 'time']);
});

function toGiven(redirect_url: string): object {
  return { redirect_url };
}

test('a code that the authorization server rejects ends the login, and the next log_in starts another one', async () => {
  const server = await loginServer({
    device: false,
    change: () => [
      { want: 'POST /token', respond: { status: 400, json: { error: 'invalid_grant', error_description: 'SECRET-code was used' } } },
    ],
  });
  const app = await openApp(storeWithout(server));
  const first = await start(app);
  const { text, isError } = await app.call('finish_login', toGiven(first.redirect.href));
  expect(isError).toBe(true);
  expect(text).not.toContain('SECRET');
  expect((await start(app)).address).not.toBe(first.address);
});

test('finish_login before log_in says what to do first', async () => {
  const { app } = await openPasteApp();
  expect(await app.call('finish_login', toGiven('http://127.0.0.1/callback?code=SECRET'))).toEqual({
    isError: true,
    text: expect.stringMatching(/Call log_in to start a login\.$/) as string,
  });
});

test('log_in again has the same address, and does not wait', async () => {
  const { app } = await openPasteApp();
  const first = await start(app);
  const second = await start(app);
  expect(second.address).toBe(first.address);
  expect(second.text).toMatch(/^The user has not approved yet/);
});

test('the command in a terminal finishes it, and the bridge notices', async () => {
  const { store, app } = await openPasteApp();
  const { text, redirect } = await start(app);
  const words = /mcp-auth (login .*)$/m.exec(text)?.[1] ?? '';
  expect(await run(words, { store, stdin: { text: `${redirect.href}\n` } }).exit).toBe(0);
  app.clock.advance(2000);
  await app.heard('notifications/tools/list_changed');
  expect(await app.toolNames()).toEqual(['greet', 'time']);
});

test('a dialog shows the address, and an accepted one leads to the text: only the user has the address', async () => {
  const { server, app } = await openPasteApp(urlCapability);
  const call = app.call('log_in');
  const asked = await app.heard('elicitation/create');
  expect(asked.params).toMatchObject({ mode: 'url', url: expect.stringContaining(`${server.origin}/authorize?`) as string });
  expect(asked.params['message']).toContain('copy the address');
  app.say({ id: asked['id'], result: { action: 'accept' } });
  expect((await call).text).toContain('finish_login');
});

test('with real servers: the user approves, the address is pasted, and the call is made', async () => {
  const { mcpServer, authorizationServer } = await realServers({ device: false });
  const app = await openApp(storeWithout(mcpServer));
  const { text } = await app.call('greet');
  const address = /^(http:\S+)$/m.exec(text)?.[1] ?? '';
  const redirect = await new Person().approve(address);
  const finished = await app.clock.passUntil(app.call('finish_login', toGiven(redirect)));
  expect(finished.text).toContain('Logged in.');
  expect((await app.call('greet')).text).toBe('Hello from behind the login.');
  expect(authorizationServer.log).toContain('grant authorization_code');
});
