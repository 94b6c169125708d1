/** Logins without a user: RFC 6749 section 4.4, RFC 7523, RFC 8693. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { metadata, type Exchange, type FakeServer } from '../helpers/fake-server.js';
import { readStore, temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { encodeJwt, keyFor } from '../helpers/jwt.js';
import { run, type RunOptions } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** Each token that the server issues is new, and has a lifetime of an hour. */
function counting(more: Record<string, unknown> = {}): Exchange {
  let count = 0;
  return {
    want: 'POST /token',
    respond: () => ({ json: { access_token: `access-${(count += 1)}`, token_type: 'Bearer', expires_in: 3600, ...more } }),
  };
}

function file(content: string): string {
  const name = path.join(temporaryFolder(), 'token');
  writeFileSync(name, content, { mode: 0o600 });
  return name;
}

/** A login without a user, to a named authorization server, unless the options name another one or `more` says not to. */
async function logInUnattended(
  server: FakeServer,
  options: string,
  { named = true, ...more }: Partial<RunOptions> & { named?: boolean } = {},
) {
  const store = more.store ?? temporaryStore();
  const issuer = named && !options.includes('--issuer') ? ` --issuer ${server.origin}` : '';
  const running = run(`login ${server.url} --no-verify --name fake ${options}${issuer}`, { ...more, store });
  return { store, code: await running.exit, said: running.stderr };
}

/** Get a new token for a login whose token has expired. */
async function renewed(store: string, more: Partial<RunOptions> = {}) {
  const running = run('token fake --min-ttl 99999', { ...more, store });
  return { code: await running.exit, token: running.stdout.trim(), said: running.stderr };
}

describe('--flow client-credentials (RFC 6749 section 4.4)', () => {
  test('with a secret: no user is asked, and a new token is requested when the old one expires', async () => {
    const server = await fakeServer((origin) => [
      { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin], scopes_supported: ['work'] } } },
      {
        want: 'GET /.well-known/oauth-authorization-server',
        respond: { json: metadata(origin, { scopes_supported: ['offline_access'] }) },
      },
      counting(),
    ]);
    const { store, code, said } = await logInUnattended(server, '--flow client-credentials --client-id robot', {
      env: { MCP_AUTH_CLIENT_SECRET: 's' },
    });
    expect(code).toBe(0);
    expect(said).not.toContain('Open');
    const asked = server.asked('POST /token')[0];
    // No refresh token is requested: it is not needed (RFC 6749 section 4.4.3).
    expect(asked?.body).toEqual({ grant_type: 'client_credentials', resource: server.url, scope: 'work' });
    expect(asked?.headers.authorization).toBe(`Basic ${Buffer.from('robot:s').toString('base64')}`);
    expect(readStore(store).mcpServers.fake.auth).toMatchObject({ token: 'access-1', flow: 'client-credentials' });

    expect(await renewed(store)).toMatchObject({ code: 0, token: 'access-2' });
    expect(server.asked('POST /token')[1]?.body).toEqual(asked?.body);
    expect(readStore(store).mcpServers.fake.auth).toMatchObject({ token: 'access-2', flow: 'client-credentials' });
    const list = run('list', { store });
    expect(await list.exit).toBe(0);
    expect(list.stdout).toContain('no (client-credentials)');
  });

  test('with a key, which is read from its file each time', async () => {
    const key = file(String(keyFor('ES256').privateKey.export({ format: 'pem', type: 'pkcs8' })));
    const server = await fakeServer(() => [counting()]);
    const { store, code } = await logInUnattended(server, `--flow client-credentials --client-id robot --private-key ${key}`);
    expect(code).toBe(0);
    expect(server.asked('POST /token')[0]?.body).toMatchObject({ grant_type: 'client_credentials', client_id: 'robot' });
    expect(await renewed(store)).toMatchObject({ code: 0, token: 'access-2' });
    writeFileSync(key, 'gone');
    expect(await renewed(store)).toMatchObject({ code: 1, said: expect.stringContaining('The private key cannot be used') as string });
  });

  test.each([
    { options: '', code: 1, said: 'Register a client there by hand' },
    { options: '--client-id robot', code: 1, said: 'MCP_AUTH_CLIENT_SECRET' },
  ])('never with a dynamically registered client, nor without client authentication: %j', async ({ options, code, said }) => {
    const server = await fakeServer();
    const result = await logInUnattended(server, `--flow client-credentials ${options}`);
    expect(result.code).toBe(code);
    expect(result.said).toContain(said);
    expect(server.asked('POST /register')).toEqual([]);
    expect(server.asked('POST /token')).toEqual([]);
  });

  test.each(['--flow client-credentials --client-id robot', '--flow enterprise --client-id robot --id-token-stdin'])(
    'nothing is sent to an authorization server that only the MCP server has named: %s',
    async (options) => {
      const server = await fakeServer();
      const more = {
        named: false,
        env: { MCP_AUTH_CLIENT_SECRET: 's' },
        stdin: { text: `${encodeJwt({ iss: server.origin, aud: 'a' })}\n` },
      };
      const result = await logInUnattended(server, options, more);
      expect(result.code).toBe(1);
      expect(result.said).toContain(`pass --issuer ${server.origin}`);
      expect(server.asked('POST /token')).toEqual([]);
    },
  );

  test('never with a client that a login of a user has registered', async () => {
    const server = await fakeServer(() => [
      {
        want: 'POST /register',
        respond: { json: { client_id: 'c', client_secret: 's', token_endpoint_auth_method: 'client_secret_basic' } },
      },
    ]);
    const { store, code } = await logInUnattended(server, '--no-browser --flow device');
    expect(code).toBe(0);
    const again = await logInUnattended(server, '--flow client-credentials', { store });
    expect(again.code).toBe(1);
    expect(server.asked('POST /token')).toHaveLength(1);
  });

  test('is never chosen automatically', async () => {
    const server = await fakeServer((origin) => [
      {
        want: 'GET /.well-known/oauth-authorization-server',
        respond: { json: metadata(origin, { authorization_endpoint: undefined, device_authorization_endpoint: undefined }) },
      },
    ]);
    const { code, said } = await logInUnattended(server, '--client-id robot', { env: { MCP_AUTH_CLIENT_SECRET: 's' } });
    expect(code).toBe(1);
    expect(said).toContain('No flow can be used here');
  });

  test('an error is reported, and does not remove the stored login', async () => {
    const server = await fakeServer(() => [
      { want: 'POST /token', respond: { json: { access_token: 'a', token_type: 'Bearer', expires_in: 3600 } } },
      { want: 'POST /token', respond: { status: 401, json: { error: 'invalid_client', error_description: 'rotated' } } },
    ]);
    const { store } = await logInUnattended(server, '--flow client-credentials --client-id robot', {
      env: { MCP_AUTH_CLIENT_SECRET: 's' },
    });
    const result = await renewed(store);
    expect(result.said).toContain('“rotated”');
    expect(readStore(store).mcpServers.fake.auth.token).toBe('a');
  });
});

