/** RFC 7591; checklist items 6 to 10. */
import { createServer } from 'node:net';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { metadata, type Exchange } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run, type Run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

async function login(change: (origin: string) => Exchange[], options = '--flow device --no-verify --name fake') {
  const server = await fakeServer(change);
  const store = temporaryStore();
  const running = run(`login ${server.url} --no-browser ${options}`, { store });
  return { server, store, running };
}

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

test('item 9: registers as a native public client, with the device grant where it is offered', async () => {
  const { server, running } = await login(() => []);
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

test('item 10: what is kept belongs to the issuer', async () => {
  const { server, store, running } = await login(() => []);
  expect(await running.exit).toBe(0);
  expect(Object.keys(readStore(store).oauthClients)).toEqual([server.origin]);
  expect(readStore(store).oauthClients[server.origin]).toMatchObject([{ client_id: 'client-1', obtained_by: 'dynamic_registration' }]);
});

test('a registration that is refused because of the device grant is tried without it, and paste goes on', async () => {
  const { server, running } = await login(
    () => [
      { want: 'POST /register', respond: { status: 400, json: { error: 'invalid_client_metadata', error_description: 'no device' } } },
      { want: 'POST /register', respond: ({ body }) => ({ status: 201, json: { ...body, client_id: 'client-2' } }) },
    ],
    '',
  );
  await running.shown(/does not let this client use a device code. Going on with paste/);
  await running.shown(/^http:\S+\/authorize\?\S+$/m);
  running.interrupt();
  await running.exit;
  expect(server.asked('POST /register')[1]?.body['grant_types']).toEqual(['authorization_code', 'refresh_token']);
});

test('the server’s own reason is shown when it refuses, without its escape sequences', async () => {
  const { running } = await login(() => [
    {
      want: 'POST /register',
      respond: { status: 403, json: { error: 'access_refused', error_description: '\u001b[2Jonly \u202efriends' } },
    },
  ]);
  expect(await running.exit).toBe(1);
  expect(running.stderr).toContain('“[2Jonly friends”');
  expect(running.stderr).not.toContain('\u001b');
});

test('no registration endpoint: said before anybody is sent to approve', async () => {
  const { running } = await login((origin) => [
    { want: 'GET /.well-known/oauth-authorization-server', respond: { json: metadata(origin, { registration_endpoint: undefined }) } },
  ]);
  expect(await running.exit).toBe(1);
  expect(running.stderr).toContain('lets no client register itself');
});

test.each([
  {
    what: 'a method that needs a secret, and none',
    answer: { token_endpoint_auth_method: 'client_secret_basic' },
    said: 'was not given what that takes',
  },
  { what: 'another redirect URI', answer: { redirect_uris: ['https://other.example/'] }, said: 'it is for the redirect URIs' },
])('a registration with $what is found out before anybody is sent to approve', async ({ answer, said }) => {
  const { running, server } = await login(() => [
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
  const { running, server } = await login(() => [
    {
      want: 'POST /register',
      // Status 200 and no client_secret_expires_at: both seen on real servers, both against RFC 7591.
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

const authorize = /^(http:\S+\/authorize\?\S+)$/m;

/** Pastes the response to the address that a login has just shown, and returns the request's parameters. */
async function approve(running: Run): Promise<URLSearchParams> {
  const request = new URL(await running.shown(authorize)).searchParams;
  running.type(`${request.get('redirect_uri')}?code=c&state=${request.get('state')}\n`);
  return request;
}

/** A login by paste that goes through. */
async function loginByPaste(words: string, store: string): Promise<{ request: URLSearchParams; said: string }> {
  const running = run(`login ${words} --no-browser --no-verify --flow paste`, { store, stdin: 'open' });
  const request = await approve(running);
  expect(await running.exit).toBe(0);
  return { request, said: running.stderr };
}

const registered = (origin: string, ...clientIds: string[]): Exchange[] =>
  clientIds.map((client_id) => ({
    want: 'POST /register',
    respond: ({ body }) => ({ status: 201, json: { ...body, client_id, issuer: origin } }),
  }));

describe('a registration is kept and used again', () => {
  test('with its redirect URI to the letter', async () => {
    const server = await fakeServer();
    const store = temporaryStore();
    const first = await loginByPaste(`${server.url} --name fake`, store);
    const second = await loginByPaste('fake', store);
    expect(second.request.get('redirect_uri')).toBe(first.request.get('redirect_uri'));
    expect(server.asked('POST /register')).toHaveLength(1);
  });

  test('even while its port is taken by another program', async () => {
    const server = await fakeServer();
    const store = temporaryStore();
    const first = await loginByPaste(`${server.url} --name fake`, store);
    const squatter = createServer().listen(Number(new URL(first.request.get('redirect_uri') ?? '').port), '127.0.0.1');
    await once(squatter, 'listening');
    const second = await loginByPaste('fake', store);
    squatter.close();
    expect(second.request.get('redirect_uri')).toBe(first.request.get('redirect_uri'));
  });

  test('--register makes a new one, with the same redirect URI', async () => {
    const server = await fakeServer((origin) => registered(origin, 'one', 'two'));
    const store = temporaryStore();
    const first = await loginByPaste(`${server.url} --name fake`, store);
    const second = await loginByPaste('fake --register', store);
    expect(second.request.get('client_id')).toBe('two');
    expect(second.request.get('redirect_uri')).toBe(first.request.get('redirect_uri'));
    expect(readStore(store).mcpServers.fake.auth.client_id).toBe('two');
  });

  test('another --redirect-uri, or --callback-port, makes a new one', async () => {
    const server = await fakeServer((origin) => registered(origin, 'one', 'two', 'three'));
    const store = temporaryStore();
    await loginByPaste(`${server.url} --name fake`, store);
    const second = await loginByPaste('fake --redirect-uri https://relay.example/back', store);
    expect(second.request.get('redirect_uri')).toBe('https://relay.example/back');
    expect(server.asked('POST /register')[1]?.body['redirect_uris']).toEqual(['https://relay.example/back']);
    const third = await loginByPaste('fake --callback-port 3118', store);
    expect(third.request.get('redirect_uri')).toBe('http://127.0.0.1:3118/callback');
    const fourth = await loginByPaste('fake --redirect-uri https://relay.example/back', store);
    expect(fourth.request.get('client_id')).toBe('two');
  });

  test('a secret that has expired means a new one', async () => {
    const server = await fakeServer((origin) => [
      {
        want: 'POST /register',
        respond: ({ body }) => ({ json: { ...body, client_id: 'one', client_secret: 's', client_secret_expires_at: 1 } }),
      },
      ...registered(origin, 'two'),
    ]);
    const store = temporaryStore();
    await loginByPaste(`${server.url} --name fake`, store);
    expect((await loginByPaste('fake', store)).request.get('client_id')).toBe('two');
  });

  test('so does a grant that it lacks, unless that was refused', async () => {
    const server = await fakeServer((origin) => [
      {
        want: 'GET /.well-known/oauth-authorization-server',
        respond: { json: metadata(origin, { device_authorization_endpoint: undefined }) },
      },
      { want: 'GET /.well-known/oauth-authorization-server', respond: { json: metadata(origin) } },
      ...registered(origin, 'one', 'two'),
    ]);
    const store = temporaryStore();
    await loginByPaste(`${server.url} --name fake`, store);
    expect(await run('login fake --no-browser --no-verify --flow device', { store }).exit).toBe(0);
    expect(server.asked('POST /device')[0]?.body['client_id']).toBe('two');
    expect(await run('login fake --no-browser --no-verify', { store }).exit).toBe(0);
    expect(server.asked('POST /register')).toHaveLength(2);
  });

  test('a grant that was refused once is not asked for at every login', async () => {
    const server = await fakeServer(() => [
      {
        want: 'POST /register',
        respond: ({ body }) => ({ json: { ...body, client_id: 'c', grant_types: ['authorization_code', 'refresh_token'] } }),
      },
    ]);
    const store = temporaryStore();
    await loginByPaste(`${server.url} --name fake`, store);
    expect(readStore(store).oauthClients[server.origin][0].refused_grant_types).toEqual([deviceGrant]);
    const again = run('login fake --no-browser --no-verify', { store, stdin: 'open' });
    await approve(again);
    expect(await again.exit).toBe(0);
    expect(server.asked('POST /register')).toHaveLength(1);
  });

  test('item 10: another issuer has its own, and never sees the first one', async () => {
    const server = await fakeServer((origin) => registered(origin, 'one'));
    const other = await fakeServer((origin) => registered(origin, 'two'));
    const store = temporaryStore();
    await loginByPaste(`${server.url} --name fake`, store);
    const moved = readStore(store);
    moved.mcpServers.fake.url = other.url;
    writeFileSync(store, JSON.stringify(moved));
    await loginByPaste('fake', store);
    expect(JSON.stringify(other.requests)).not.toContain('"one"');
    expect(Object.keys(readStore(store).oauthClients)).toEqual([server.origin, other.origin]);
  });
});

describe('a registration that its server has forgotten is replaced once', () => {
  /** A server that has forgotten the client of the login in the store. */
  async function forgetful(more: (origin: string) => Exchange[]) {
    const server = await fakeServer((origin) => [...more(origin), ...registered(origin, 'one', 'two', 'three')]);
    const store = temporaryStore();
    const first = await loginByPaste(`${server.url} --name fake`, store);
    return { server, store, redirectUri: first.request.get('redirect_uri') };
  }

  test.each([
    { what: 'JSON', respond: { status: 400, json: { error: 'invalid_client', error_description: 'gone' } } },
    { what: 'a page', respond: { status: 401, text: '<html><body>Error: Unknown client</body></html>' } },
    { what: 'a page of words', respond: { status: 400, text: '<p>The OAuth client was not found.</p>' } },
    { what: 'a redirect', respond: { status: 302, headers: { location: '/error?error=unauthorized_client' } } },
  ])('found out by a GET of the authorization URL that is answered with $what', async ({ respond }) => {
    const { server, store, redirectUri } = await forgetful(() => [{ want: 'GET /authorize', respond }]);
    const { request, said } = await loginByPaste('fake', store);
    expect(said).toMatch(/does not know the client “one” any more\. Registering again\./);
    expect(request.get('client_id')).toBe('two');
    expect(request.get('redirect_uri')).toBe(redirectUri);
    expect(server.asked('POST /register')).toHaveLength(2);
    expect(readStore(store).oauthClients[server.origin][0]).toMatchObject({ client_id: 'two' });
    // Nobody uses a client that is unknown; one that may not do this may do something else.
    expect(readStore(store).oauthClients[server.origin]).toHaveLength(JSON.stringify(respond).includes('unauthorized_client') ? 2 : 1);
  });

  test('one that another login still uses stays in the store', async () => {
    const { server, store } = await forgetful(() => [
      { want: 'GET /authorize', respond: { status: 400, json: { error: 'invalid_client' } } },
    ]);
    const document = readStore(store);
    document.mcpServers.other = document.mcpServers.fake;
    writeFileSync(store, JSON.stringify(document));
    await loginByPaste('fake', store);
    expect(readStore(store).oauthClients[server.origin]).toMatchObject([{ client_id: 'two' }, { client_id: 'one' }]);
  });

  test('a server that gives every client the same id keeps that registration', async () => {
    const server = await fakeServer(() => [
      {
        want: 'POST /register',
        respond: { json: { client_id: 'shim', client_secret: 's', token_endpoint_auth_method: 'client_secret_basic' } },
      },
      { want: 'GET /authorize', respond: { status: 400, json: { error: 'invalid_client' } } },
    ]);
    const store = temporaryStore();
    await loginByPaste(`${server.url} --name fake`, store);
    await loginByPaste('fake', store);
    expect(readStore(store).oauthClients[server.origin]).toMatchObject([{ client_id: 'shim', client_secret: 's' }]);
  });

  test('or that lacks what is asked for now: invalid_scope means a registration with these scopes', async () => {
    const { server, store } = await forgetful(() => [
      {
        want: 'GET /authorize',
        respond: { status: 302, headers: { location: 'http://127.0.0.1:1/callback?error=invalid_scope&state=x' } },
      },
    ]);
    const { request, said } = await loginByPaste('fake --scope more', store);
    expect(said).toContain('has not registered the client “one” for these scopes. Registering again.');
    expect(request.get('client_id')).toBe('two');
    expect(server.asked('POST /register')[1]?.body['scope']).toBe('more');
  });

  test('found out at the token endpoint: the person is asked once more', async () => {
    const { server, store } = await forgetful(() => [
      { want: 'POST /token', respond: { json: { access_token: 'a', token_type: 'Bearer' } } },
      { want: 'POST /token', respond: { status: 401, json: { error: 'invalid_client' } } },
      { want: 'POST /token', respond: { json: { access_token: 'b', token_type: 'Bearer' } } },
    ]);
    const running = run('login fake --no-browser --no-verify --flow paste', { store, stdin: 'open' });
    expect((await approve(running)).get('client_id')).toBe('one');
    expect((await approve(running)).get('client_id')).toBe('two');
    expect(await running.exit).toBe(0);
    expect(readStore(store).mcpServers.fake.auth).toMatchObject({ token: 'b', client_id: 'two' });
    expect(server.asked('POST /register')).toHaveLength(2);
  });

  test('a device login too', async () => {
    const { server, store } = await forgetful((origin) => [
      { want: 'POST /device', respond: { status: 401 } },
      {
        want: 'POST /device',
        respond: ({ body }) => ({
          json: { device_code: 'd', user_code: String(body['client_id']), verification_uri: `${origin}/device`, expires_in: 600 },
        }),
      },
    ]);
    expect(await run('login fake --no-browser --no-verify --flow device', { store }).exit).toBe(0);
    expect(server.asked('POST /token').at(-1)?.body['client_id']).toBe('two');
  });

  test('a registration that was made just now is not made again', async () => {
    const server = await fakeServer(() => [{ want: 'POST /token', respond: { status: 401, json: { error: 'invalid_client' } } }]);
    const running = run(`login ${server.url} --no-browser --no-verify --flow paste`, { store: temporaryStore(), stdin: 'open' });
    await approve(running);
    expect(await running.exit).toBe(1);
    expect(server.asked('POST /register')).toHaveLength(1);
  });

  test('in a device login, one that lacks the scope is replaced too', async () => {
    const { server, store } = await forgetful((origin) => [
      { want: 'POST /device', respond: { status: 400, json: { error: 'invalid_scope' } } },
      {
        want: 'POST /device',
        respond: { json: { device_code: 'd', user_code: 'A', verification_uri: `${origin}/device`, expires_in: 600 } },
      },
    ]);
    expect(await run('login fake --no-browser --no-verify --flow device --scope more', { store }).exit).toBe(0);
    expect(server.asked('POST /register')).toHaveLength(2);
  });

  test('a new registration that is refused too ends it', async () => {
    const { server, store } = await forgetful(() => [
      { want: 'POST /device', respond: { status: 401, json: { error: 'invalid_client' } } },
    ]);
    const running = run('login fake --no-browser --no-verify --flow device', { store });
    expect(await running.exit).toBe(1);
    expect(server.asked('POST /register')).toHaveLength(2);
  });

  test.each([{ status: 500 }, { status: 405 }, { status: 400, text: 'Bad Request' }, { status: 200, text: 'Sign in' }, 'drop' as const])(
    'a server that refuses such a GET is no reason to stop: %j',
    async (respond) => {
      const { server, store } = await forgetful(() => [{ want: 'GET /authorize', respond }]);
      expect((await loginByPaste('fake', store)).request.get('client_id')).toBe('one');
      expect(server.asked('POST /register')).toHaveLength(1);
    },
  );

  test('a client that was registered by hand is never replaced', async () => {
    const server = await fakeServer(() => [
      { want: 'POST /device', respond: { status: 401, json: { error: 'invalid_client', error_description: 'who?' } } },
    ]);
    const running = run(`login ${server.url} --no-browser --no-verify --flow device --client-id mine`, { store: temporaryStore() });
    expect(await running.exit).toBe(1);
    expect(running.stderr).toContain('“who?”');
    expect(server.asked('POST /register')).toEqual([]);
  });
});

describe('what is asked for', () => {
  test('item 9: a refused loopback address is tried as localhost, on the same port', async () => {
    const refuse: Exchange['respond'] = ({ body }) =>
      String(body['redirect_uris']).includes('127.0.0.1')
        ? { status: 400, json: { error: 'invalid_redirect_uri', error_description: 'only localhost' } }
        : { status: 201, json: { ...body, client_id: 'c' } };
    const server = await fakeServer(() => [{ want: 'POST /register', respond: refuse }]);
    const { request } = await loginByPaste(server.url, temporaryStore());
    expect(request.get('redirect_uri')).toMatch(/^http:\/\/localhost:\d+\/callback$/);
    const [first] = server.asked('POST /register');
    expect(new URL(request.get('redirect_uri') ?? '').port).toBe(new URL(String(first?.body['redirect_uris'])).port);
    // The device grant, which was not what the server minded, is asked for all the same.
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
  ])('a method of authentication that the server takes: $supported', async ({ supported, asked }) => {
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

  test('with the initial access token from the environment, where the server wants one, and nowhere else', async () => {
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
    // Whoever an MCP server names could ask for it.
    expect(await run(line, { store: temporaryStore(), env }).exit).toBe(1);
    expect(await run(`${line} --issuer ${server.origin}`, { store: temporaryStore(), env }).exit).toBe(0);
    expect(server.asked('POST /register').map(({ headers }) => headers.authorization)).toEqual([undefined, undefined, 'Bearer iat-1']);
  });

  test('the scopes that will be asked for: some servers hold a client to those that it registered with', async () => {
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
  ])('without $minds, where the server refuses for it with a $status', async ({ minds, status, without }) => {
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

  test.each([401, 404, 405, 429])('a %i is not asked twice', async (status) => {
    const { running, server } = await login(() => [{ want: 'POST /register', respond: { status } }]);
    expect(await running.exit).toBe(status === 429 ? 6 : 1);
    expect(server.asked('POST /register')).toHaveLength(1);
  });

  test('a server that wants one says so, and the hint says how', async () => {
    const { running } = await login(() => [{ want: 'POST /register', respond: { status: 401 } }]);
    expect(await running.exit).toBe(1);
    expect(running.stderr).toContain('MCP_AUTH_REGISTRATION_TOKEN');
  });
});

test.each([
  { what: 'lists that are text', answer: { client_id: 'c', grant_types: 'authorization_code refresh_token', redirect_uris: undefined } },
  { what: 'numbers in place of lists', answer: { client_id: 'c', grant_types: 5, redirect_uris: 5 } },
  { what: 'a client id that is a number', answer: { client_id: 77 } },
  { what: 'a method that is no text', answer: { client_id: 'c', token_endpoint_auth_method: {} } },
  { what: 'nulls', answer: { client_id: 'c', client_secret: null, grant_types: null, scope: null } },
  { what: 'an empty secret', answer: { client_id: 'c', client_secret: '' } },
])('an answer with $what is read as far as it goes', async ({ answer }) => {
  const server = await fakeServer(() => [{ want: 'POST /register', respond: { status: 201, json: answer } }]);
  const { request } = await loginByPaste(server.url, temporaryStore());
  expect(request.get('client_id')).toBe(String(answer.client_id));
});

describe('one registration for each issuer and resource', () => {
  /** Two MCP servers of one authorization server, each on its own site. */
  async function twoServers() {
    const issuer = await fakeServer((origin) => registered(origin, 'one', 'two', 'three'));
    const named = { want: 'GET /prm' };
    const servers = await Promise.all(
      [1, 2].map(() =>
        fakeServer((origin) => [{ ...named, respond: { json: { resource: `${origin}/mcp`, authorization_servers: [issuer.origin] } } }]),
      ),
    );
    return { issuer, first: servers[0]?.url ?? '', second: servers[1]?.url ?? '' };
  }

  test('another server registers anew, and the same one does not', async () => {
    const { first, second } = await twoServers();
    const store = temporaryStore();
    expect((await loginByPaste(`${first} --name a`, store)).request.get('client_id')).toBe('one');
    expect((await loginByPaste(`${second} --name b`, store)).request.get('client_id')).toBe('two');
    const again = await loginByPaste('a', store);
    expect(again.request.get('client_id')).toBe('one');
    expect(again.request.has('prompt')).toBe(false);
  });

  test('a registration of before is its own login’s alone', async () => {
    const { issuer, first, second } = await twoServers();
    const auth = { type: 'bearer', token: 't', issuer: issuer.origin, client_id: 'old' };
    const client = { client_id: 'old', token_endpoint_auth_method: 'none', redirect_uris: ['http://127.0.0.1:3118/callback'] };
    const before = {
      mcpServers: { a: { type: 'http', url: first, auth } },
      oauthClients: { [issuer.origin]: [client] },
    };
    expect((await loginByPaste('a', temporaryStore(before))).request.get('client_id')).toBe('old');
    expect((await loginByPaste(`${second} --name b`, temporaryStore(before))).request.get('client_id')).toBe('one');
  });

  test('a client that the person names may be known from elsewhere: consent is asked for anew, once, unless they say otherwise', async () => {
    const { first, second } = await twoServers();
    const store = temporaryStore();
    const prompts = [];
    for (const words of [
      `${first} --name a --client-id hand`,
      `${second} --name b --client-id hand`,
      'b',
      `a --prompt none --client-id hand`,
    ])
      prompts.push((await loginByPaste(words, store)).request.get('prompt'));
    expect(prompts).toEqual(['consent', 'consent', null, null]);
  });
});
