/** Logins through a relay, from the terminal's side. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { textOf } from '../helpers/app-session.js';
import { answered, hello } from '../helpers/bridged.js';
import { steppedClock, type SteppedClock } from '../helpers/clock.js';
import { metadata } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { Person } from '../helpers/person.js';
import { localRelay, Phone, shownAddress, shownCode, withPreferences } from '../helpers/relayed.js';
import type { TestRelay } from '../helpers/relay.js';
import { run, type Run } from '../helpers/run.js';
import { fakeServer, realServers } from '../helpers/servers.js';

/** A login to real servers without device codes, and a relay. */
async function startLogin({ options = '', device = false } = {}) {
  const { mcpServer, authorizationServer } = await realServers({ device });
  const relay = await localRelay();
  const env = withPreferences({ relay: relay.origin });
  const store = temporaryStore();
  const again = (more = '') => run(`login ${mcpServer.url} --name demo --no-browser ${more}`, { store, env, stdin: 'open' });
  return { mcpServer, authorizationServer, relay, env, store, again, login: again(options) };
}

/** Approves with a phone, and enters the code. What the terminal shows can be read once. */
async function approve(login: Run, relay: TestRelay, seen?: { address: string; code: string }): Promise<Response> {
  const phone = new Phone(relay);
  const form = await phone.follow(await new Person().approve(await phone.open(seen?.address ?? (await shownAddress(login)))));
  return phone.enter(seen?.code ?? (await shownCode(login)), form);
}

const clientsIn = (store: string) => Object.values(readStore(store).oauthClients as Record<string, Record<string, unknown>[]>).flat();

describe('a login', () => {
  test('nothing is pasted: the address is opened, the code entered, and the page says how it ended', async () => {
    const { login, relay, store } = await startLogin();
    const page = await approve(login, relay);
    expect(await login.exit, login.stderr).toBe(0);
    expect(await page.text()).toContain('You are logged in');
    expect(readStore(store).mcpServers.demo.auth.token).toMatch(/\S+/);
    // The authorization server knows the response mode that the relay cannot read.
    expect(relay.log.join('\n')).toContain('POST /s/ID/response');
    expect(clientsIn(store)).toMatchObject([{ redirect_uris: [`${relay.origin}/callback`], relayed: true }]);
  });

  test('its address is short, and neither it nor the terminal has a secret of the login', async () => {
    const { login, relay, store } = await startLogin();
    const [address, code] = [await shownAddress(login), await shownCode(login)];
    expect(address.length - relay.origin.length).toBe(25);
    await approve(login, relay, { address, code });
    expect(await login.exit).toBe(0);
    expect(login.stderr).not.toContain('code_challenge');
    const text = readFileSync(store, 'utf8');
    for (const part of [address, code]) expect(text).not.toContain(part);
  });

  test('with --json: the event of a code, which agents know', async () => {
    const { login, relay } = await startLogin({ options: '--json' });
    const [address, code] = [await shownAddress(login), await shownCode(login)];
    expect(login.events[0]).toEqual({
      ...{ event: 'device_code', verification_uri: address, user_code: code },
      ...{ expires_in: 600, interval: 0, via: 'relay' },
    });
    await approve(login, relay, { address, code });
    expect(await login.exit).toBe(0);
    expect(login.events.at(-1)).toMatchObject({ event: 'logged_in', server: 'demo' });
  });

  test('the user says no: exit 4, at once and without a code', async () => {
    const { login, relay } = await startLogin();
    const phone = new Phone(relay);
    await phone.follow(await new Person().deny(await phone.open(await shownAddress(login))));
    expect(await login.exit).toBe(4);
  });

  test('wrong codes end it: exit 4, and the hint says what that may mean', async () => {
    const { login, relay } = await startLogin();
    const phone = new Phone(relay);
    const form = await phone.follow(await new Person().approve(await phone.open(await shownAddress(login))));
    for (let count = 0; count < 5; count += 1) await phone.enter('BBB-BBB', form);
    expect(await login.exit).toBe(4);
    expect(login.stderr).toContain('Wrong codes were entered at the relay');
  });

  test('the page that fails: its address can still be pasted', async () => {
    const { login, relay } = await startLogin();
    const end = await new Person().approve(await new Phone(relay).open(await shownAddress(login)));
    login.type(`${end.replace('#', '?')}\n`);
    expect(await login.exit, login.stderr).toBe(0);
  });

  test('interrupted: the relay keeps nothing', async () => {
    const { login, relay } = await startLogin();
    const address = await shownAddress(login);
    login.interrupt();
    expect(await login.exit).toBe(130);
    expect((await new Phone(relay).get(address)).status).toBe(404);
  });
});

