/** RFC 9728, RFC 8414, OpenID Connect Discovery; checklist items 1 to 5 and 14. */
import { expect, test } from 'vitest';
import { metadata, type Exchange } from '../helpers/fake-server.js';
import { temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
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
    { want: 'GET /prm', respond: { json: { resource: origin, authorization_servers: [origin] } } },
  ]);
  expect(parameters.get('resource')).toBe(server.origin);
});

test.each([undefined, ['plain']])('item 14: PKCE methods %j: refused before anything is registered', async (methods) => {
  const { code, said, server } = await fails((origin) => [
    { want: oauthAddress, respond: { json: metadata(origin, { code_challenge_methods_supported: methods }) } },
  ]);
  expect(code).toBe(1);
  expect(said).toContain('paste: the authorization server does not offer PKCE with S256');
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

test('a server that has moved: its new place is named, not followed', async () => {
  const { code, said, server } = await fails(() => [{ want: 'POST /mcp', respond: { status: 308, headers: { location: '/mcp/' } } }]);
  expect(code).toBe(1);
  expect(said).toContain('“/mcp/”');
  expect(server.asked('POST /mcp/')).toEqual([]);
});
