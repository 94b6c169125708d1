/** RFC 9728, RFC 8414, OpenID Connect Discovery; checklist items 1 to 5 and 14. */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseAuthorizationServer } from '../../src/oauth/authorization-server.js';
import { discover } from '../../src/oauth/discovery.js';
import { requestProtectedResource } from '../../src/oauth/protected-resource.js';
import { metadata, type Exchange } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { answersFrom } from '../helpers/http.js';
import { fakeServer } from '../helpers/servers.js';

/** Runs a login up to the point where the person is asked, and returns what the server was asked on the way. */
async function reachesThePerson(change: (origin: string) => Exchange[]) {
  const server = await fakeServer(change);
  const login = run(`login ${server.url} --no-browser --flow paste`, { store: temporaryStore() });
  const url = await login.shown(/^(http:\S+\/authorize\?\S+)$/m);
  login.interrupt();
  await login.exit;
  return { server, parameters: new URL(url).searchParams };
}

/** Runs a login that ends before the person is asked. */
async function fails(change: (origin: string) => Exchange[], options = '--flow paste') {
  const server = await fakeServer(change);
  const login = run(`login ${server.url} --no-browser ${options}`, { store: temporaryStore() });
  return { server, code: await login.exit, said: login.stderr };
}

const bare401: Exchange = { want: 'POST /mcp', respond: { status: 401 } };
const none = (want: string): Exchange => ({ want, respond: { status: 404 } });
const oauthAddress = 'GET /.well-known/oauth-authorization-server';
const openidAddress = 'GET /.well-known/openid-configuration';

test('item 2: the challenge points at the metadata', async () => {
  const { server, parameters } = await reachesThePerson(() => []);
  expect(server.asked('GET /prm')).toHaveLength(1);
  expect(parameters.get('resource')).toBe(server.url);
});

test('item 2: without a pointer, the path’s well-known address, then the root’s', async () => {
  const { server } = await reachesThePerson((origin) => [
    bare401,
    none('GET /.well-known/oauth-protected-resource/mcp'),
    {
      want: 'GET /.well-known/oauth-protected-resource',
      respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin] } },
    },
  ]);
  expect(server.asked('GET /.well-known/oauth-protected-resource/mcp')).toHaveLength(1);
});

test('item 2: no protected-resource metadata at all: the server’s own origin, and its URL as the resource', async () => {
  const { server, parameters } = await reachesThePerson(() => [bare401]);
  expect(parameters.get('resource')).toBe(server.url);
});

test.each([500, 404, 403])('item 3: a %i on the OAuth address moves on to the OpenID one', async (status) => {
  await reachesThePerson((origin) => [
    { want: oauthAddress, respond: { status } },
    { want: openidAddress, respond: { json: metadata(origin) } },
  ]);
});

test('item 3: an HTML page on the OAuth address moves on to the OpenID one', async () => {
  await reachesThePerson((origin) => [
    { want: oauthAddress, respond: { text: '<html>Welcome</html>' } },
    { want: openidAddress, respond: { json: metadata(origin) } },
  ]);
});

test('item 3: an issuer with a path: OAuth inserted, OpenID inserted, OpenID appended', async () => {
  const { server } = await reachesThePerson((origin) => [
    { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [`${origin}/tenant`] } } },
    { want: 'GET /tenant/.well-known/openid-configuration', respond: { json: metadata(origin, { issuer: `${origin}/tenant` }) } },
  ]);
  const asked = server.requests.map(({ line }) => line).filter((line) => line.includes('tenant'));
  expect(asked).toEqual([
    'GET /.well-known/oauth-authorization-server/tenant',
    'GET /.well-known/openid-configuration/tenant',
    'GET /tenant/.well-known/openid-configuration',
  ]);
});

test('item 3: metadata behind a redirect', async () => {
  await reachesThePerson((origin) => [
    { want: oauthAddress, respond: { status: 301, headers: { location: '/moved' } } },
    { want: 'GET /moved', respond: { json: metadata(origin) } },
  ]);
});

test('item 4: metadata of another issuer is refused, and both are named', async () => {
  const { code, said, server } = await fails((origin) => [
    { want: oauthAddress, respond: { json: metadata(origin, { issuer: 'https://evil.example' }) } },
  ]);
  expect(code).toBe(1);
  expect(said).toContain('“https://evil.example”');
  expect(said).toContain(`“${server.origin}”`);
  expect(server.asked('POST /register')).toEqual([]);
});