describe('the relay', () => {
  test('is started again while a login waits: the same address and code still work', async () => {
    const { login, relay } = await startLogin();
    const [address, code] = [await shownAddress(login), await shownCode(login)];
    const { port } = new URL(relay.origin);
    await relay.stop();
    const next = await localRelay(Number(port));
    // The terminal asks again after a pause, is told that the relay does not know it, and opens the session again.
    await expect.poll(async () => (await new Phone(next).get(address)).status, { timeout: 30_000 }).toBe(200);
    await approve(login, next, { address, code });
    expect(await login.exit, login.stderr).toBe(0);
  });

  test('cannot be reached: the login says so, and goes on without it', async () => {
    const { mcpServer } = await realServers({ device: false });
    const relay = await localRelay();
    await relay.stop();
    const env = withPreferences({ relay: relay.origin });
    const login = run(`login ${mcpServer.url} --no-browser`, { store: temporaryStore(), env, stdin: 'open' });
    login.type(`${await new Person().approve(await login.shown(/^(http:\S+\/auth\?\S+)$/m))}\n`);
    expect(await login.exit, login.stderr).toBe(0);
    expect(login.stderr).toContain('The relay is not used:');
  });

  test.each([
    ['another site', { json: { client_id: 'x' } }],
    ['a relay that calls itself by another address', { json: { mcp_auth_relay: 1, client_id: 'https://other.example/client.json' } }],
    ['a page', { text: '<html>' }],
  ])('%s in its place is not used', async (_, respond) => {
    const other = await fakeServer(() => [{ want: 'GET /client.json', respond }]);
    const { mcpServer } = await realServers({ device: false });
    const env = withPreferences({ relay: other.origin });
    const login = run(`login ${mcpServer.url} --no-browser`, { store: temporaryStore(), env, stdin: 'open' });
    await login.shown(/^(http:\S+\/auth\?\S+)$/m);
    expect(login.stderr).toContain('There is no relay of mcp-auth at');
    login.interrupt();
    await login.exit;
  });

  test('an answer of a relay that has not asked for the code is rejected', async () => {
    const { login, relay } = await startLogin();
    const phone = new Phone(relay);
    const response = await new Person().approve(await phone.open(await shownAddress(login)));
    // The relay releases an error at once, and this one is none.
    await phone.followAs(response, { isError: true });
    expect(await login.exit).toBe(1);
    expect(login.stderr).toContain('although the code was not entered');
  });
});

describe('the client', () => {
  test('with and without the relay, each has its own registration, which is used again', async () => {
    const { login, relay, store, again } = await startLogin();
    await approve(login, relay);
    expect(await login.exit, login.stderr).toBe(0);
    const [first] = clientsIn(store);
    const without = again('--no-relay');
    without.type(`${await new Person().approve(await without.shown(/^(http:\S+\/auth\?\S+)$/m))}\n`);
    expect(await without.exit, without.stderr).toBe(0);
    expect(without.stderr).toContain('redirect_uri=http://127.0.0.1');
    expect(clientsIn(store)).toHaveLength(2);
    const third = again();
    await approve(third, relay);
    expect(await third.exit, third.stderr).toBe(0);
    expect(clientsIn(store)).toHaveLength(2);
    expect(readStore(store).mcpServers.demo.auth.client_id).toBe(first?.['client_id']);
  });

  test('registered by hand: with the redirect URI of the relay it uses it, with another one the login says what to do', async () => {
    const { login, relay, store, again } = await startLogin();
    await approve(login, relay);
    expect(await login.exit).toBe(0);
    const id = String(clientsIn(store)[0]?.['client_id']);
    const byHand = again(`--client-id ${id} --redirect-uri ${relay.origin}/callback --token-auth-method none`);
    await approve(byHand, relay);
    expect(await byHand.exit, byHand.stderr).toBe(0);
    const other = again(`--client-id ${id} --redirect-uri http://127.0.0.1:3118/callback --token-auth-method none`);
    await other.shown(/(Register the redirect URI|is redirected to http:\/\/127\.0\.0\.1:3118\/callback and not to the relay)/);
    other.interrupt();
    await other.exit;
  });

  test('is the document of the relay, if the authorization server reads such documents', async () => {
    const server = await fakeServer((origin) => [
      {
        want: 'GET /.well-known/oauth-authorization-server',
        respond: { json: metadata(origin, { client_id_metadata_document_supported: true, device_authorization_endpoint: undefined }) },
      },
    ]);
    const relay = await localRelay();
    const env = withPreferences({ relay: relay.origin });
    const login = run(`login ${server.url} --no-browser`, { store: temporaryStore(), env, stdin: 'open' });
    const next = new URL(await new Phone(relay).open(await shownAddress(login)));
    // This relay has no https, which such a document needs: the client is registered.
    expect(next.searchParams.get('client_id')).not.toContain('client.json');
    expect(next.searchParams.get('redirect_uri')).toBe(`${relay.origin}/callback`);
    expect(next.searchParams.get('response_mode')).toBeNull();
    login.interrupt();
    await login.exit;
  });
});

