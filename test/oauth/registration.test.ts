/** Dynamic client registration: RFC 7591. */
import { describe, expect, test } from 'vitest';
import { metadata, type Exchange } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';
import { deviceGrant, loginByPaste } from './registering.js';

async function logInAndRegister(change: (origin: string) => Exchange[], options = '--flow device --no-verify --name fake') {
  const server = await fakeServer(change);
  const store = temporaryStore();
  const running = run(`login ${server.url} --no-browser ${options}`, { store });
  return { server, store, running };
}

test('registers a native public client, with the device grant if it is offered', async () => {
  const { server, running } = await logInAndRegister(() => []);
  expect(await running.exit).toBe(0);
  expect(server.asked('POST /register')[0]?.body).toEqual({
    client_name: 'mcp-auth',
    application_type: 'native',
    redirect_uris: [expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/callback$/)],
    grant_types: ['authorization_code', 'refresh_token', deviceGrant],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  });
});

test('the registration is stored under its issuer', async () => {
  const { server, store, running } = await logInAndRegister(() => []);
  expect(await running.exit).toBe(0);
  expect(Object.keys(readStore(store).oauthClients)).toEqual([server.origin]);
  expect(readStore(store).oauthClients[server.origin]).toMatchObject([{ client_id: 'client-1', obtained_by: 'dynamic_registration' }]);
});

test('a registration that is refused because of the device grant is retried without it, and paste continues', async () => {
  const { server, running } = await logInAndRegister(
    () => [
      { want: 'POST /register', respond: { status: 400, json: { error: 'invalid_client_metadata', error_description: 'no device' } } },
      { want: 'POST /register', respond: ({ body }) => ({ status: 201, json: { ...body, client_id: 'client-2' } }) },
    ],
    '',
  );
  await running.shown(/does not let this client use a device code. Continuing with paste/);
  await running.shown(/^http:\S+\/authorize\?\S+$/m);
  running.interrupt();
  await running.exit;
  expect(server.asked('POST /register')[1]?.body['grant_types']).toEqual(['authorization_code', 'refresh_token']);
});

test('the server’s reason for a refusal is shown, without escape sequences', async () => {
  const { running } = await logInAndRegister(() => [
    {
      want: 'POST /register',
      respond: { status: 403, json: { error: 'access_refused', error_description: '\u001b[2Jonly \u202efriends' } },
    },
  ]);
  expect(await running.exit).toBe(1);
  expect(running.stderr).toContain('“[2Jonly friends”');
  expect(running.stderr).not.toContain('\u001b');
});

test('a missing registration endpoint is reported before the user is sent to approve', async () => {
  const { running } = await logInAndRegister((origin) => [
    { want: 'GET /.well-known/oauth-authorization-server', respond: { json: metadata(origin, { registration_endpoint: undefined }) } },
  ]);
  expect(await running.exit).toBe(1);
  expect(running.stderr).toContain('does not support dynamic client registration');
});

test.each([
  {
    what: 'a method that needs a secret, and no secret',
    answer: { token_endpoint_auth_method: 'client_secret_basic' },
    said: 'has no secret, key or certificate for it',
  },
  { what: 'another redirect URI', answer: { redirect_uris: ['https://other.example/'] }, said: 'it is for the redirect URIs' },
])('a registration with $what is reported before the user is sent to approve', async ({ answer, said }) => {
  const { running, server } = await logInAndRegister(() => [
    { want: 'POST /register', respond: ({ body }) => ({ status: 201, json: { ...body, client_id: 'c', ...answer } }) },
  ]);
  expect(await running.exit).toBe(1);
  expect(running.stderr).toContain(said);
  expect(server.asked('POST /device')).toEqual([]);
});

test.each([
  { method: 'client_secret_basic', header: `Basic ${Buffer.from('c-1:s%2Fecret').toString('base64')}`, field: undefined },
  { method: 'client_secret_post', header: undefined, field: 's/ecret' },
])('a client that must use $method does', async ({ method, header, field }) => {
  const { running, server } = await logInAndRegister(() => [
    {
      want: 'POST /register',
      // Status 200 and no client_secret_expires_at: both seen on real servers, both violate RFC 7591.
      respond: ({ body }) => ({
        status: 200,
        json: { ...body, client_id: 'c-1', client_secret: 's/ecret', token_endpoint_auth_method: method },
      }),
    },
  ]);
  expect(await running.exit).toBe(0);
  const [token] = server.asked('POST /token');
  expect(token?.headers.authorization).toBe(header);
  expect(token?.body['client_secret']).toBe(field);
});