test('item 4: the slash of an empty path is no difference', async () => {
  await reachesThePerson((origin) => [
    { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [`${origin}/`] } } },
  ]);
});

test('item 5: the first authorization server that answers is taken', async () => {
  await reachesThePerson((origin) => [
    { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [`${origin}/gone`, origin] } } },
  ]);
});

test('item 11: the challenge’s scope wins over the metadata’s, which wins over none', async () => {
  const withScopes = (origin: string): Exchange => ({
    want: 'GET /prm',
    respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin], scopes_supported: ['read', 'write'] } },
  });
  const challenged = (origin: string): Exchange => ({
    want: 'POST /mcp',
    respond: { status: 401, headers: { 'www-authenticate': `Bearer scope="read", resource_metadata="${origin}/prm"` } },
  });
  expect((await reachesThePerson((origin) => [withScopes(origin), challenged(origin)])).parameters.get('scope')).toBe('read');
  expect((await reachesThePerson((origin) => [withScopes(origin)])).parameters.get('scope')).toBe('read write');
  expect((await reachesThePerson(() => [])).parameters.has('scope')).toBe(false);
});

test('item 21: offline_access is asked for, with consent, where the authorization server lists it', async () => {
  const { parameters } = await reachesThePerson((origin) => [
    { want: oauthAddress, respond: { json: metadata(origin, { scopes_supported: ['openid', 'offline_access'] }) } },
  ]);
  expect(parameters.get('scope')).toBe('offline_access');
  expect(parameters.get('prompt')).toBe('consent');
});

test.each([
  { what: 'another server’s resource', resource: 'https://other.example/mcp' },
  { what: 'a sibling path', resource: 'ORIGIN/mc' },
  { what: 'a path below', resource: 'ORIGIN/mcp/below' },
  { what: 'no resource', resource: undefined },
])('item 13: metadata for $what is refused', async ({ resource }) => {
  const { code, said } = await fails((origin) => [
    { want: 'GET /prm', respond: { json: { resource: resource?.replace('ORIGIN', origin), authorization_servers: [origin] } } },
  ]);
  expect(code).toBe(1);
  expect(said).toContain('is for the resource');
});

test('item 13: the resource is sent as the metadata spells it', async () => {
  const { server, parameters } = await reachesThePerson((origin) => [
    { want: 'GET /prm', respond: { status: 404 } },
    { want: 'GET /.well-known/oauth-protected-resource/mcp', respond: { json: { resource: origin, authorization_servers: [origin] } } },
  ]);
  expect(parameters.get('resource')).toBe(server.origin);
});

test('RFC 9728: a path above the server is its resource by the word of its origin alone, not of a document below the path', async () => {
  const claims = (origin: string): Exchange => ({
    want: 'GET /prm',
    respond: { json: { resource: origin, authorization_servers: [origin] } },
  });
  const { code, said } = await fails((origin) => [claims(origin)]);
  expect(code).toBe(1);
  expect(said).toContain('is for the resource');
  const own = (origin: string): Exchange => ({
    want: 'GET /.well-known/oauth-protected-resource',
    respond: { json: { resource: origin, authorization_servers: [origin] } },
  });
  const { server, parameters } = await reachesThePerson((origin) => [claims(origin), own(origin)]);
  expect(parameters.get('resource')).toBe(server.origin);
});

test.each([
  { methods: undefined, why: 'does not say that it does PKCE' },
  { methods: ['plain'], why: 'does not offer PKCE with S256' },
])('item 14: PKCE methods $methods: refused before anything is registered', async ({ methods, why }) => {
  const { code, said, server } = await fails((origin) => [
    { want: oauthAddress, respond: { json: metadata(origin, { code_challenge_methods_supported: methods }) } },
  ]);
  expect(code).toBe(1);
  expect(said).toContain(`paste: the authorization server ${why}`);
  expect(server.asked('POST /register')).toEqual([]);
});

test.each(['http://far.example/token', 'javascript:alert(1)', 'https://user:word@far.example/', 'https://a$(calc).example/token', 7])(
  'item 17: the endpoint %s is refused',
  async (endpoint) => {
    const { code, said } = await fails((origin) => [
      { want: oauthAddress, respond: { json: metadata(origin, { token_endpoint: endpoint }) } },
    ]);
    expect(code).toBe(1);
    expect(said).toContain('The token_endpoint of');
  },
);