describe('from inside an app', () => {
  test('a server without device codes: the result of log_in has the address of the relay and its code, and nothing is pasted', async () => {
    const { mcpServer } = await realServers({ device: false });
    const relay = await localRelay();
    const store = temporaryStore({ mcpServers: { demo: { type: 'http', url: mcpServer.url } } });
    const bridge = run('bridge demo', { store, env: withPreferences({ relay: relay.origin }), stdin: 'open', clock: steppedClock() });
    const ask = async (id: number, method: string, params: object) => {
      bridge.type(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
      return answered(bridge, id);
    };
    await ask(1, 'initialize', hello);
    expect(JSON.stringify((await ask(2, 'tools/list', {})).result)).not.toContain('finish_login');
    const { text } = textOf(await ask(3, 'tools/call', { name: 'log_in', arguments: {} }));
    const [, address = ''] = /^(http\S+\/s\/[\w-]{22})$/m.exec(text) ?? [];
    const [, code = ''] = /the code: ([A-Z]{3}-[A-Z]{3})$/m.exec(text) ?? [];
    // The key is in the bridge only.
    const attempt = readdirSync(path.dirname(store)).find((name) => name.endsWith('.attempt')) ?? '';
    const { state } = JSON.parse(readFileSync(path.join(path.dirname(store), attempt), 'utf8')) as { state: object };
    expect(Object.keys(state)).toEqual(['id', 'address', 'user_code']);
    const phone = new Phone(relay);
    const page = await phone.enter(code, await phone.follow(await new Person().approve(await phone.open(address))));
    expect(await page.text()).toContain('You are logged in');
    const greeting = await ask(4, 'tools/call', { name: 'greet', arguments: {} });
    expect(textOf(greeting).text).toContain('Hello');
    bridge.end();
    expect(await (bridge.clock as SteppedClock).passUntil(bridge.exit)).toBe(0);
  });

  test('--start is another process than --finish, and the key is not stored: it is a login by paste', async () => {
    const { mcpServer } = await realServers({ device: false });
    const relay = await localRelay();
    const env = withPreferences({ relay: relay.origin });
    const started = run(`login ${mcpServer.url} --no-browser --start`, { store: temporaryStore(), env });
    expect(await started.exit, started.stderr).toBe(0);
    expect(started.stderr).toContain('/auth?response_type=code');
  });
});

test('a device code comes first', async () => {
  const { login } = await startLogin({ device: true });
  await login.shown(/^([A-Z]{4}-[A-Z]{4})$/m);
  expect(login.stderr).not.toContain('/s/');
  login.interrupt();
  await login.exit;
});

describe('mcp-auth config relay', () => {
  test.each([
    'http://relay.example',
    'https://relay.example/path',
    'https://u:p@relay.example',
    'relay.example',
    'https://relay.example?x',
  ])('%s is not accepted: exit 2', async (url) => {
    const config = run(`config relay ${url}`, { store: temporaryStore(), env: withPreferences({}) });
    expect(await config.exit).toBe(2);
  });

  test('is stored without a slash at its end', async () => {
    const env = withPreferences({});
    const config = run('config relay https://relay.example/', { store: temporaryStore(), env });
    expect(await config.exit, config.stderr).toBe(0);
    expect(JSON.parse(readFileSync(env['MCP_AUTH_PREFERENCES'] ?? '', 'utf8'))).toEqual({ relay: 'https://relay.example' });
  });
});