describe('--flow workload (RFC 7523)', () => {
  const workloadToken = (sub: string, aud?: string | string[]) => encodeJwt({ iss: 'https://kubernetes.example', sub, aud });

  test('the platform’s token is the grant, and is read from its file each time', async () => {
    const [first, second] = [workloadToken('pod-1'), workloadToken('pod-2')];
    const tokenFile = file(`${first}\n`);
    const server = await fakeServer(() => [counting()]);
    const { store, code } = await logInUnattended(
      server,
      `--flow workload --client-id pod --workload-token-file ${tokenFile} --scope work`,
    );
    expect(code).toBe(0);
    expect(server.asked('POST /token')[0]?.body).toEqual({
      grant_type: jwtBearer,
      assertion: first,
      client_id: 'pod',
      resource: server.url,
      scope: 'work',
    });
    writeFileSync(tokenFile, `\uFEFF${second}\r\n`);
    expect(await renewed(store)).toMatchObject({ code: 0, token: 'access-2' });
    expect(server.asked('POST /token')[1]?.body['assertion']).toBe(second);
    expect(JSON.stringify(readStore(store))).not.toContain(first);
  });

  test.each([
    { aud: 'https://sts.corp.example', options: '', code: 1 },
    { aud: ['a', 'b'], options: '', code: 1 },
    { aud: undefined, options: '', code: 1 },
    { aud: undefined, options: '--issuer ORIGIN', code: 0 },
    { aud: 'https://sts.corp.example', options: '--issuer ORIGIN', code: 0 },
    { aud: 'ORIGIN/', options: '', code: 0 },
    { aud: ['other', 'ORIGIN/token'], options: '', code: 0 },
  ])('a token for $aud is sent to no other server: $options exit $code', async ({ aud, options, code }) => {
    const server = await fakeServer(() => [counting()]);
    const here = (text: string) => text.replace('ORIGIN', server.origin);
    const token = workloadToken('pod', Array.isArray(aud) ? aud.map(here) : aud && here(aud));
    const result = await logInUnattended(server, `--flow workload --client-id pod --workload-token-file ${file(token)} ${here(options)}`, {
      named: false,
    });
    expect(result.code).toBe(code);
    expect(JSON.stringify(server.requests).includes(token)).toBe(code === 0);
    if (code === 0) expect((await renewed(result.store)).code).toBe(0);
  });

  test.each(['invalid_grant', 'invalid_scope', 'unauthorized_client'])('%s is reported, and nothing else is tried', async (error) => {
    const server = await fakeServer(() => [{ want: 'POST /token', respond: { status: 400, json: { error, error_description: 'no' } } }]);
    const { code, said } = await logInUnattended(
      server,
      `--flow workload --client-id pod --workload-token-file ${file(workloadToken('pod'))}`,
    );
    expect(code).toBe(1);
    expect(said).toContain(`“${error}”, “no”`);
    expect(server.asked('POST /token')).toHaveLength(1);
    expect(server.asked('POST /register')).toEqual([]);
  });

  test.each([
    { options: '--client-id pod', code: 1, said: 'it needs --workload-token-file FILE' },
    { options: '--client-id pod --workload-token-file /nowhere', code: 1, said: 'ENOENT' },
    { options: '--client-id pod --workload-token-file TEXT', code: 1, said: 'is not a JWT' },
    { options: '--workload-token-file TEXT', code: 1, said: 'pass --client-id ID' },
  ])('a missing option is reported: %j', async ({ options, code, said }) => {
    const server = await fakeServer();
    const result = await logInUnattended(server, `--flow workload ${options.replace('TEXT', file('text'))}`);
    expect(result.code).toBe(code);
    expect(result.said).toContain(said);
    expect(server.asked('POST /token')).toEqual([]);
  });
});

