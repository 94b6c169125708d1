/** Client authentication: RFC 6749 section 2.3, RFC 7523 section 2.2. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { metadata, type Exchange } from '../helpers/fake-server.js';
import { readStore, temporaryStore, temporaryFolder } from '../helpers/folder.js';
import { decodeJwt, isSignedBy, keyFor } from '../helpers/jwt.js';
import { run, type RunOptions } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

const withMetadata = (origin: string, changes: Record<string, unknown>): Exchange => ({
  want: 'GET /.well-known/oauth-authorization-server',
  respond: { json: metadata(origin, changes) },
});

/** A device login at a server with this metadata. */
async function logInAsClient(options: string, changes: Record<string, unknown>, more: Partial<RunOptions> = {}) {
  const server = await fakeServer((origin) => [withMetadata(origin, changes)]);
  const store = more.store ?? temporaryStore();
  const running = run(`login ${server.url} --no-browser --no-verify --flow device --name fake ${options}`, { ...more, store });
  return { server, store, running };
}

const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const secretOnly = { token_endpoint_auth_methods_supported: ['client_secret_basic'] };

describe('a pre-registered client', () => {
  test('its secret comes from the environment, is sent in one place, and is stored for the next login', async () => {
    const { server, store, running } = await logInAsClient('--client-id mine', secretOnly, { env: { MCP_AUTH_CLIENT_SECRET: 's e/c' } });
    expect(await running.exit).toBe(0);
    expect(server.asked('POST /register')).toEqual([]);
    const [token] = server.asked('POST /token');
    expect(token?.headers.authorization).toBe(basic('mine', 's+e%2Fc'));
    expect(token?.body).not.toHaveProperty('client_secret');
    expect(readStore(store).oauthClients[server.origin]).toMatchObject([
      { client_id: 'mine', client_secret: 's e/c', token_endpoint_auth_method: 'client_secret_basic', obtained_by: 'pre_registration' },
    ]);

    const [before] = readStore(store).oauthClients[server.origin];
    const again = run('login fake --no-browser --no-verify --flow device --client-id mine', { store });
    expect(await again.exit).toBe(0);
    expect(readStore(store).oauthClients[server.origin]).toEqual([before]);
    const nameOnly = run('login fake --no-browser --no-verify --flow device', { store });
    expect(await nameOnly.exit).toBe(0);
    expect(server.asked('POST /token').at(-1)?.headers.authorization).toBe(basic('mine', 's+e%2Fc'));
  });

  test('its secret comes from the first line of stdin', async () => {
    const { server, running } = await logInAsClient('--client-id mine --client-secret-stdin', secretOnly, { stdin: { text: 'typed\n' } });
    expect(await running.exit).toBe(0);
    expect(server.asked('POST /token')[0]?.headers.authorization).toBe(basic('mine', 'typed'));
  });

  test('its secret comes from a hidden prompt, before the user is sent to approve', async () => {
    const { server, running } = await logInAsClient('--client-id mine', secretOnly, { stdin: 'terminal' });
    await running.shown(/Secret of the client at 127\.0\.0\.1:\d+ \(none/);
    expect(server.asked('POST /device')).toEqual([]);
    running.type('hidden-words\r');
    expect(await running.exit).toBe(0);
    expect(running.stderr).not.toContain('hidden-words');
    expect(server.asked('POST /token')[0]?.headers.authorization).toBe(basic('mine', 'hidden-words'));
  });

  test('without a secret, at a server that lists no public clients, it is tried as a public one, and a message says so', async () => {
    const { server, running } = await logInAsClient('--client-id mine', secretOnly);
    expect(await running.exit).toBe(0);
    expect(running.stderr).toContain('Continuing without one. Set MCP_AUTH_CLIENT_SECRET');
    expect(server.asked('POST /token')[0]?.headers.authorization).toBeUndefined();
    expect(server.asked('POST /token')[0]?.body['client_id']).toBe('mine');
  });

  test('an empty answer to the prompt means a public client', async () => {
    const { server, running } = await logInAsClient('--client-id mine', secretOnly, { stdin: 'terminal' });
    await running.shown(/none for a public client/);
    running.type('\r');
    expect(await running.exit).toBe(0);
    expect(server.asked('POST /token')[0]?.headers.authorization).toBeUndefined();
  });

  test('a secret that the server repeats is redacted', async () => {
    const server = await fakeServer((origin) => [
      withMetadata(origin, secretOnly),
      {
        want: 'POST /token',
        respond: ({ body }) => ({
          status: 400,
          json: { error: 'invalid_request', error_description: `you sent CANARY-1+x and ${String(body['device_code'])}` },
        }),
      },
      {
        want: 'POST /device',
        respond: { json: { device_code: 'CANARY-2', user_code: 'A', verification_uri: `${origin}/device`, expires_in: 600 } },
      },
    ]);
    const running = run(`login ${server.url} --no-browser --flow device --client-id mine --json`, {
      store: temporaryStore(),
      env: { MCP_AUTH_CLIENT_SECRET: 'CANARY-1+x' },
    });
    expect(await running.exit).toBe(1);
    expect(running.stderr + running.stdout).toContain('you sent');
    expect(running.stderr + running.stdout).not.toContain('CANARY');
  });

  test('a secret is not sent to another issuer, even if the client is named, unless the issuer is named too', async () => {
    const { store, running } = await logInAsClient('--client-id mine', secretOnly, { env: { MCP_AUTH_CLIENT_SECRET: 's' } });
    expect(await running.exit).toBe(0);
    const other = await fakeServer();
    const moved = readStore(store);
    moved.mcpServers.fake.url = other.url;
    writeFileSync(store, JSON.stringify(moved));
    const words = 'login fake --no-browser --no-verify --flow device --client-id mine';
    expect(await run(words, { store, env: { MCP_AUTH_CLIENT_SECRET: 's' } }).exit).toBe(1);
    expect(other.asked('POST /device')).toEqual([]);
    expect(await run(`${words} --issuer ${other.origin}`, { store, env: { MCP_AUTH_CLIENT_SECRET: 's' } }).exit).toBe(0);
  });

  test('a pre-registered client of one server is not used for another server with the same issuer', async () => {
    const { server, store, running } = await logInAsClient('--client-id mine', {}, { env: { MCP_AUTH_CLIENT_SECRET: 's' } });
    expect(await running.exit).toBe(0);
    const second = await fakeServer((origin) => [
      { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [server.origin] } } },
    ]);
    expect(await run(`login ${second.url} --no-browser --no-verify --flow device --name second`, { store }).exit).toBe(0);
    expect(server.asked('POST /device').at(-1)?.body['client_id']).toBe('client-1');
    expect(readStore(store).oauthClients[server.origin]).toHaveLength(2);
  });

  test('a public client needs no secret', async () => {
    const { server, running } = await logInAsClient('--client-id mine', {
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic'],
    });
    expect(await running.exit).toBe(0);
    expect(server.asked('POST /token')[0]?.body['client_id']).toBe('mine');
    expect(server.asked('POST /token')[0]?.headers.authorization).toBeUndefined();
  });

  test('there is no option for the secret: other users can read argv', async () => {
    const { running } = await logInAsClient('--client-id mine --client-secret s', {});
    expect(await running.exit).toBe(2);
  });

  test('it is not sent to another issuer', async () => {
    const { server, store, running } = await logInAsClient('--client-id mine', {}, { env: { MCP_AUTH_CLIENT_SECRET: 's' } });
    expect(await running.exit).toBe(0);
    const other = await fakeServer((origin) => [{ want: 'POST /register', respond: { status: 404, text: origin } }]);
    const moved = readStore(store);
    moved.mcpServers.fake.url = other.url;
    writeFileSync(store, JSON.stringify(moved));
    const again = run('login fake --no-browser --no-verify --flow device', { store });
    expect(await again.exit).toBe(1);
    expect(again.stderr).toContain(`The client mine is registered with ${server.origin}, but the server now names ${other.origin}.`);
    expect(other.requests.map(({ line }) => line)).not.toContain('POST /device');
  });
});

