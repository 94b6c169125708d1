/** `export` and `import`: moving a login to another machine. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { Person } from '../helpers/person.js';
import { run } from '../helpers/run.js';
import { logInByPaste } from '../helpers/paste.js';
import { fakeServer, realServers } from '../helpers/servers.js';

const url = 'https://mcp.example/mcp';
const auth = {
  type: 'bearer',
  token: 'secret-é\u200d',
  refresh_token: 'r',
  issuer: 'https://as.example',
  client_id: 'c',
  client_note: 'theirs',
};
const client = {
  client_id: 'c',
  token_endpoint_auth_method: 'none',
  redirect_uris: ['http://127.0.0.1:1/callback'],
  obtained_by: 'dynamic_registration',
};
const here = {
  mcpServers: {
    demo: { type: 'http', url, auth },
    other: { type: 'http', url: 'https://o.example', auth: { type: 'bearer', token: 'other' } },
  },
  oauthClients: { 'https://as.example': [client, { client_id: 'another' }], 'https://elsewhere.example': [{ client_id: 'x' }] },
};

test('a real login works on the other machine, and is renewed there', async () => {
  const { mcpServer } = await realServers();
  const [from, to] = [temporaryStore(), temporaryStore({ mine: true })];
  const login = run(`login ${mcpServer.url} --name demo --no-browser --flow paste`, { store: from, stdin: 'open' });
  login.type(`${await new Person().approve(await login.shown(/^(http:\S+\/auth\?\S+)$/m))}\n`);
  expect(await login.exit).toBe(0);
  const exported = run('export demo --move', { store: from });
  expect(await exported.exit).toBe(0);
  expect(exported.stderr).toContain('Moved demo');
  expect(readStore(from).mcpServers.demo).not.toHaveProperty('auth');

  const imported = run('import', { store: to, stdin: { text: exported.stdout } });
  expect(await imported.exit, imported.stderr).toBe(0);
  expect(readStore(to)).toMatchObject({ mine: true, mcpServers: { demo: { url: mcpServer.url } } });
  expect(await run('refresh demo', { store: to }).exit).toBe(0);
});

test('a moved login is kept until it is known to have arrived', async () => {
  const store = temporaryStore(here);
  const moved = `${store}.demo.moved`;
  expect(await run('export demo --move', { store }).exit).toBe(0);
  expect(statSync(moved).mode & 0o777).toBe(0o600);
  const again = run('import', { store, stdin: { text: readFileSync(moved, 'utf8') } });
  expect(await again.exit).toBe(0);
  expect(readStore(store).mcpServers.demo.auth.refresh_token).toBe('r');
  expect(existsSync(moved)).toBe(false);
});

test('tokens that an earlier renewal could not store are exported', async () => {
  const store = temporaryStore(here);
  const replaces = createHash('sha256').update(auth.token).digest('base64url');
  writeFileSync(
    `${store}.demo.rescued`,
    JSON.stringify({ name: 'demo', replaces, auth: { ...auth, token: 'newer', refresh_token: 'r2' } }),
    { mode: 0o600 },
  );
  const exported = run('export demo', { store });
  expect(await exported.exit).toBe(0);
  expect(JSON.parse(exported.stdout)).toMatchObject({ mcpServers: { demo: { auth: { token: 'newer', refresh_token: 'r2' } } } });
});

test('export prints one login and its client only; without --move it warns that both machines have the login', async () => {
  const store = temporaryStore(here);
  const exported = run('export demo', { store });
  expect(await exported.exit).toBe(0);
  expect(JSON.parse(exported.stdout)).toEqual({
    mcpServers: { demo: { type: 'http', url, auth } },
    oauthClients: { 'https://as.example': [client] },
  });
  expect(exported.stdout).toMatch(/^[\x20-\x7e]+\n$/);
  expect(exported.stderr).toContain('is still logged in on this machine');
  expect(exported.stderr).not.toContain('secret');
  expect(readStore(store)).toEqual(here);
});

test('import accepts a document that was written by hand, over several lines, and keeps what the store has', async () => {
  const store = temporaryStore({
    mcpServers: { demo: { type: 'http', url, headers: { a: 'b' }, auth: { type: 'bearer', token: 'old' } } },
  });
  const imported = run('import', { store, stdin: { text: JSON.stringify(here, null, 2) } });
  expect(await imported.exit, imported.stderr).toBe(0);
  const { mcpServers } = readStore(store);
  expect(mcpServers.demo).toMatchObject({ headers: { a: 'b' }, auth: { token: auth.token, refresh_token: 'r' } });
  expect(mcpServers.demo.auth).not.toHaveProperty('client_note');
  expect(mcpServers.other.auth.token).toBe('other');
});

test('what this machine would read, sign or do by itself for an imported login is not imported, with a warning', async () => {
  const key = { ...here, oauthClients: { 'https://as.example': [{ ...client, private_key_file: '/keys/robot.pem' }] } };
  const byKey = temporaryStore();
  const imported = run('import', { store: byKey, stdin: { text: JSON.stringify(key) } });
  expect(await imported.exit).toBe(0);
  expect(imported.stderr).toContain(
    'demo cannot be renewed on this machine: its client authenticates with a key file (“/keys/robot.pem”). When its token expires',
  );
  expect(readFileSync(byKey, 'utf8')).not.toContain('robot.pem');

  const flow = { mcpServers: { demo: { type: 'http', url, auth: { ...auth, flow: 'client-credentials' } } } };
  const byFlow = temporaryStore();
  const other = run('import', { store: byFlow, stdin: { text: JSON.stringify(flow) } });
  expect(await other.exit).toBe(0);
  expect(other.stderr).toContain('demo cannot be renewed on this machine: it is renewed by the flow “client-credentials”');
  expect(readStore(byFlow).mcpServers.demo.auth).not.toHaveProperty('flow');
});

test('each member of a document is imported or skipped as listed in transfer/import.ts', async () => {
  const store = temporaryStore();
  const whole = {
    ...auth,
    ...{ expires_at: 4_000_000_000, issued_at: 1, scope: 's', requested_scope: 's', ended_at: 3, dpop_key: { kty: 'EC' }, type: 'dpop' },
    ...{
      resource: 'https://bank.example',
      token_endpoint: 'https://evil.example/token',
      revocation_endpoint: 'https://evil.example/revoke',
    },
    ...{
      network: 'loopback',
      step_ups: 1,
      renewals: 3,
      renewals_since: 5,
      refusals: 2,
      flow: 'workload',
      workload_token_file: '/etc/passwd',
    },
    ...{
      id_token_file: '/etc/passwd',
      identity_provider: 'https://evil.example',
      identity_provider_client_id: 'x',
      issued_for: 'https://b.example',
    },
  };
  const theirs = { ...client, client_secret: 'theirs', scope: 'x', grant_types: ['x'], registered_for: url, private_key_file: '/k' };
  const options = {
    issuer: 'https://evil.example',
    prompt: 'none',
    scope: 'kept',
    trust_endpoints: 'evil.example',
    metadata_url: 'https://evil.example',
  };
  const entry = { type: 'http', url, auth: whole, login_options: options, trusted_issuer: 'https://evil.example', headers: { a: 'b' } };
  const document = { mcpServers: { demo: entry }, oauthClients: { 'https://as.example': [theirs] } };
  const imported = run('import', { store, stdin: { text: JSON.stringify(document) } });
  expect(await imported.exit, imported.stderr).toBe(0);
  const { token, refresh_token, issuer, client_id } = auth;
  expect(readStore(store)).toEqual({
    mcpServers: {
      demo: {
        type: 'http',
        url,
        login_options: { scope: 'kept' },
        auth: {
          ...{ type: 'dpop', token, refresh_token, issuer, client_id, expires_at: 4_000_000_000, issued_at: 1, ended_at: 3 },
          ...{ scope: 's', requested_scope: 's', dpop_key: { kty: 'EC' }, issued_for: url, network: 'public' },
          imported_with: expect.any(String) as string,
        },
      },
    },
    oauthClients: {
      'https://as.example': [{ client_id, client_secret: 'theirs', token_endpoint_auth_method: 'none', obtained_by: 'import' }],
    },
  });
  for (const words of ['--trust-issuer', '--issuer', '--prompt none', '--trust-endpoints', '--metadata-url', '--header a'])
    expect(imported.stderr).toContain(words);
});

test('neither a known client nor a login that can be renewed is replaced without --replace', async () => {
  const known = { ...client, client_id: 'c', redirect_uris: ['http://127.0.0.1:7/callback'] };
  const mine = { type: 'bearer', token: 'mine', refresh_token: 'm', issuer: 'https://as.example', client_id: 'mine' };
  const before = { mcpServers: { demo: { type: 'http', url, auth: mine } }, oauthClients: { 'https://as.example': [known] } };
  const store = temporaryStore(before);
  const refused = run('import', { store, stdin: { text: JSON.stringify(here) } });
  expect(await refused.exit).toBe(2);
  expect(refused.stderr).toContain('pass --replace');
  expect(readStore(store)).toEqual(before);
  expect(await run('import --replace', { store, stdin: { text: JSON.stringify(here) } }).exit).toBe(0);
  expect(readStore(store).mcpServers.demo.auth.token).toBe(auth.token);
  expect(readStore(store).oauthClients?.['https://as.example']).toEqual([known]);
});

test.each([
  { line: 'export none', code: 2, said: 'no server named "none"' },
  { line: 'export empty', code: 3, said: 'There is no login to empty' },
  { line: 'import', code: 2, stdin: 'none' as const, said: 'from stdin' },
  { line: 'import', code: 1, stdin: { text: '{"secret-1"' }, said: 'is not valid JSON' },
  { line: 'import', code: 2, stdin: { text: '' }, said: 'contains no login' },
  {
    line: 'import',
    code: 2,
    stdin: { text: JSON.stringify({ mcpServers: { 'a b': { url, auth } } }) },
    said: 'cannot be the name of a server',
  },
  {
    line: 'import',
    code: 2,
    stdin: { text: JSON.stringify({ mcpServers: { a: { url: 'file:///x', auth } } }) },
    said: 'not an http(s) URL',
  },
  { line: 'import', code: 2, stdin: { text: JSON.stringify({ mcpServers: { empty: { url, auth } } }) }, said: 'The name empty is taken' },
])('$line: $said', async ({ line, code, stdin = 'none' as const, said }) => {
  const before = { mcpServers: { empty: { type: 'http', url: 'https://e.example' } } };
  const store = temporaryStore(before);
  const wrong = run(line, { store, stdin });
  expect(await wrong.exit).toBe(code);
  expect(wrong.stderr).toContain(said);
  expect(wrong.stderr).not.toContain('secret-');
  expect(readStore(store)).toEqual(before);
});

test('import reports which options it imports; none of them replaces a security parameter of the request', async () => {
  const server = await fakeServer();
  const options = {
    prompt: 'login',
    authorize_params: { audience: 'a', redirect_uri: 'https://evil.example', code_challenge_method: 'plain', state: 's' },
    allow_missing_pkce_metadata: true,
  };
  const entry = { url: server.url, auth, headers: { 'X-Key': '${HOME}' }, login_options: options };
  const store = temporaryStore();
  const imported = run('import', { store, stdin: { text: JSON.stringify({ mcpServers: { demo: entry } }) } });
  expect(await imported.exit, imported.stderr).toBe(0);
  expect(imported.stderr).toContain('Imported options: “--prompt login”');
  expect(imported.stderr).toContain('Options not imported: “');
  for (const words of ['--authorize-param audience=a', '--allow-missing-pkce-metadata', '--header x-key'])
    expect(imported.stderr).toContain(words);
  expect(readStore(store).mcpServers.demo).not.toHaveProperty('headers');
  const { request } = await logInByPaste(['demo'], { store });
  expect(Object.fromEntries(request ?? [])).toMatchObject({ prompt: 'login', code_challenge_method: 'S256' });
  expect(request?.has('audience')).toBe(false);
  expect(request?.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:/);
  expect(request?.get('state')).not.toBe('s');
});