describe('the registration request', () => {
  test('a refused loopback address is retried as localhost, on the same port', async () => {
    const refuse: Exchange['respond'] = ({ body }) =>
      String(body['redirect_uris']).includes('127.0.0.1')
        ? { status: 400, json: { error: 'invalid_redirect_uri', error_description: 'only localhost' } }
        : { status: 201, json: { ...body, client_id: 'c' } };
    const server = await fakeServer(() => [{ want: 'POST /register', respond: refuse }]);
    const { request } = await loginByPaste(server.url, temporaryStore());
    expect(request.get('redirect_uri')).toMatch(/^http:\/\/localhost:\d+\/callback$/);
    const [first] = server.asked('POST /register');
    expect(new URL(request.get('redirect_uri') ?? '').port).toBe(new URL(String(first?.body['redirect_uris'])).port);
    // The device grant was not the reason, so it is still requested.
    expect(server.asked('POST /register').at(-1)?.body['grant_types']).toContain(deviceGrant);
  });

  test('only grants that the server advertises', async () => {
    const server = await fakeServer((origin) => [
      {
        want: 'GET /.well-known/oauth-authorization-server',
        respond: { json: metadata(origin, { grant_types_supported: ['authorization_code'] }) },
      },
    ]);
    await loginByPaste(server.url, temporaryStore());
    expect(server.asked('POST /register')[0]?.body['grant_types']).toEqual(['authorization_code']);
  });

  test.each([
    { supported: ['client_secret_post', 'none'], asked: 'none' },
    { supported: ['private_key_jwt', 'client_secret_post'], asked: 'client_secret_post' },
    { supported: ['tls_client_auth'], asked: 'none' },
  ])('an authentication method that the server supports: $supported', async ({ supported, asked }) => {
    const server = await fakeServer((origin) => [
      {
        want: 'GET /.well-known/oauth-authorization-server',
        respond: { json: metadata(origin, { token_endpoint_auth_methods_supported: supported }) },
      },
      { want: 'POST /register', respond: ({ body }) => ({ json: { ...body, client_id: 'c', client_secret: 's' } }) },
    ]);
    await loginByPaste(server.url, temporaryStore());
    expect(server.asked('POST /register')[0]?.body['token_endpoint_auth_method']).toBe(asked);
  });

  test('with the initial access token from the environment, only if the server requires one', async () => {
    const open = await fakeServer();
    const env = { MCP_AUTH_REGISTRATION_TOKEN: 'iat-1' };
    expect(await run(`login ${open.url} --no-browser --no-verify --flow device`, { store: temporaryStore(), env }).exit).toBe(0);
    expect(JSON.stringify(open.requests)).not.toContain('iat-1');
    const server = await fakeServer(() => [
      {
        want: 'POST /register',
        respond: ({ headers, body }) =>
          headers.authorization === undefined ? { status: 401 } : { status: 201, json: { ...body, client_id: 'c' } },
      },
    ]);
    const line = `login ${server.url} --no-browser --no-verify --flow device`;
    // Any authorization server that an MCP server names could ask for it.
    expect(await run(line, { store: temporaryStore(), env }).exit).toBe(1);
    expect(await run(`${line} --issuer ${server.origin}`, { store: temporaryStore(), env }).exit).toBe(0);
    expect(server.asked('POST /register').map(({ headers }) => headers.authorization)).toEqual([undefined, undefined, 'Bearer iat-1']);
  });

  test('with the scopes that will be requested: some servers allow no others', async () => {
    const server = await fakeServer((origin) => [
      {
        want: 'GET /prm',
        respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin], scopes_supported: ['read', 'write'] } },
      },
    ]);
    await loginByPaste(`${server.url} --scope extra`, temporaryStore());
    expect(server.asked('POST /register')[0]?.body['scope']).toBe('extra read write');
  });

  test.each([
    { minds: 'scope', status: 400, without: ['scope'] },
    { minds: 'scope', status: 403, without: ['scope'] },
    {
      minds: 'application_type',
      status: 422,
      without: ['scope', 'grant_types', 'response_types', 'application_type', 'token_endpoint_auth_method'],
    },
  ])('without $minds, if the server refuses it with a $status', async ({ minds, status, without }) => {
    const server = await fakeServer((origin) => [
      { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin], scopes_supported: ['read'] } } },
      {
        want: 'POST /register',
        respond: ({ body }) =>
          minds in body ? { status, json: { error: 'invalid_client_metadata' } } : { status: 201, json: { client_id: 'c' } },
      },
    ]);
    await loginByPaste(server.url, temporaryStore());
    const last = server.asked('POST /register').at(-1)?.body ?? {};
    for (const name of without) expect(last).not.toHaveProperty(name);
    expect(last).toHaveProperty('redirect_uris');
  });

  test.each([401, 404, 405, 429])('a %i is not retried', async (status) => {
    const { running, server } = await logInAndRegister(() => [{ want: 'POST /register', respond: { status } }]);
    expect(await running.exit).toBe(status === 429 ? 6 : 1);
    expect(server.asked('POST /register')).toHaveLength(1);
  });

  test('if the server requires an initial access token, the hint says how to set it', async () => {
    const { running } = await logInAndRegister(() => [{ want: 'POST /register', respond: { status: 401 } }]);
    expect(await running.exit).toBe(1);
    expect(running.stderr).toContain('MCP_AUTH_REGISTRATION_TOKEN');
  });
});

test.each([
  { what: 'lists that are strings', answer: { client_id: 'c', grant_types: 'authorization_code refresh_token', redirect_uris: undefined } },
  { what: 'numbers instead of lists', answer: { client_id: 'c', grant_types: 5, redirect_uris: 5 } },
  { what: 'a client id that is a number', answer: { client_id: 77 } },
  { what: 'a method that is not a string', answer: { client_id: 'c', token_endpoint_auth_method: {} } },
  { what: 'nulls', answer: { client_id: 'c', client_secret: null, grant_types: null, scope: null } },
  { what: 'an empty secret', answer: { client_id: 'c', client_secret: '' } },
])('a response with $what is accepted', async ({ answer }) => {
  const server = await fakeServer(() => [{ want: 'POST /register', respond: { status: 201, json: answer } }]);
  const { request } = await loginByPaste(server.url, temporaryStore());
  expect(request.get('client_id')).toBe(String(answer.client_id));
});
