/** RFC 7009, `logout` and `remove`. */
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { loginAt } from '../helpers/login-at.js';
import { Person } from '../helpers/person.js';
import { run } from '../helpers/run.js';
import { fakeServer, realServers } from '../helpers/servers.js';

test('both tokens are revoked, and the server stays in the store without them', async () => {
  const { authorizationServer, mcpServer } = await realServers();
  const store = temporaryStore();
  const login = run(`login ${mcpServer.url} --no-browser --name demo --flow paste`, { store, stdin: 'open' });
  login.type(`${await new Person().approve(await login.shown(/^(http:\S+\/auth\?\S+)$/m))}\n`);
  expect(await login.exit).toBe(0);
  const { token } = readStore(store).mcpServers.demo.auth;
  expect(await authorizationServer.inspect(token)).toBeDefined();

  const logout = run('logout demo', { store });
  expect(await logout.exit).toBe(0);
  expect(logout.stderr).toContain('Logged out of demo');
  expect(await authorizationServer.inspect(token)).toBeUndefined();
  expect(authorizationServer.log).toEqual(expect.arrayContaining(['refresh token revoked']));
  expect(readStore(store).mcpServers.demo).toEqual({ type: 'http', url: mcpServer.url });
  expect(await run('token demo', { store }).exit).toBe(3);
});

/** A store with a login at `origin`. */
const storeAt = (origin: string, auth: object = {}) =>
  temporaryStore({
    mcpServers: {
      demo: {
        type: 'http',
        url: `${origin}/mcp`,
        timeout: 9,
        auth: loginAt(
          { origin, url: `${origin}/mcp` },
          { token: 'a', refresh_token: 'r', client_id: 'c', revocation_endpoint: `${origin}/revoke`, ...auth },
        ),
      },
    },
  });

test('the refresh token is revoked first, each with its hint', async () => {
  const server = await fakeServer();
  expect(await run('logout demo', { store: storeAt(server.origin) }).exit).toBe(0);
  expect(server.asked('POST /revoke').map(({ body }) => body)).toEqual([
    { token: 'r', token_type_hint: 'refresh_token', client_id: 'c' },
    { token: 'a', token_type_hint: 'access_token', client_id: 'c' },
  ]);
});

test.each([
  { what: 'cannot be reached', origin: () => Promise.resolve('http://127.0.0.1:1') },
  {
    what: 'refuses',
    origin: async () =>
      (await fakeServer(() => [{ want: 'POST /revoke', respond: { status: 400, json: { error: 'invalid_request' } } }])).origin,
  },
  { what: 'fails', origin: async () => (await fakeServer(() => [{ want: 'POST /revoke', respond: { status: 500 } }])).origin },
])('a server that $what: the tokens are gone from the store, with a warning', async ({ origin }) => {
  const store = storeAt(await origin());
  const logout = run('logout demo', { store });
  expect(await logout.exit).toBe(0);
  expect(logout.stderr).toContain('may still be valid');
  expect(readStore(store).mcpServers.demo.auth).toBeUndefined();
  expect(readStore(store).mcpServers.demo.timeout).toBe(9);
});

test.each([
  { what: 'a 204', answers: [{ status: 204 }, { status: 204 }] },
  { what: 'words', answers: [{ text: 'OK' }, { text: 'OK' }] },
  { what: 'unsupported_token_type for the access token', answers: [{}, { status: 400, json: { error: 'unsupported_token_type' } }] },
])('a server that answers with $what has revoked what it can', async ({ answers }) => {
  const server = await fakeServer(() => answers.map((respond) => ({ want: 'POST /revoke', respond })));
  const logout = run('logout demo', { store: storeAt(server.origin) });
  expect(await logout.exit).toBe(0);
  expect(logout.stderr).not.toContain('may still be valid');
});

test('a refresh token that cannot be revoked does not keep the access token', async () => {
  const server = await fakeServer(() => [
    { want: 'POST /revoke', respond: { status: 400 } },
    { want: 'POST /revoke', respond: {} },
  ]);
  const logout = run('logout demo', { store: storeAt(server.origin) });
  expect(await logout.exit).toBe(0);
  expect(logout.stderr).toContain('may still be valid');
  expect(server.asked('POST /revoke').map(({ body }) => body['token'])).toEqual(['r', 'a']);
});

test.each([
  { what: 'no client', auth: { client_id: undefined } },
  { what: 'an issuer that is no URL', auth: { issuer: 'auth server' } },
  { what: 'an endpoint that is no URL', auth: { revocation_endpoint: 'here' } },
  { what: 'a token endpoint that is no URL', auth: { token_endpoint: 'here' } },
])('a login with $what is taken out all the same', async ({ auth }) => {
  const server = await fakeServer();
  const store = storeAt(server.origin, auth);
  const logout = run('logout demo', { store });
  expect(await logout.exit).toBe(0);
  expect(logout.stderr).toContain('may still be valid');
  expect(logout.stderr).not.toContain('bug');
  expect(readStore(store).mcpServers.demo.auth).toBeUndefined();
});

test('keys of another program next to the tokens stay', async () => {
  const server = await fakeServer();
  const store = storeAt(server.origin, { note: 'not ours' });
  expect(await run('logout demo', { store }).exit).toBe(0);
  expect(readStore(store).mcpServers.demo.auth).toEqual({ note: 'not ours' });
});

test('remove takes the whole server out, revoking first', async () => {
  const server = await fakeServer();
  const store = storeAt(server.origin);
  expect(await run('remove demo', { store }).exit).toBe(0);
  expect(server.asked('POST /revoke')).toHaveLength(2);
  expect(readStore(store)).toEqual({ mcpServers: {} });
});

test('its client goes with it, unless another login needs that', async () => {
  const server = await fakeServer();
  const store = storeAt(server.origin);
  const document = readStore(store);
  document.mcpServers.other = structuredClone(document.mcpServers.demo);
  document.oauthClients = { [server.origin]: [{ client_id: 'c', client_secret: 's' }, { client_id: 'd' }] };
  writeFileSync(store, JSON.stringify(document));
  expect(await run('remove demo', { store }).exit).toBe(0);
  expect(readStore(store).oauthClients[server.origin]).toHaveLength(2);
  expect(await run('remove other', { store }).exit).toBe(0);
  expect(readStore(store).oauthClients[server.origin]).toEqual([{ client_id: 'd' }]);
});

test('an unknown name is a usage error that lists the known ones', async () => {
  for (const line of ['logout nobody', 'remove nobody']) {
    const command = run(line, { store: storeAt('http://127.0.0.1:1') });
    expect(await command.exit).toBe(2);
    expect(command.stderr).toContain('The store has demo');
  }
});