test.each([
  { what: 'empty', changes: { registration_endpoint: '', device_authorization_endpoint: '', revocation_endpoint: '' } },
  { what: 'paths', changes: { revocation_endpoint: '/revoke', device_authorization_endpoint: '/device' } },
  { what: 'plain http elsewhere', changes: { revocation_endpoint: 'http://far.example/revoke' } },
])('optional endpoints that are $what count as absent', async ({ changes }) => {
  const server = await fakeServer((origin) => [{ want: oauthAddress, respond: { json: metadata(origin, changes) } }]);
  const login = run(`login ${server.url} --no-browser --flow paste --client-id mine`, { store: temporaryStore() });
  await login.shown(/^http:\S+\/authorize\?\S+$/m);
  login.interrupt();
  await login.exit;
});

test('pushed requests that are required, and an endpoint that is none, are said', async () => {
  const { code, said } = await fails((origin) => [
    {
      want: oauthAddress,
      respond: { json: metadata(origin, { require_pushed_authorization_requests: true, pushed_authorization_request_endpoint: '' }) },
    },
  ]);
  expect(code).toBe(1);
  expect(said).toContain('requires pushed requests');
});

test.each([
  { what: 'redirects to where we would not go', respond: { status: 302, headers: { location: 'http://far.example/login' } } },
  { what: 'closes the connection', respond: 'drop' },
] as const)('item 3: an address that $what is not here', async ({ respond }) => {
  await reachesThePerson((origin) => [
    { want: oauthAddress, respond },
    { want: openidAddress, respond: { json: metadata(origin) } },
  ]);
});

test('item 23: a server elsewhere cannot name this machine', async () => {
  const { origin } = await fakeServer();
  const http = answersFrom(() => Response.json({ resource: 'https://mcp.example/mcp', authorization_servers: [origin] }));
  const { signal } = new AbortController();
  const serverUrl = new URL('https://mcp.example/mcp');
  await expect(requestProtectedResource({ serverUrl, challenged: `${origin}/prm` }, { http, signal })).rejects.toThrow(
    'leads to 127.0.0.1, on this machine',
  );
  const challenge = { dpop: false, resourceMetadata: 'https://mcp.example/prm' };
  await expect(discover({ serverUrl, challenge }, { http, signal })).rejects.toThrow('leads to 127.0.0.1, on this machine');
  expect(http.asked.filter((url) => url.startsWith(origin))).toEqual([]);
});

test('item 17: an authorization server elsewhere has no endpoint on this machine', async () => {
  const { origin } = await fakeServer();
  const issuer = 'https://auth.example';
  const document = metadata(issuer, { token_endpoint: `${origin}/token` });
  const address = new URL(`${issuer}/.well-known/oauth-authorization-server`);
  expect(() => parseAuthorizationServer(document, { issuer, address, reach: 'public' })).toThrow('on this machine');
  expect(() => parseAuthorizationServer(document, { issuer, address, reach: 'loopback' })).toThrow('is plain http');
});

test('a server that lets everybody in needs no login', async () => {
  const { code, said } = await fails(() => [{ want: 'POST /mcp', respond: { json: { jsonrpc: '2.0', id: 0, result: {} } } }]);
  expect(code).toBe(1);
  expect(said).toContain('no login is needed');
});

test('a page of HTML is not an MCP server', async () => {
  const { code, said } = await fails(() => [{ want: 'POST /mcp', respond: { text: '<html></html>' } }]);
  expect(code).toBe(1);
  expect(said).toContain('does not answer as an MCP server does');
});

test('a server that wants a token and names nobody who gives one', async () => {
  const { code, said } = await fails(() => [bare401, none(oauthAddress), none('POST /register')]);
  expect(code).toBe(1);
  expect(said).toContain('names no authorization server');
});

test('a server that fails is exit 6', async () => {
  const { code } = await fails(() => [{ want: 'POST /mcp', respond: { status: 503 } }]);
  expect(code).toBe(6);
});

test('a server that closes the connection is exit 6', async () => {
  const { code, said } = await fails(() => [{ want: 'POST /mcp', respond: 'drop' }]);
  expect(code).toBe(6);
  expect(said).toContain('could not be reached');
});

test.each([301, 302, 303, 307, 308])('a server that has moved to itself with a slash at the end, by %i, is asked there', async (status) => {
  const { server, parameters } = await reachesThePerson((origin): Exchange[] => [
    { want: 'POST /mcp', respond: { status, headers: { location: '/mcp/' } } },
    { want: 'POST /mcp/', respond: { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } } },
  ]);
  expect(server.asked('GET /prm')).toHaveLength(1);
  expect(parameters.get('resource')).toBe(server.url);
});

