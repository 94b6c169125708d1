/** RFC 8414 and OpenID Connect Discovery: which authorization server is used, where its metadata is, and which of it is accepted. */
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
import { bare401, fails, none, oauthAddress, reachesThePerson } from './discovering.js';

const openidAddress = 'GET /.well-known/openid-configuration';

test.each([500, 404, 403])('after a %i at the OAuth address, the OpenID one is tried', async (status) => {
  const { asked } = await reachesThePerson((origin) => [
    { want: oauthAddress, respond: { status } },
    { want: openidAddress, respond: { json: metadata(origin) } },
  ]);
  expect(asked).toContain(openidAddress);
});

test('after an HTML page at the OAuth address, the OpenID one is tried', async () => {
  const { asked } = await reachesThePerson((origin) => [
    { want: oauthAddress, respond: { text: '<html>Welcome</html>' } },
    { want: openidAddress, respond: { json: metadata(origin) } },
  ]);
  expect(asked).toContain(openidAddress);
});

test('an issuer with a path: OAuth inserted, OpenID inserted, OpenID appended (RFC 8414 section 3.1)', async () => {
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

test('metadata behind a redirect', async () => {
  const { asked } = await reachesThePerson((origin) => [
    { want: oauthAddress, respond: { status: 301, headers: { location: '/moved' } } },
    { want: 'GET /moved', respond: { json: metadata(origin) } },
  ]);
  expect(asked).toContain('GET /moved');
});

test('metadata of another issuer is rejected, and both are named (RFC 8414 section 3.3)', async () => {
  const { code, said, server } = await fails((origin) => [
    { want: oauthAddress, respond: { json: metadata(origin, { issuer: 'https://evil.example' }) } },
  ]);
  expect(code).toBe(1);
  expect(said).toContain('“https://evil.example”');
  expect(said).toContain(`“${server.origin}”`);
  expect(server.asked('POST /register')).toEqual([]);
});

test('the slash of an empty path makes no difference', async () => {
  const { parameters } = await reachesThePerson((origin) => [
    { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [`${origin}/`] } } },
  ]);
  expect(parameters.get('client_id')).toBe('client-1');
});

test('the first authorization server that responds is used', async () => {
  const { asked } = await reachesThePerson((origin) => [
    { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [`${origin}/gone`, origin] } } },
  ]);
  expect(asked).toContain('GET /.well-known/oauth-authorization-server/gone');
  expect(asked).toContain(oauthAddress);
});

test.each([
  { methods: undefined, why: 'does not say that it supports PKCE' },
  { methods: ['plain'], why: 'does not support PKCE with S256' },
])('PKCE methods $methods: rejected before a client is registered', async ({ methods, why }) => {
  const { code, said, server } = await fails((origin) => [
    { want: oauthAddress, respond: { json: metadata(origin, { code_challenge_methods_supported: methods }) } },
  ]);
  expect(code).toBe(1);
  expect(said).toContain(`paste: the authorization server ${why}`);
  expect(server.asked('POST /register')).toEqual([]);
});

test.each(['http://far.example/token', 'javascript:alert(1)', 'https://user:word@far.example/', 'https://a$(calc).example/token', 7])(
  'the endpoint %s is rejected',
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
  const url = new URL(await login.shown(/^(http:\S+\/authorize\?\S+)$/m));
  expect(url.searchParams.get('client_id')).toBe('mine');
  login.interrupt();
  expect(await login.exit).toBe(130);
});

test('required pushed requests without an endpoint are reported (RFC 9126)', async () => {
  const { code, said } = await fails((origin) => [
    {
      want: oauthAddress,
      respond: { json: metadata(origin, { require_pushed_authorization_requests: true, pushed_authorization_request_endpoint: '' }) },
    },
  ]);
  expect(code).toBe(1);
  expect(said).toContain('requires pushed authorization requests');
});

test.each([
  { what: 'redirects to a URL that is not allowed', respond: { status: 302, headers: { location: 'http://far.example/login' } } },
  { what: 'closes the connection', respond: 'drop' },
] as const)('an address that $what has no metadata', async ({ respond }) => {
  const { asked } = await reachesThePerson((origin) => [
    { want: oauthAddress, respond },
    { want: openidAddress, respond: { json: metadata(origin) } },
  ]);
  expect(asked).toContain(openidAddress);
});