describe('the method, if the registration names none', () => {
  test.each([
    { supported: undefined, header: true, field: undefined },
    // Post is requested, because it comes first, and the response names no other.
    { supported: ['client_secret_post', 'client_secret_basic'], header: false, field: 's' },
    { supported: ['client_secret_basic', 'client_secret_post'], header: true, field: undefined },
    { supported: ['client_secret_post'], header: false, field: 's' },
    { supported: ['client_secret_post', 'private_key_jwt'], header: false, field: 's' },
    { supported: ['none'], header: false, field: undefined },
  ])('the server supports $supported', async ({ supported, header, field }) => {
    const server = await fakeServer((origin) => [
      withMetadata(origin, { token_endpoint_auth_methods_supported: supported }),
      { want: 'POST /register', respond: { status: 201, json: { client_id: 'c', client_secret: 's' } } },
    ]);
    const store = temporaryStore();
    expect(await run(`login ${server.url} --no-browser --no-verify --flow device --name fake`, { store }).exit).toBe(0);
    expect(await run('token fake --min-ttl 99999', { store }).exit).toBe(0);
    const tokens = server.asked('POST /token');
    expect(tokens.map(({ body }) => body['grant_type'])).toEqual([deviceGrant, 'refresh_token']);
    for (const { headers, body } of tokens) {
      expect(headers.authorization).toBe(header ? basic('c', 's') : undefined);
      expect(body['client_secret']).toBe(field);
    }
  });

  test('a secret that is registered with the method none is not used', async () => {
    const server = await fakeServer(() => [
      { want: 'POST /register', respond: { json: { client_id: 'c', client_secret: 's', token_endpoint_auth_method: 'none' } } },
    ]);
    const running = run(`login ${server.url} --no-browser --no-verify --flow device`, { store: temporaryStore() });
    expect(await running.exit).toBe(0);
    expect(server.asked('POST /token')[0]?.headers.authorization).toBeUndefined();
    expect(server.asked('POST /token')[0]?.body).not.toHaveProperty('client_secret');
  });

  test('a refresh uses the client authentication of the login', async () => {
    const { server, store, running } = await logInAsClient(
      '--client-id mine',
      { token_endpoint_auth_methods_supported: ['client_secret_post'] },
      {
        env: { MCP_AUTH_CLIENT_SECRET: 's' },
      },
    );
    expect(await running.exit).toBe(0);
    expect(await run('token fake --min-ttl 99999', { store }).exit).toBe(0);
    const refresh = server.asked('POST /token').at(-1);
    expect(refresh?.body).toMatchObject({ grant_type: 'refresh_token', client_secret: 's' });
    expect(refresh?.headers.authorization).toBeUndefined();
  });
});