test('a server that has moved to another one: its new place is named, not followed', async () => {
  const elsewhere = await fakeServer();
  const { code, said } = await fails(() => [
    { want: 'POST /mcp', respond: { status: 308, headers: { location: `${elsewhere.origin}/mcp` } } },
    none('GET /prm'),
  ]);
  expect(code).toBe(1);
  expect(said).toContain(`It points to “${elsewhere.origin}/mcp”: try that.`);
  expect(elsewhere.requests).toEqual([]);
});

test('a server that sends us round in circles is left alone', async () => {
  const { code, server } = await fails(() => [
    { want: 'POST /mcp', respond: { status: 308, headers: { location: '/mcp/' } } },
    { want: 'POST /mcp/', respond: { status: 308, headers: { location: '/mcp' } } },
  ]);
  expect(code).toBe(1);
  expect(server.requests.filter(({ line }) => line.startsWith('POST')).length).toBeLessThan(10);
});

test('items 1 and 2: several challenges in one header: the one that points at the metadata is followed', async () => {
  const { server } = await reachesThePerson((origin) => [
    {
      want: 'POST /mcp',
      respond: {
        status: 401,
        headers: { 'www-authenticate': `Basic realm="x", Bearer realm="y", Bearer resource_metadata="${origin}/prm"` },
      },
    },
  ]);
  expect(server.asked('GET /prm')).toHaveLength(1);
});

test.each(['/prm', 'http://HOST/prm'])('item 2: a pointer that is %s means the server that was asked', async (pointer) => {
  const { server } = await reachesThePerson((origin) => [
    {
      want: 'POST /mcp',
      respond: {
        status: 401,
        headers: { 'www-authenticate': `Bearer resource_metadata="${pointer.replace('HOST', new URL(origin).host)}"` },
      },
    },
  ]);
  expect(server.asked('GET /prm')).toHaveLength(1);
});

test('item 2: a server behind a proxy that does TLS for it gives its own address as plain http, and is asked by https', async () => {
  const http = answersFrom(() => new Response('{}', { status: 404 }));
  const { signal } = new AbortController();
  const serverUrl = new URL('https://mcp.example/mcp');
  await requestProtectedResource({ serverUrl, challenged: 'http://mcp.example/prm' }, { http, signal });
  expect(http.asked[0]).toBe('https://mcp.example/prm');
  const elsewhere = requestProtectedResource({ serverUrl, challenged: 'http://other.example/prm' }, { http, signal });
  await expect(elsewhere).rejects.toThrow('plain http');
});

test.each([
  { what: '5xx', respond: { status: 502, text: 'Bad Gateway' } },
  { what: 'a page', respond: { text: '<html>' } },
  { what: 'JSON about something else', respond: { json: { error: 'no such route' } } },
  { what: 'a list', respond: { json: [] } },
  { what: 'a page of more than 1 MiB', respond: { text: 'x'.repeat(1024 * 1024 + 1) } },
])('item 2: $what at the first address moves on to the next', async ({ respond }) => {
  const { server } = await reachesThePerson((origin) => [
    { want: 'GET /prm', respond },
    { want: 'GET /.well-known/oauth-protected-resource/mcp', respond },
    {
      want: 'GET /.well-known/oauth-protected-resource',
      respond: { json: { resource: `${origin}/mcp`, authorization_servers: [`${origin}/as`] } },
    },
    { want: 'GET /.well-known/oauth-authorization-server/as', respond: { json: metadata(origin, { issuer: `${origin}/as` }) } },
  ]);
  expect(server.asked('GET /.well-known/oauth-authorization-server/as')).toHaveLength(1);
});

test.each([
  { what: 'JSON about something else', respond: { json: { error: 'no such route' } } },
  {
    what: 'metadata of another issuer',
    respond: { json: { issuer: 'https://other.example', token_endpoint: 'https://other.example/token' } },
  },
])('item 3: $what at the OAuth address moves on to the OpenID one', async ({ respond }) => {
  await reachesThePerson((origin) => [
    { want: oauthAddress, respond },
    { want: openidAddress, respond: { json: metadata(origin) } },
  ]);
});

