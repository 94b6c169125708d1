import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { metadata, type Exchange } from '../helpers/fake-server.js';
import { readStore, temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { loginAt } from '../helpers/login-at.js';
import { Person } from '../helpers/person.js';
import { run, type RunOptions } from '../helpers/run.js';
import { fakeServer, realServers } from '../helpers/servers.js';

interface Finding {
  readonly step: string;
  readonly verdict: string;
  readonly seen: string;
  readonly hint?: string;
}

async function examined(line: string, options: RunOptions) {
  const doctor = run(`doctor ${line} --json`, { ...options, env: { HOME: temporaryFolder(), ...options.env } });
  const code = await doctor.exit;
  const findings = JSON.parse(doctor.stdout) as Finding[];
  return { code, findings, step: (name: string) => findings.filter(({ step }) => step === name), text: doctor.stdout };
}

const now = Math.floor(Date.now() / 1000);

/** A login to the fake server that is valid for an hour, with the changes of a test. */
function loginTo(url: string, changes: object = {}, auth: object = {}) {
  const login = loginAt({ origin: new URL(url).origin, url }, { token: 'access-0', expires_at: now + 3600, ...auth });
  return { mcpServers: { fake: { url, auth: login, ...changes } } };
}

test('a login that works, from the server to the app that uses it', async () => {
  const { mcpServer, authorizationServer } = await realServers();
  const store = temporaryStore();
  const home = temporaryFolder();
  const env = { HOME: home };
  const login = run(`login ${mcpServer.url} --no-browser --name example`, { store, env });
  const code = await login.shown(/\n([A-Z]{4}-[A-Z]{4})\n/);
  await new Person().approveDevice(`${authorizationServer.issuer}/device`, code);
  expect(await login.exit).toBe(0);
  expect(await run('connect claude-code example', { store, env }).exit).toBe(0);

  const { code: exit, findings, step, text } = await examined('', { store, env });
  expect(exit).toBe(0);
  expect(findings.filter(({ verdict, step }) => verdict !== 'fine' && step !== 'Flow')).toEqual([]);
  const { host } = new URL(mcpServer.url);
  expect(step('MCP server')[0]?.seen).toMatch(new RegExp(`^${host} responded in \\d+ ms \\(status 401, this machine\\)$`));
  expect(step('Protected-resource metadata')[0]?.seen).toContain('/.well-known/oauth-protected-resource/mcp names');
  expect(step('Authorization server metadata')[0]?.seen).toBe(
    `found at ${authorizationServer.issuer}/.well-known/oauth-authorization-server`,
  );
  expect(step('Issuer')[0]?.seen).toBe(`is ${authorizationServer.issuer}, as expected`);
  expect(step('PKCE')[0]?.seen).toBe('S256');
  expect(step('Client registration')[0]?.seen).toContain('is in the store; dynamic registration');
  expect(step('Scopes')[0]?.seen).toContain('a login requests “tools:call offline_access”; the stored login has “tools:call”');
  expect(step('Flow').map(({ seen }) => seen)).toContain('device can run (default)');
  expect(step('Flow').map(({ seen }) => seen)).toContain('browser cannot run: this machine has no display');
  expect(step('Login')[0]?.seen).toEqual(
    expect.stringMatching(/^example: its token expires in (59 minutes|1 hour), and is renewed automatically$/),
  );
  expect(step('Live call')[0]?.seen).toBe('“demo-server 1.0.0” accepts the token and has 2 tools');
  expect(step('App')[0]?.seen).toBe(`Claude Code is connected to example (helper) in ${path.join(home, '.claude.json')}`);

  const { token, refresh_token: refreshToken } = readStore(store).mcpServers.example.auth as Record<string, string>;
  for (const secret of [token, refreshToken]) expect(text).not.toContain(secret);
});

test('the output is one line per check, with a mark, and the hint below it', async () => {
  const { url, close } = await fakeServer();
  await close();
  const doctor = run(`doctor ${url}`, { store: temporaryStore(), env: { HOME: temporaryFolder() } });
  expect(await doctor.exit).toBe(6);
  const lines = doctor.stdout.split('\n');
  expect(lines[0]).toMatch(/^✓ mcp-auth: version \d+\.\d+\.\d+, Node \d+\.\d+\.\d+, \w+ \w+$/);
  const failure = lines.findIndex((line) => line.startsWith('✗ '));
  expect(lines[failure]).toBe(`✗ MCP server (RFC 9110): ${new URL(url).host} could not be reached: connection refused.`);
  expect(lines[failure + 1]).toMatch(/^ {4}Check the URL/);
  expect(doctor.stdout).toContain(`! Login: no login found\n    Run: mcp-auth login ${url}\n`);
});

describe('each failing check is named', () => {
  const asMetadata = (changes: object) => (origin: string) => [
    { want: 'GET /.well-known/oauth-authorization-server', respond: { json: metadata(origin, changes as Record<string, unknown>) } },
  ];
  const rows: {
    what: string;
    change: (origin: string) => Exchange[];
    step: string;
    verdict: string;
    seen: RegExp;
    hint?: RegExp;
    code?: number;
  }[] = [
    {
      what: 'a 401 that says nothing',
      change: (origin) => [
        { want: 'POST /mcp', respond: { status: 401 } },
        {
          want: 'GET /.well-known/oauth-protected-resource/mcp',
          respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin] } },
        },
      ],
      step: 'Challenge',
      verdict: 'warning',
      seen: /^status 401 without WWW-Authenticate$/,
    },
    {
      what: 'the metadata of another resource',
      change: () => [{ want: 'GET /prm', respond: { json: { resource: 'https://other.example/mcp', authorization_servers: [] } } }],
      step: 'Protected-resource metadata',
      verdict: 'failure',
      seen: /is for the resource “https:\/\/other\.example\/mcp”/,
      code: 1,
    },
    {
      what: 'another issuer',
      change: asMetadata({ issuer: 'https://other.example' }),
      step: 'Authorization server metadata',
      verdict: 'failure',
      seen: /is the metadata of “https:\/\/other\.example”/,
      hint: /--trust-issuer/,
      code: 1,
    },
    {
      what: 'no word of PKCE',
      change: asMetadata({ code_challenge_methods_supported: undefined }),
      step: 'PKCE',
      verdict: 'warning',
      seen: /^not mentioned in the metadata$/,
      hint: /--allow-missing-pkce-metadata/,
    },
    {
      what: 'plain PKCE',
      change: asMetadata({ code_challenge_methods_supported: ['plain'] }),
      step: 'PKCE',
      verdict: 'failure',
      seen: /S256 is not among the supported methods: “plain”/,
      code: 1,
    },
    {
      what: 'no registration',
      change: asMetadata({ registration_endpoint: undefined }),
      step: 'Client registration',
      verdict: 'failure',
      seen: /does not support dynamic client registration$/,
      hint: /--client-id ID/,
      code: 1,
    },
    {
      what: 'documents only, and none is set',
      change: asMetadata({ registration_endpoint: undefined, client_id_metadata_document_supported: true }),
      step: 'Client registration',
      verdict: 'failure',
      seen: /does not support dynamic client registration, but accepts client ID metadata documents$/,
      code: 1,
    },
    {
      what: 'no device codes',
      change: asMetadata({ device_authorization_endpoint: undefined }),
      step: 'Device authorization',
      verdict: 'warning',
      seen: /^not supported$/,
      hint: /paste/,
    },
    {
      what: 'no flow that can run',
      change: asMetadata({ device_authorization_endpoint: undefined, authorization_endpoint: undefined }),
      step: 'Flow',
      verdict: 'failure',
      seen: /^No flow can be used here: browser: .*; device: .*; paste: /,
      code: 1,
    },
    {
      what: 'a server for everybody',
      change: () => [{ want: 'POST /mcp', respond: { json: {} } }],
      step: 'Challenge',
      verdict: 'warning',
      seen: /^none: .* responds without a token \(status 200\)$/,
    },
    {
      what: 'a page in its place',
      change: () => [{ want: 'POST /mcp', respond: { status: 200, text: 'no' } }],
      step: 'Protected-resource metadata',
      verdict: 'failure',
      seen: /does not respond like an MCP server/,
      code: 1,
    },
    {
      what: 'a server that fails',
      change: () => [{ want: 'POST /mcp', respond: 'drop' }],
      step: 'MCP server',
      verdict: 'failure',
      seen: /could not be reached/,
      code: 6,
    },
  ];
  test.each(rows)('$what', async ({ change, step, verdict, seen, hint, code = 0 }) => {
    const { url } = await fakeServer(change);
    const result = await examined(url, { store: temporaryStore() });
    const found = result.findings.find((one) => one.step === step && one.verdict === verdict);
    expect(found?.seen).toMatch(seen);
    if (hint) expect(found?.hint).toMatch(hint);
    expect(result.code).toBe(code);
  });
});