describe('private_key_jwt', () => {
  const jwtOnly = { token_endpoint_auth_methods_supported: ['private_key_jwt'] };

  function keyFile(content: string): string {
    const file = path.join(temporaryFolder(), 'key');
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  }

  test.each([
    { algorithm: 'RS256', form: 'pkcs8' },
    { algorithm: 'RS256', form: 'pkcs1' },
    { algorithm: 'PS256', form: 'pkcs8' },
    { algorithm: 'ES256', form: 'pkcs8' },
    { algorithm: 'ES256', form: 'sec1' },
    { algorithm: 'ES384', form: 'jwk' },
    { algorithm: 'ES512', form: 'pkcs8' },
    { algorithm: 'EdDSA', form: 'pkcs8' },
    { algorithm: 'EdDSA', form: 'jwk' },
  ] as const)('$algorithm from $form: a JWT for this server, signed by the key', async ({ algorithm, form }) => {
    const { privateKey, publicKey } = keyFor(algorithm);
    const content =
      form === 'jwk'
        ? JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'key-1' })
        : String(privateKey.export({ format: 'pem', type: form }));
    const { server, store, running } = await logInAsClient(`--client-id mine --private-key ${keyFile(content)}`, {
      ...jwtOnly,
      token_endpoint_auth_signing_alg_values_supported: ['none', algorithm],
    });
    expect(await running.exit).toBe(0);
    for (const { body } of [...server.asked('POST /device'), ...server.asked('POST /token')]) {
      expect(body['client_assertion_type']).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
      const { header, claims } = decodeJwt(body['client_assertion']);
      expect(header['alg']).toBe(algorithm);
      expect(header['kid']).toBe(form === 'jwk' ? 'key-1' : undefined);
      expect(claims).toMatchObject({ iss: 'mine', sub: 'mine', aud: server.origin });
      expect(Number(claims['exp']) - Number(claims['iat'])).toBeLessThanOrEqual(300);
      expect(isSignedBy(body['client_assertion'], publicKey)).toBe(true);
    }
    // The store contains only the path of the key file.
    const text = JSON.stringify(readStore(store));
    expect(text).toContain('private_key_file');
    expect(text).not.toContain('PRIVATE KEY');
    expect(text).not.toContain('"d"');
    const jtis = [...server.asked('POST /device'), ...server.asked('POST /token')].map(
      ({ body }) => decodeJwt(body['client_assertion']).claims['jti'],
    );
    expect(new Set(jtis).size).toBe(jtis.length);
  });

  test.each([
    { what: 'no file', file: '/does/not/exist', said: 'cannot be read (ENOENT)' },
    { what: 'a folder', file: '/', said: 'cannot be read (EISDIR)' },
    { what: 'no key', content: 'hello', said: 'neither PEM nor a JWK' },
    { what: 'broken JSON', content: '{"kty": "EC", "d": "secret-d"', said: 'neither PEM nor a JWK' },
    {
      what: 'a public key',
      content: String(keyFor('ES256').publicKey.export({ format: 'pem', type: 'spki' })),
      said: 'neither PEM nor a JWK',
    },
    {
      what: 'an encrypted key',
      content: String(keyFor('ES256').privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' })),
      said: 'it is encrypted',
    },
    {
      what: 'an unsuitable algorithm',
      content: JSON.stringify({ ...keyFor('ES256').privateKey.export({ format: 'jwk' }), alg: 'RS256' }),
      said: 'cannot sign a JWT',
    },
  ])('$what: reported before the user is sent to approve, and not quoted', async ({ file, content = '', said }) => {
    const { server, running } = await logInAsClient(`--client-id mine --private-key ${file ?? keyFile(content)}`, jwtOnly);
    expect(await running.exit).toBe(1);
    expect(running.stderr).toContain(said);
    expect(running.stderr).not.toContain('secret-d');
    expect(server.asked('POST /device')).toEqual([]);
  });

  test('the next login of the same client uses the same key', async () => {
    const key = keyFile(String(keyFor('ES256').privateKey.export({ format: 'pem', type: 'pkcs8' })));
    const { server, store, running } = await logInAsClient(`--client-id mine --private-key ${key}`, jwtOnly);
    expect(await running.exit).toBe(0);
    expect(await run('login fake --no-browser --no-verify --flow device --client-id mine', { store }).exit).toBe(0);
    expect(server.asked('POST /token')[1]?.body).toHaveProperty('client_assertion');
  });

  test('a key without a client is a usage error', async () => {
    const { running } = await logInAsClient('--private-key key.pem', jwtOnly);
    expect(await running.exit).toBe(2);
  });
});