test('item 3: metadata that names no issuer is refused', async () => {
  const { code, said } = await fails((origin) => [{ want: oauthAddress, respond: { json: metadata(origin, { issuer: undefined }) } }]);
  expect(code).toBe(1);
  expect(said).toContain('is the metadata of “nothing”');
});

test.each([
  { named: '/tenant/', issuer: '/tenant' },
  { named: '/tenant', issuer: '/tenant/' },
])('item 4: the slash at the end of a path is no difference: $named and $issuer', async ({ named, issuer }) => {
  await reachesThePerson((origin) => [
    { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [`${origin}${named}`] } } },
    { want: 'GET /.well-known/oauth-authorization-server/tenant', respond: { json: metadata(origin, { issuer: `${origin}${issuer}` }) } },
  ]);
});

describe('item 4: --trust-issuer', () => {
  const renamed = (origin: string): Exchange => ({
    want: oauthAddress,
    respond: { json: metadata(origin, { issuer: 'http://localhost:9/id' }) },
  });

  test('is kept for that server, and shown by list', async () => {
    const server = await fakeServer((origin) => [renamed(origin)]);
    const store = temporaryStore();
    const words = '--no-browser --no-verify --flow device';
    expect(await run(`login ${server.url} --name fake ${words} --trust-issuer http://localhost:9/id`, { store }).exit).toBe(0);
    expect(readStore(store).mcpServers.fake).toMatchObject({
      trusted_issuer: 'http://localhost:9/id',
      auth: { issuer: 'http://localhost:9/id' },
    });
    expect(await run(`login fake ${words}`, { store }).exit).toBe(0);
    const list = run('list', { store });
    expect(await list.exit).toBe(0);
    expect(list.stderr).toContain('fake: its authorization server may call itself http://localhost:9/id, by --trust-issuer');
    // The pin is for that address: another authorization server cannot make use of it.
    const elsewhere = await fakeServer((origin) => [renamed(origin)]);
    const moved = readStore(store);
    moved.mcpServers.fake.url = elsewhere.url;
    writeFileSync(store, JSON.stringify(moved));
    expect(await run(`login fake ${words}`, { store }).exit).toBe(1);
    const other = run(`login ${server.url} --name other ${words}`, { store });
    expect(await other.exit).toBe(1);
    expect(other.stderr).toContain('--trust-issuer');
  });

  test('is compared to the letter', async () => {
    const { code } = await fails((origin) => [renamed(origin)], '--flow paste --trust-issuer http://localhost:9/id/');
    expect(code).toBe(1);
  });
});

describe('item 5: several authorization servers', () => {
  const several = (origin: string): Exchange[] => [
    { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [`${origin}/one`, `${origin}/two`] } } },
    ...['one', 'two'].map((name) => ({
      want: `GET /.well-known/oauth-authorization-server/${name}`,
      respond: {
        json: metadata(origin, {
          issuer: `${origin}/${name}`,
          authorization_endpoint: `${origin}/authorize`,
          registration_endpoint: `${origin}/${name}/register`,
        }),
      },
    })),
    { want: 'POST /two/register', respond: ({ body }) => ({ json: { ...body, client_id: 'c' } }) },
  ];

  test('--issuer chooses', async () => {
    const server = await fakeServer(several);
    const login = run(`login ${server.url} --no-browser --flow paste --issuer ${server.origin}/two`, { store: temporaryStore() });
    await login.shown(/^(http:\S+\/authorize\?\S+)$/m);
    login.interrupt();
    await login.exit;
    expect(server.asked('POST /two/register')).toHaveLength(1);
  });

  test('the one of the login before goes on, while it is named', async () => {
    const server = await fakeServer((origin) => [
      ...several(origin),
      { want: 'POST /one/register', respond: ({ body }) => ({ json: { ...body, client_id: 'first' } }) },
    ]);
    const store = temporaryStore();
    const words = '--no-browser --no-verify --flow device';
    expect(await run(`login ${server.url} --name fake ${words} --issuer ${server.origin}/two`, { store }).exit).toBe(0);
    expect(await run(`login fake ${words}`, { store }).exit).toBe(0);
    expect(readStore(store).mcpServers.fake.auth.issuer).toBe(`${server.origin}/two`);
    expect(server.asked('POST /one/register')).toEqual([]);
  });

  test('one that the server does not name is wrong usage', async () => {
    const { code, said } = await fails(several, '--issuer https://other.example');
    expect(code).toBe(2);
    expect(said).toContain('/one”');
  });
});