test('a clock that is wrong', async () => {
  const ago = new Date(Date.now() - 600_000).toUTCString();
  const { url } = await fakeServer((origin) => [
    { want: 'POST /mcp', respond: { status: 401, headers: { date: ago, 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } } },
  ]);
  const { step } = await examined(url, { store: temporaryStore() });
  expect(step('Clock')[0]).toMatchObject({
    verdict: 'warning',
    seen: expect.stringMatching(/^is (599|60[01]) s ahead of the clock of the server/) as string,
  });
});

describe('the login in the store', () => {
  const rows: { what: string; auth: object; verdict: string; seen: RegExp; code: number }[] = [
    {
      what: 'expired, without a refresh token',
      auth: { expires_at: now - 7300, refresh_token: undefined },
      verdict: 'failure',
      seen: /^fake: its token expired 2 hours ago, and there is no refresh token$/,
      code: 3,
    },
    {
      what: 'ended',
      auth: { ended_at: now - 60 },
      verdict: 'failure',
      seen: /^fake: its refresh token was rejected by the authorization server$/,
      code: 3,
    },
    {
      what: 'of a server that gives no refresh tokens',
      auth: { refresh_token: undefined },
      verdict: 'warning',
      seen: /and there is no refresh token$/,
      code: 0,
    },
  ];
  test.each(rows)('$what', async ({ auth, verdict, seen, code }) => {
    const { url } = await fakeServer(() => [
      {
        want: 'POST /mcp',
        respond: ({ headers, body }) =>
          headers.authorization === undefined
            ? { status: 401 }
            : {
                json: {
                  jsonrpc: '2.0',
                  id: body['id'] ?? 0,
                  result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'fake', version: '1' } },
                },
              },
      },
    ]);
    const store = temporaryStore(loginTo(url, {}, auth));
    for (const line of ['fake', ''])
      expect((await examined(line, { store })).step('Login')[0]).toMatchObject({ verdict, seen: expect.stringMatching(seen) as string });
    const result = await examined('fake', { store });
    expect(result.code).toBe(code);
    expect(result.text).not.toMatch(/access-0|refresh-0/);
  });

  test('of several servers, each, where none is named', async () => {
    const one = loginTo('https://one.example/mcp').mcpServers.fake;
    const store = temporaryStore({
      mcpServers: { one, two: { ...one, auth: { ...one.auth, ended_at: now } }, three: { url: 'https://three.example' } },
    });
    const { step, code, findings } = await examined('', { store });
    expect(step('Logins').map(({ verdict, seen }) => `${verdict} ${seen.split(':')[0]}`)).toEqual(['fine one', 'failure two']);
    expect(code).toBe(3);
    expect(findings.some(({ step: name }) => name === 'MCP server')).toBe(false);
  });

  test('is renewed for the live call when its token has expired, and a rejected token is reported', async () => {
    const { url, asked } = await fakeServer();
    const store = temporaryStore(loginTo(url, {}, { expires_at: now - 10 }));
    const { step, code } = await examined('fake', { store });
    expect(step('Live call')[0]).toMatchObject({ verdict: 'failure', seen: expect.stringContaining('rejected the token') as string });
    expect(code).toBe(1);
    expect(asked('POST /token')).toHaveLength(1);
    expect(readStore(store).mcpServers.fake.auth.token).toBe('access-1');
  });

  test('from another authorization server than the one of now', async () => {
    const { url } = await fakeServer();
    const { step } = await examined('fake', { store: temporaryStore(loginTo(url, {}, { issuer: 'https://before.example' })) });
    expect(step('Issuer')[0]).toMatchObject({
      verdict: 'warning',
      seen: expect.stringContaining('the login is from “https://before.example”') as string,
    });
  });
});