describe('--flow enterprise (RFC 8693, ID-JAG)', () => {
  const idJag = 'urn:ietf:params:oauth:token-type:id-jag';
  const exchange = (answer: Record<string, unknown> = {}): Exchange => ({
    want: 'POST /token',
    respond: { json: { access_token: 'the-assertion', issued_token_type: idJag, token_type: 'N_A', expires_in: 300, ...answer } },
  });
  const idToken = (claims: Record<string, unknown>) => encodeJwt({ sub: 'alice', ...claims });

  test('the identity provider issues an assertion, which is the grant', async () => {
    const provider = await fakeServer(() => [exchange()]);
    const server = await fakeServer(() => [counting()]);
    const token = idToken({ iss: provider.origin, aud: 'wiki' });
    const tokenFile = file(`\uFEFF${token}`);
    const { store, code } = await logInUnattended(server, `--flow enterprise --client-id app --id-token-file ${tokenFile} --scope read`, {
      env: { MCP_AUTH_CLIENT_SECRET: 's' },
    });
    expect(code).toBe(0);
    expect(provider.asked('POST /token')[0]?.body).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: idJag,
      audience: server.origin,
      resource: server.url,
      scope: 'read',
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      client_id: 'wiki',
    });
    expect(server.asked('POST /token')[0]?.body).toEqual({
      grant_type: jwtBearer,
      assertion: 'the-assertion',
      resource: server.url,
      scope: 'read',
    });
    // The user's token is sent only to their identity provider, and is not stored.
    expect(JSON.stringify(server.requests)).not.toContain(token);
    expect(JSON.stringify(readStore(store))).not.toContain(token);
    expect(await renewed(store)).toMatchObject({ code: 0, token: 'access-2' });
    expect(provider.asked('POST /token')).toHaveLength(2);
  });

  test('an ID token from stdin, with a provider and client that it does not name, is used once and not stored', async () => {
    const provider = await fakeServer(() => [exchange()]);
    const server = await fakeServer(() => [counting({ expires_in: 1 })]);
    const { store, code } = await logInUnattended(
      server,
      `--flow enterprise --client-id app --id-token-stdin --identity-provider ${provider.origin} --identity-provider-client-id wiki`,
      {
        stdin: { text: `${idToken({ iss: 'https://elsewhere.example', aud: ['a', 'b'] })}\n` },
        env: { MCP_AUTH_IDP_CLIENT_SECRET: 'idp-s' },
      },
    );
    expect(code).toBe(0);
    expect(provider.asked('POST /token')[0]?.headers.authorization).toBe(`Basic ${Buffer.from('wiki:idp-s').toString('base64')}`);
    expect(JSON.stringify(server.requests)).not.toContain('idp-s');
    const result = await renewed(store);
    expect(result.code).toBe(3);
    expect(result.said).toContain('there is no refresh token to renew it with');
  });

  test('the provider, and a secret from the environment, are stored for the next time', async () => {
    const provider = await fakeServer(() => [exchange()]);
    const server = await fakeServer(() => [counting()]);
    const tokenFile = file(idToken({ iss: provider.origin, aud: 'wiki' }));
    const { store } = await logInUnattended(
      server,
      `--flow enterprise --client-id app --id-token-file ${tokenFile} --identity-provider-client-id wiki --identity-provider ${provider.origin}`,
      {
        env: { MCP_AUTH_IDP_CLIENT_SECRET: 'idp-s' },
      },
    );
    expect((await renewed(store)).code).toBe(0);
    const basic = `Basic ${Buffer.from('wiki:idp-s').toString('base64')}`;
    expect(provider.asked('POST /token').map(({ headers }) => headers.authorization)).toEqual([basic, basic]);
  });

  test('an authorization server that supports only other profiles gets no request', async () => {
    const server = await fakeServer((origin) => [
      {
        want: 'GET /.well-known/oauth-authorization-server',
        respond: { json: metadata(origin, { authorization_grant_profiles_supported: ['urn:example:other'] }) },
      },
    ]);
    const result = await logInUnattended(
      server,
      `--flow enterprise --client-id app --id-token-file ${file(idToken({ iss: 'https://a.example', aud: 'b' }))}`,
    );
    expect(result.code).toBe(1);
    expect(result.said).toContain('does not support identity assertions');
  });

  test('with a refresh token, the identity provider is not asked again', async () => {
    const provider = await fakeServer(() => [exchange()]);
    const server = await fakeServer(() => [counting({ refresh_token: 'refresh-1' })]);
    const tokenFile = file(idToken({ iss: provider.origin, aud: 'wiki' }));
    const { store } = await logInUnattended(server, `--flow enterprise --client-id app --id-token-file ${tokenFile}`);
    expect(await renewed(store)).toMatchObject({ code: 0, token: 'access-2' });
    expect(server.asked('POST /token')[1]?.body['grant_type']).toBe('refresh_token');
    expect(provider.asked('POST /token')).toHaveLength(1);
  });

  test('after the refresh token was rejected, the identity provider is asked again', async () => {
    const provider = await fakeServer(() => [exchange()]);
    const answers: Exchange[] = [
      { want: 'POST /token', respond: { json: { access_token: 'a', token_type: 'Bearer', expires_in: 60, refresh_token: 'r' } } },
      { want: 'POST /token', respond: { status: 400, json: { error: 'invalid_grant' } } },
      { want: 'POST /token', respond: { json: { access_token: 'b', token_type: 'Bearer', expires_in: 60 } } },
    ];
    const server = await fakeServer(() => answers);
    const tokenFile = file(idToken({ iss: provider.origin, aud: 'wiki' }));
    const { store } = await logInUnattended(server, `--flow enterprise --client-id app --id-token-file ${tokenFile}`);
    expect(await renewed(store)).toMatchObject({ code: 0, token: 'b' });
  });

  test.each([
    {
      what: 'another type of token',
      answer: exchange({ issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }),
      code: 6,
      said: 'did not return an identity assertion',
    },
    {
      what: 'an error',
      answer: { want: 'POST /token', respond: { status: 400, json: { error: 'invalid_target' } } },
      code: 1,
      said: '“invalid_target”',
    },
  ])('$what from the identity provider ends the login', async ({ answer, code, said }) => {
    const provider = await fakeServer(() => [answer]);
    const server = await fakeServer();
    const tokenFile = file(idToken({ iss: provider.origin, aud: 'wiki' }));
    const result = await logInUnattended(server, `--flow enterprise --client-id app --id-token-file ${tokenFile}`);
    expect(result.code).toBe(code);
    expect(result.said).toContain(said);
    expect(server.asked('POST /token')).toEqual([]);
  });

  test.each([
    { token: idToken({ aud: 'wiki' }), said: '--identity-provider URL' },
    {
      token: idToken({ iss: 'https://evil.example', aud: 'wiki' }),
      said: 'was not sent: only the token says which identity provider that is (“https://evil.example”)',
      words: '--identity-provider-client-id wiki',
    },
    { token: idToken({ iss: 'http://idp.example', aud: 'wiki' }), said: 'plain http' },
    { token: 'not a token', said: 'is not a JWT' },
  ])('a token that cannot be used is reported, and not quoted: $said', async ({ token, said, words = '' }) => {
    const server = await fakeServer();
    const result = await logInUnattended(server, `--flow enterprise --client-id app --id-token-file ${file(token)} ${words}`, {
      env: { MCP_AUTH_IDP_CLIENT_SECRET: 'idp-s' },
    });
    expect(result.code).toBe(1);
    expect(result.said).toContain(said);
    expect(result.said).not.toContain(token);
  });
});