test('a remote server cannot name this machine', async () => {
  const { origin } = await fakeServer();
  const http = answersFrom(() => Response.json({ resource: 'https://mcp.example/mcp', authorization_servers: [origin] }));
  const { signal } = new AbortController();
  const serverUrl = new URL('https://mcp.example/mcp');
  await expect(requestProtectedResource({ serverUrl, challenged: `${origin}/prm` }, { http, signal })).rejects.toThrow(
    'resolves to 127.0.0.1, a loopback address',
  );
  const challenge = { isDpop: false, resourceMetadata: 'https://mcp.example/prm' };
  await expect(discover({ serverUrl, challenge }, { http, signal })).rejects.toThrow('resolves to 127.0.0.1, a loopback address');
  expect(http.asked.filter((url) => url.startsWith(origin))).toEqual([]);
});

test('a remote authorization server cannot have an endpoint on this machine', async () => {
  const { origin } = await fakeServer();
  const issuer = 'https://auth.example';
  const document = metadata(issuer, { token_endpoint: `${origin}/token` });
  const address = new URL(`${issuer}/.well-known/oauth-authorization-server`);
  expect(() => parseAuthorizationServer(document, { issuer, address, allowedNetwork: 'public' })).toThrow('on this machine');
  expect(() => parseAuthorizationServer(document, { issuer, address, allowedNetwork: 'loopback' })).toThrow('is plain http');
});

test.each([
  { what: 'JSON about something else', respond: { json: { error: 'no such route' } } },
  {
    what: 'metadata of another issuer',
    respond: { json: { issuer: 'https://other.example', token_endpoint: 'https://other.example/token' } },
  },
])('after $what at the OAuth address, the OpenID one is tried', async ({ respond }) => {
  const { asked } = await reachesThePerson((origin) => [
    { want: oauthAddress, respond },
    { want: openidAddress, respond: { json: metadata(origin) } },
  ]);
  expect(asked).toContain(openidAddress);
});

test('metadata that names no issuer is rejected', async () => {
  const { code, said } = await fails((origin) => [{ want: oauthAddress, respond: { json: metadata(origin, { issuer: undefined }) } }]);
  expect(code).toBe(1);
  expect(said).toContain('is the metadata of “nothing”');
});

test.each([
  { named: '/tenant/', issuer: '/tenant' },
  { named: '/tenant', issuer: '/tenant/' },
])('a slash at the end of a path makes no difference: $named and $issuer', async ({ named, issuer }) => {
  const { parameters } = await reachesThePerson((origin) => [
    { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [`${origin}${named}`] } } },
    { want: 'GET /.well-known/oauth-authorization-server/tenant', respond: { json: metadata(origin, { issuer: `${origin}${issuer}` }) } },
  ]);
  expect(parameters.get('client_id')).toBe('client-1');
});

describe('--trust-issuer', () => {
  const renamed = (origin: string): Exchange => ({
    want: oauthAddress,
    respond: { json: metadata(origin, { issuer: 'http://localhost:9/id' }) },
  });

  test('is stored for that server, and shown by list', async () => {
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
    expect(list.stderr).toContain('fake: --trust-issuer http://localhost:9/id');
    // The pin is for that address: another authorization server cannot make use of it.
    const elsewhere = await fakeServer((origin) => [renamed(origin)]);
    const moved = readStore(store);
    moved.mcpServers.fake.url = elsewhere.url;
    writeFileSync(store, JSON.stringify(moved));
    expect(await run(`login fake ${words}`, { store }).exit).toBe(1);
    // Set again, it holds for any address.
    const again = run(`login fake ${words} --trust-issuer http://localhost:9/id`, { store });
    expect(await again.exit, again.stderr).toBe(0);
    expect(readStore(store).mcpServers.fake).toMatchObject({ trusted_issuer_at: elsewhere.origin });
    const other = run(`login ${server.url} --name other ${words}`, { store });
    expect(await other.exit).toBe(1);
    expect(other.stderr).toContain('--trust-issuer');
  });

  test('is compared exactly', async () => {
    const { code } = await fails((origin) => [renamed(origin)], '--flow paste --trust-issuer http://localhost:9/id/');
    expect(code).toBe(1);
  });
});