describe('the machine', () => {
  test('a store that others can read, and one that is no JSON', async () => {
    const { url } = await fakeServer();
    const store = temporaryStore({ mcpServers: {} });
    chmodSync(store, 0o644);
    expect((await examined(url, { store })).step('Store')[0]).toMatchObject({
      verdict: 'warning',
      hint: expect.stringContaining(`chmod 600 ${store}`) as string,
    });
    const broken = await examined('', { store: temporaryStore('{') });
    expect(broken.step('Store')[0]?.verdict).toBe('failure');
    expect(broken.code).toBe(1);
  });

  test.each(['lock', 'lock.asking'])('a %s that a process left behind, and one that is held', async (kind) => {
    const store = temporaryStore({ mcpServers: {} });
    const lock = `${store}.fake.${kind}`;
    mkdirSync(lock);
    expect((await examined('', { store })).step('Store: locks')[0]).toMatchObject({
      verdict: 'fine',
      seen: expect.stringContaining(`a process holds ${lock}`) as string,
    });
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const { createLockOwner: thisOwner } = await import('../../src/store/lock-owner.js');
    writeFileSync(path.join(lock, 'owner.json'), JSON.stringify({ ...(await thisOwner('left')), pid }));
    expect((await examined('', { store })).step('Store: locks')[0]).toMatchObject({
      verdict: 'warning',
      seen: `process ${pid} has ended and left ${lock}`,
    });
  });

  test.each([
    [{ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, 'failure', /certificates are not checked/, 1],
    [{ NODE_EXTRA_CA_CERTS: '/no/such.pem' }, 'warning', /file not found: \/no\/such\.pem/, 0],
  ])('certificates: %j', async (env, verdict, seen, code) => {
    const result = await examined('', { store: temporaryStore({}), env });
    expect(result.step('Certificates')[0]).toMatchObject({ verdict, seen: expect.stringMatching(seen) as string });
    expect(result.code).toBe(code);
  });

  test('a proxy is shown without its password, and the server’s URL without its key', async () => {
    const proxy = await fakeServer();
    const { host } = new URL(proxy.url);
    const { text, step } = await examined('https://mcp.example.com/mcp?key=hidden-key', {
      store: temporaryStore({}),
      env: { HTTPS_PROXY: `http://user:hidden-password@${host}` },
    });
    expect(step('Proxy')[0]?.seen).toBe(`mcp.example.com is reached through http://${host}`);
    expect(step('MCP server')[0]?.verdict).toBe('failure');
    expect(text).not.toContain('hidden');
    expect(step('Login')[0]?.hint).toBe("Run: mcp-auth login 'https://mcp.example.com/mcp?key=…'");
  });
});

test('what a server says reaches the terminal quoted, cut and without control characters', async () => {
  const evil = `https://a.example/\u001b]0;owned\u0007\u202e${'x'.repeat(5000)}`;
  const { url } = await fakeServer((origin) => [
    { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [evil, origin], scopes_supported: [evil] } } },
    {
      want: 'GET /.well-known/oauth-authorization-server',
      respond: { json: metadata(origin, { code_challenge_methods_supported: [evil], client_id_metadata_document_supported: evil }) },
    },
  ]);
  const doctor = run(`doctor ${url}`, { store: temporaryStore(), env: { HOME: temporaryFolder() } });
  await doctor.exit;
  expect(doctor.stdout).toContain('✗ PKCE (RFC 7636): S256 is not among the supported methods: “https://a.example/');
  // eslint-disable-next-line no-control-regex -- that is what must not be there
  expect(doctor.stdout).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  expect(Math.max(...doctor.stdout.split('\n').map((line) => line.length))).toBeLessThan(1000);
});

test.each([
  { changes: { headers: { 'X-Key': '${UNSET_HERE}' } }, seen: 'The header x-key names ${UNSET_HERE}, which is not set.' },
  { changes: { login_options: { client_cert: '/nowhere/cert.pem' } }, seen: '/nowhere/cert.pem' },
])('what the server is to be sent and cannot be had is one finding, and the others are there: $seen', async ({ changes, seen }) => {
  const server = await fakeServer();
  const { code, step } = await examined('fake', { store: temporaryStore(loginTo(server.url, changes)) });
  expect(code).not.toBe(0);
  expect(step('Headers and client certificate')).toMatchObject([{ verdict: 'failure', seen: expect.stringContaining(seen) as string }]);
  expect(step('Authorization server metadata')).toMatchObject([{ verdict: 'fine' }]);
});

test('a name that the store does not have is wrong usage', async () => {
  const doctor = run('doctor nobody', { store: temporaryStore({ mcpServers: { a: { url: 'https://a.example' } } }) });
  expect(await doctor.exit).toBe(2);
  expect(doctor.stderr).toContain('The store has a.');
});