describe('MCP 2025-03-26: a server without protected-resource metadata', () => {
  test('has the default endpoints where it has no metadata at all', async () => {
    const server = await fakeServer(() => [bare401, none(oauthAddress)]);
    const store = temporaryStore();
    const login = run(`login ${server.url} --no-browser --no-verify --name fake`, { store, stdin: 'open' });
    const request = new URL(await login.shown(/^(http:\S+\/authorize\?\S+)$/m)).searchParams;
    login.type(`${request.get('redirect_uri')}?code=c&state=${request.get('state')}\n`);
    expect(await login.exit).toBe(0);
    expect(request.get('resource')).toBe(server.url);
    expect(server.asked('POST /token')[0]?.body['resource']).toBe(server.url);
  });

  test('or metadata at its origin, whose issuer may have a path', async () => {
    const { parameters, server } = await reachesThePerson((origin) => [
      bare401,
      { want: oauthAddress, respond: { json: metadata(origin, { issuer: `${origin}/v1` }) } },
    ]);
    expect(parameters.get('resource')).toBe(server.url);
  });

  test('but never another origin’s', async () => {
    const { code } = await fails((origin) => [
      bare401,
      { want: oauthAddress, respond: { json: metadata(origin, { issuer: 'https://other.example/v1' }) } },
    ]);
    expect(code).toBe(1);
  });
});

describe('item 14: --allow-missing-pkce-metadata', () => {
  const silent = (origin: string): Exchange => ({
    want: oauthAddress,
    respond: { json: metadata(origin, { code_challenge_methods_supported: undefined }) },
  });

  test('goes on, and PKCE is sent all the same', async () => {
    const server = await fakeServer((origin) => [silent(origin)]);
    const login = run(`login ${server.url} --no-browser --flow paste --allow-missing-pkce-metadata`, { store: temporaryStore() });
    const request = new URL(await login.shown(/^(http:\S+\/authorize\?\S+)$/m)).searchParams;
    login.interrupt();
    await login.exit;
    expect(request.get('code_challenge_method')).toBe('S256');
    expect(request.get('code_challenge')).toMatch(/^[\w-]{43}$/);
  });

  test('is no way around a server that says that it cannot', async () => {
    const { code } = await fails(
      (origin) => [{ want: oauthAddress, respond: { json: metadata(origin, { code_challenge_methods_supported: ['plain'] }) } }],
      '--flow paste --allow-missing-pkce-metadata',
    );
    expect(code).toBe(1);
  });

  test('says in the help what it gives up', async () => {
    const help = run('login --help', { store: temporaryStore() });
    expect(await help.exit).toBe(0);
    expect(help.stdout.replace(/\s+/g, ' ')).toContain('a stolen code can be used by the thief');
  });
});

test.each([
  { what: 'methods as text', changes: { code_challenge_methods_supported: 'S256' }, code: 130 },
  { what: 'methods as an object', changes: { code_challenge_methods_supported: {} }, code: 1 },
  { what: 'scopes as a number', changes: { scopes_supported: 5 }, code: 130 },
  {
    what: 'endpoints that are null',
    changes: { registration_endpoint: undefined, revocation_endpoint: null, device_authorization_endpoint: null },
    code: 1,
  },
  { what: 'grants as text', changes: { grant_types_supported: 'authorization_code' }, code: 130 },
  { what: 'no token endpoint', changes: { token_endpoint: null }, code: 1 },
])('metadata with $what is read as far as it goes, and is no bug of ours', async ({ changes, code }) => {
  const server = await fakeServer((origin) => [{ want: oauthAddress, respond: { json: metadata(origin, changes) } }]);
  const login = run(`login ${server.url} --no-browser --flow paste`, { store: temporaryStore() });
  if (code === 130) {
    await login.shown(/^http:\S+\/authorize\?\S+$/m);
    login.interrupt();
  }
  expect(await login.exit).toBe(code);
  expect(login.stderr).not.toContain('bug');
});

test.each(['https://a.example/?tenant=1', 'https://a.example/#x', 'https://a.example/ü', `https://a.example/${'x'.repeat(600)}`])(
  'item 4: an issuer that is no issuer, %s, is refused',
  async (issuer) => {
    const { code, said } = await fails(
      (origin) => [{ want: oauthAddress, respond: { json: metadata(origin, { issuer }) } }],
      `--flow paste --trust-issuer ${issuer}`,
    );
    expect(code).toBe(1);
    expect(said).not.toContain('x'.repeat(300));
  },
);