describe('several authorization servers', () => {
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

  test('the one of the previous login is used while it is still named', async () => {
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

  test('one that the server does not name is a usage error', async () => {
    const { code, said } = await fails(several, '--issuer https://other.example');
    expect(code).toBe(2);
    expect(said).toContain('/one”');
  });
});

describe('MCP 2025-03-26: a server without protected-resource metadata', () => {
  test('has the default endpoints if it has no metadata at all', async () => {
    const server = await fakeServer(() => [bare401, none(oauthAddress)]);
    const store = temporaryStore();
    const login = run(`login ${server.url} --no-browser --no-verify --name fake`, { store, stdin: 'open' });
    const request = new URL(await login.shown(/^(http:\S+\/authorize\?\S+)$/m)).searchParams;
    login.type(`${request.get('redirect_uri')}?code=c&state=${request.get('state')}\n`);
    expect(await login.exit).toBe(0);
    expect(request.get('resource')).toBe(server.url);
    expect(server.asked('POST /token')[0]?.body['resource']).toBe(server.url);
  });

  test('may have metadata at its origin, whose issuer may have a path', async () => {
    const { parameters, server } = await reachesThePerson((origin) => [
      bare401,
      { want: oauthAddress, respond: { json: metadata(origin, { issuer: `${origin}/v1` }) } },
    ]);
    expect(parameters.get('resource')).toBe(server.url);
  });

  test('may not name an issuer of another origin', async () => {
    const { code } = await fails((origin) => [
      bare401,
      { want: oauthAddress, respond: { json: metadata(origin, { issuer: 'https://other.example/v1' }) } },
    ]);
    expect(code).toBe(1);
  });
});

describe('--allow-missing-pkce-metadata', () => {
  const silent = (origin: string): Exchange => ({
    want: oauthAddress,
    respond: { json: metadata(origin, { code_challenge_methods_supported: undefined }) },
  });

  test('continues, and PKCE is sent anyway', async () => {
    const server = await fakeServer((origin) => [silent(origin)]);
    const login = run(`login ${server.url} --no-browser --flow paste --allow-missing-pkce-metadata`, { store: temporaryStore() });
    const request = new URL(await login.shown(/^(http:\S+\/authorize\?\S+)$/m)).searchParams;
    login.interrupt();
    await login.exit;
    expect(request.get('code_challenge_method')).toBe('S256');
    expect(request.get('code_challenge')).toMatch(/^[\w-]{43}$/);
  });

  test('does not help with a server that says that it does not support PKCE', async () => {
    const { code } = await fails(
      (origin) => [{ want: oauthAddress, respond: { json: metadata(origin, { code_challenge_methods_supported: ['plain'] }) } }],
      '--flow paste --allow-missing-pkce-metadata',
    );
    expect(code).toBe(1);
  });

  test('describes its risk in the help', async () => {
    const help = run('login --help', { store: temporaryStore() });
    expect(await help.exit).toBe(0);
    expect(help.stdout.replace(/\s+/g, ' ')).toContain('without PKCE, a stolen authorization code can be used');
  });
});

test.each([
  { what: 'methods as a string', changes: { code_challenge_methods_supported: 'S256' }, code: 130 },
  { what: 'methods as an object', changes: { code_challenge_methods_supported: {} }, code: 1 },
  { what: 'scopes as a number', changes: { scopes_supported: 5 }, code: 130 },
  {
    what: 'endpoints that are null',
    changes: { registration_endpoint: undefined, revocation_endpoint: null, device_authorization_endpoint: null },
    code: 1,
  },
  { what: 'grants as a string', changes: { grant_types_supported: 'authorization_code' }, code: 130 },
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
  'the invalid issuer %s is rejected (RFC 8414 section 2)',
  async (issuer) => {
    const { code, said } = await fails(
      (origin) => [{ want: oauthAddress, respond: { json: metadata(origin, { issuer }) } }],
      `--flow paste --trust-issuer ${issuer}`,
    );
    expect(code).toBe(1);
    expect(said).not.toContain('x'.repeat(300));
  },
);
