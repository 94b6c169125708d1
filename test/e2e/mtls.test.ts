/** Servers that ask for a TLS client certificate (RFC 8705), by the built command, which trusts their authority. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { command } from '../helpers/build.js';
import { makeCertificates, makeClientCertificate } from '../helpers/certificates.js';
import { guarded } from '../helpers/fake-mcp.js';
import { metadata, startFakeServer, type FakeServer } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { piped } from '../helpers/piped.js';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-mtls-'));
const at = (name: string) => path.join(folder, name);
beforeAll(() => {
  makeCertificates(folder, ['localhost']);
  makeClientCertificate(folder);
  writeFileSync(at('both.pem'), readFileSync(at('client.pem'), 'utf8') + readFileSync(at('client.key'), 'utf8'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A server that rejects connections without a client certificate. */
async function closed(changes: Record<string, unknown> = {}): Promise<FakeServer> {
  const [key, cert, ca] = ['key.pem', 'cert.pem', 'ca.pem'].map((name) => readFileSync(at(name)));
  const server = await startFakeServer(
    (origin) => [
      guarded({ status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } }),
      { want: 'GET /.well-known/oauth-authorization-server', respond: { json: metadata(origin, changes) } },
    ],
    { key, cert, ca, requestCert: true, rejectUnauthorized: true },
  );
  onTestFinished(() => server.close());
  return server;
}

function start(words: readonly string[], store: string) {
  const env = { PATH: process.env['PATH'], HOME: folder, MCP_AUTH_STORE: store, NODE_EXTRA_CA_CERTS: at('ca.pem') };
  return piped(spawn(process.execPath, [command, ...words], { env, stdio: ['pipe', 'pipe', 'pipe'] }));
}

async function logInWithCertificate(server: FakeServer, store: string, words: readonly string[]) {
  const login = start(['login', server.url, '--name', 'closed', '--no-browser', '--flow', 'paste', ...words], store);
  const shown = await login.shown(/^(https:\S+state=\S+)$/m);
  const request = new URL(shown).searchParams;
  login.child.stdin.end(`${request.get('redirect_uri')}?code=c&state=${request.get('state')}\n`);
  return { exit: await login.exit, ...login.output };
}

test.each([
  { form: 'two files', words: () => ['--client-cert', at('client.pem'), '--client-key', at('client.key')] },
  { form: 'one file', words: () => ['--client-cert', at('both.pem')] },
])('a certificate in $form is shown at each step, named in the store, and used by whatever follows', async ({ words }) => {
  const server = await closed();
  const store = temporaryStore();
  const login = await logInWithCertificate(server, store, words());
  expect(login.exit, login.stderr).toBe(0);
  expect(login.stderr).toContain('has 1 tool');
  const entry = readStore(store).mcpServers.closed;
  expect(entry.login_options.client_cert).toBe(words()[1]);
  expect(readFileSync(store, 'utf8')).not.toContain('PRIVATE');
  for (const command of [
    ['refresh', 'closed'],
    ['doctor', 'closed'],
    ['logout', 'closed'],
  ]) {
    const run = start(command, store);
    run.child.stdin.end();
    expect(await run.exit, run.output.stderr).toBe(0);
  }
  expect(server.asked('POST /revoke').length).toBeGreaterThan(0);
});

test('the bridge shows it too', async () => {
  const server = await closed();
  const store = temporaryStore();
  await logInWithCertificate(server, store, ['--client-cert', at('both.pem')]);
  const bridge = start(['bridge', 'closed'], store);
  bridge.child.stdin.end('{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n');
  expect(await bridge.exit).toBe(0);
  expect(bridge.output.stdout).toContain('"result"');
});

test('where the authorization server has other endpoints for it (RFC 8705 section 5), those are asked', async () => {
  const server = await closed();
  const aliases = await closed({ mtls_endpoint_aliases: { token_endpoint: `${server.origin}/token` } });
  const store = temporaryStore();
  const words = ['--client-cert', at('both.pem')];
  // On one machine, each port counts as a separate site.
  const login = await logInWithCertificate(aliases, store, [...words, '--trust-endpoints', new URL(server.origin).host]);
  expect(login.exit, login.stderr).toBe(0);
  expect(server.asked('POST /token')).toHaveLength(1);
  expect(aliases.asked('POST /token')).toHaveLength(0);
  expect(readStore(store).mcpServers.closed.auth.token_endpoint).toBe(`${server.origin}/token`);
});

test('the certificate is all the proof where the client proves itself by it', async () => {
  const server = await closed({ token_endpoint_auth_methods_supported: ['tls_client_auth'] });
  const store = temporaryStore();
  const login = await logInWithCertificate(server, store, [
    '--client-cert',
    at('both.pem'),
    '--client-id',
    'me',
    '--token-auth-method',
    'tls_client_auth',
  ]);
  expect(login.exit, login.stderr).toBe(0);
  expect(server.asked('POST /token')[0]?.body).toMatchObject({ client_id: 'me' });
  expect(server.asked('POST /token')[0]?.body).not.toHaveProperty('client_secret');
});

test('without one, the message names the option', async () => {
  const server = await closed();
  const login = start(['login', server.url, '--no-browser'], temporaryStore());
  login.child.stdin.end();
  expect(await login.exit).toBe(6);
  expect(login.output.stderr).toContain('--client-cert FILE --client-key FILE');
});

test('a file that is not a certificate is reported before the first request', async () => {
  const server = await closed();
  const login = start(['login', server.url, '--no-browser', '--client-cert', at('ca.key')], temporaryStore());
  login.child.stdin.end();
  expect(await login.exit).toBe(1);
  expect(login.output.stderr).toContain('cannot be used with the key');
  expect(server.requests).toEqual([]);
});
