/** `--header`, and the headers of an entry. */
import { describe, expect, test } from 'vitest';
import { bridged } from '../helpers/bridged.js';
import { guarded } from '../helpers/fake-mcp.js';
import type { Exchange } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { loginAt } from '../helpers/login-at.js';
import { logInByPaste } from '../helpers/paste.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';
import { logInAgain, asUsual, doctorSays, listServer, logInTo, refreshLogin, server, withMetadata, expectSuccess } from './by-hand.js';

describe('--header', () => {
  const gate = (exchange: Exchange): Exchange => ({
    want: exchange.want,
    respond: (request) => (request.headers['x-tenant'] === 'acme' ? exchange.respond : { status: 403, text: 'Forbidden' }),
  });
  /** An MCP server that rejects requests without its header, and an authorization server at another origin. */
  async function gated() {
    const authorization = await fakeServer((origin) => [withMetadata({})(origin)]);
    const at = await fakeServer((origin) => [
      gate(asUsual(origin)),
      gate({ want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [authorization.origin] } } }),
    ]);
    return { at, authorization };
  }

  test('goes to the server’s own origin, at each step, and to no other', async () => {
    const { at, authorization } = await gated();
    const store = temporaryStore();
    expectSuccess(await logInTo(at, store, ['--header', 'X-Tenant: acme', '--header', 'X-Other: 1']));
    expect(at.requests.length).toBeGreaterThan(2);
    for (const request of at.requests) expect(request.headers['x-tenant'], request.line).toBe('acme');
    await refreshLogin(authorization, store);
    for (const request of authorization.requests) expect(request.headers['x-tenant'], request.line).toBeUndefined();
    expect(readStore(store).mcpServers.fake.headers).toEqual({ 'x-tenant': 'acme', 'x-other': '1' });
    expect(await listServer(store)).toMatchObject({ headers: ['x-tenant', 'x-other'] });
    expect(await doctorSays(store)).toMatchObject({ exit: 0 });
    const headers = run('headers fake', { store });
    expect(await headers.exit).toBe(0);
    expect(JSON.parse(headers.stdout)).toEqual({ 'x-tenant': 'acme', 'x-other': '1', Authorization: 'Bearer access-1' });
    const { ask, end } = bridged(store, 'bridge fake');
    expect((await ask('tools/list')).result).toBeDefined();
    await end();
    // An empty value removes it.
    expectSuccess(await logInAgain(store, ['--header', 'x-other:']));
    expect(readStore(store).mcpServers.fake.headers).toEqual({ 'x-tenant': 'acme' });
  });

  test('of an entry, with a variable of the environment, which is kept as it was written', async () => {
    const { at } = await gated();
    const store = temporaryStore({ mcpServers: { fake: { type: 'http', url: at.url, headers: { 'X-Tenant': '${TENANT}' } } } });
    const login = await logInByPaste(['fake'], { store, env: { TENANT: 'acme' } });
    expectSuccess(login);
    expect(readStore(store).mcpServers.fake.headers).toEqual({ 'X-Tenant': '${TENANT}' });
    const unset = run('bridge fake', { store });
    expect(await unset.exit).toBe(2);
    expect(unset.stderr).toContain('TENANT');
    // A refresh goes to the authorization server, which gets no such header.
    const refresh = run('refresh fake', { store });
    expect(await refresh.exit, refresh.stderr).toBe(0);
  });

  test('what other programs have among the headers stays, and is not sent where a request has it by itself', async () => {
    const { at } = await gated();
    const others = { 'X-Tenant': 'acme', Host: 'elsewhere.example', 'Content-Length': '5', 'X-Number': 7, 'a b': 'c' };
    const headers = { ...others, 'X-Old': '1' };
    const store = temporaryStore({ mcpServers: { fake: { type: 'http', url: at.url, headers } } });
    expectSuccess(await logInAgain(store, ['--header', 'X-Old:', '--header', 'X-New: 2']));
    expect(at.requests.every(({ headers: sent }) => sent.host === new URL(at.origin).host)).toBe(true);
    expect(readStore(store).mcpServers.fake.headers).toEqual({ ...others, 'x-new': '2' });
  });

  test('a variable with an invalid header value is named, and its value is not shown', async () => {
    const { at } = await gated();
    const store = temporaryStore({ mcpServers: { fake: { type: 'http', url: at.url, headers: { 'x-tenant': '${TENANT}' } } } });
    const login = run('login fake --no-browser', { store, env: { TENANT: 'SECRET-a\r\nX: y' } });
    expect(await login.exit).toBe(2);
    expect(login.stderr).toContain('x-tenant');
    expect(login.stderr).not.toContain('SECRET');
  });

  test('a refresh wants no variable that its request does not, and takes the default of one that is not set', async () => {
    const at = await server();
    const entry = { headers: { 'X-Key': '${UNSET_KEY:-k}' }, auth: loginAt(at, { expires_at: 1, resource: undefined }) };
    const all = { one: { ...entry, url: at.url }, two: { ...entry, url: 'https://${UNSET_HOST}/mcp' } };
    const store = temporaryStore({ mcpServers: all });
    for (const name of Object.keys(all)) {
      const token = run(`token ${name}`, { store });
      expect(await token.exit, token.stderr).toBe(0);
    }
    expect(at.asked('POST /token').map(({ headers }) => headers['x-key'])).toEqual(['k', undefined]);
  });

  test('an Authorization header of the entry is for as long as there is no login', async () => {
    const at = await fakeServer(() => [guarded({ status: 401 })]);
    const entry = { type: 'http', url: at.url, headers: { Authorization: 'Bearer access-of-mine' } };
    const store = temporaryStore({ mcpServers: { fake: entry } });
    const { ask, end } = bridged(store, 'bridge fake');
    expect((await ask('tools/list')).result).toBeDefined();
    await end();
    const headers = run('headers fake', { store });
    expect(await headers.exit).toBe(0);
    expect(JSON.parse(headers.stdout)).toEqual({ Authorization: 'Bearer access-of-mine' });
    expectSuccess(await logInAgain(store));
    expect(at.asked('POST /token')[0]?.headers.authorization).toBeUndefined();
    expect(readStore(store).mcpServers.fake.headers).toEqual(entry.headers);
    const token = run('headers fake', { store });
    expect(await token.exit).toBe(0);
    expect(JSON.parse(token.stdout)).toEqual({ Authorization: 'Bearer access-1' });
  });

  test.each(['Authorization: Bearer x', 'Host: elsewhere', 'X: a\nb', 'no colon', 'Mcp-Session-Id: 1'])('%j is refused', async (line) => {
    const login = run(['login', 'https://mcp.example/mcp', '--header', line], { store: temporaryStore() });
    expect(await login.exit).toBe(2);
    expect(login.stderr).toContain('--header');
  });
});
