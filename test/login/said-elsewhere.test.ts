/** What the user has said about one authorization server, or a document has claimed, does not apply to another one. */
import { expect, test } from 'vitest';
import { metadata, type FakeServer } from '../helpers/fake-server.js';
import { temporaryStore } from '../helpers/folder.js';
import { logInByPaste } from '../helpers/paste.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

/** An authorization server, and an MCP server that names any authorization server. */
const authorizationServer = (changes: Record<string, unknown> = {}) =>
  fakeServer((origin) => [
    {
      want: 'GET /.well-known/oauth-authorization-server',
      respond: { json: metadata(origin, { device_authorization_endpoint: undefined, ...changes }) },
    },
  ]);
const mcpServer = (issuer: () => string): Promise<FakeServer> =>
  fakeServer((origin) => [
    { want: 'GET /prm', respond: () => ({ json: { resource: `${origin}/mcp`, authorization_servers: [issuer()] } }) },
  ]);

test.each([true, false])('endpoints that are trusted for one issuer are not trusted for the next one (logged in: %s)', async (stays) => {
  const page = await fakeServer();
  const endpoint = { authorization_endpoint: `${page.origin}/authorize` };
  const [honest, evil] = [await authorizationServer(endpoint), await authorizationServer(endpoint)];
  let issuer = honest.origin;
  const server = await mcpServer(() => issuer);
  const store = temporaryStore();
  const { host } = new URL(page.origin);
  const first = await logInByPaste([server.url, '--name', 'demo', '--no-verify', '--trust-endpoints', host], { store });
  expect(first.exit, first.command.stderr).toBe(0);
  expect((await logInByPaste(['demo', '--no-verify'], { store })).exit).toBe(0);
  if (!stays) await run('logout demo', { store }).exit;
  issuer = evil.origin;
  const second = await logInByPaste(['demo', '--no-verify'], { store });
  expect(second.exit).toBe(1);
  expect(second.command.stderr).toContain('which is another site');
  expect(evil.asked('POST /token')).toEqual([]);
});

test('a secret that is first used here after an import is not used for the imported login', async () => {
  const company = await authorizationServer({ token_endpoint_auth_methods_supported: ['client_secret_basic'] });
  const [real, evil] = [await mcpServer(() => company.origin), await mcpServer(() => company.origin)];
  const store = temporaryStore();
  const auth = { type: 'bearer', token: 'x', expires_at: 1, refresh_token: 'theirs', issuer: company.origin, client_id: 'company' };
  const text = JSON.stringify({ mcpServers: { evil: { type: 'http', url: evil.url, auth } } });
  expect(await run('import', { store, stdin: { text } }).exit).toBe(0);
  const login = await logInByPaste([real.url, '--name', 'real', '--no-verify', '--client-id', 'company', '--issuer', company.origin], {
    store,
    env: { MCP_AUTH_CLIENT_SECRET: 's3cret' },
  });
  expect(login.exit, login.command.stderr).toBe(0);
  const withSecret = company.asked('POST /token').filter(({ headers }) => headers.authorization !== undefined).length;
  await run('refresh evil', { store }).exit;
  const unattended = run('login evil --flow client-credentials', { store });
  expect(await unattended.exit).not.toBe(0);
  expect(company.asked('POST /token').filter(({ headers }) => headers.authorization !== undefined)).toHaveLength(withSecret);
  expect(evil.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
});

test('a login after an import asks for consent', async () => {
  const company = await authorizationServer();
  const [real, evil] = [await mcpServer(() => company.origin), await mcpServer(() => company.origin)];
  const store = temporaryStore();
  expect((await logInByPaste([real.url, '--name', 'real', '--no-verify', '--client-id', 'company'], { store })).exit).toBe(0);
  const auth = { type: 'bearer', token: 'x', issuer: company.origin, client_id: 'company' };
  const text = JSON.stringify({ mcpServers: { evil: { type: 'http', url: evil.url, auth } } });
  expect(await run('import', { store, stdin: { text } }).exit).toBe(0);
  const { request } = await logInByPaste(['evil', '--no-verify'], { store });
  expect(request?.get('client_id') === 'company' && request.get('prompt') !== 'consent').toBe(false);
});

test('an imported secret is not used for another login', async () => {
  const company = await authorizationServer({ token_endpoint_auth_methods_supported: ['client_secret_post', 'none'] });
  const real = await mcpServer(() => company.origin);
  const store = temporaryStore();
  const auth = { type: 'bearer', token: 'x', issuer: company.origin, client_id: 'company' };
  const text = JSON.stringify({
    mcpServers: { evil: { type: 'http', url: 'https://evil.example/mcp', auth } },
    oauthClients: {
      [company.origin]: [{ client_id: 'company', client_secret: 'planted', token_endpoint_auth_method: 'client_secret_post' }],
    },
  });
  expect(await run('import', { store, stdin: { text } }).exit).toBe(0);
  expect((await logInByPaste([real.url, '--no-verify', '--client-id', 'company', '--issuer', company.origin], { store })).exit).toBe(0);
  expect(company.asked('POST /token').map(({ body }) => body['client_secret'])).toEqual([undefined]);
});

test.each(['/..%2f..%2fevil/prm', '/..;/..;/evil/prm', '%2f..%2f..%2fevil/prm', '-evil/prm'])(
  'metadata for the whole origin is rejected at a path that another program may serve: %s',
  async (path) => {
    const place = `/.well-known/oauth-protected-resource${path}`;
    const server = await fakeServer((origin) => [
      { want: 'POST /mcp', respond: { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}${place}"` } } },
      { want: `GET ${place}`, respond: { json: { resource: `${origin}/`, authorization_servers: [origin] } } },
    ]);
    const login = await logInByPaste([server.url, '--no-verify'], { store: temporaryStore() });
    expect(login.exit).toBe(1);
    expect(login.command.stderr).toContain('is for the resource');
  },
);
