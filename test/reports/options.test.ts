/** What is found out can be said by hand: it is kept with the server, shown, used at each refresh, and taken back by saying it anew. */
import { describe, expect, test } from 'vitest';
import { bridged } from '../helpers/bridged.js';
import { answerOf, guarded } from '../helpers/fake-mcp.js';
import { metadata, type Exchange, type FakeRequest, type FakeServer } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { logInByPaste, type PasteLogin } from '../helpers/paste.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

const oauth = 'GET /.well-known/oauth-authorization-server';
const absent = (want: string): Exchange => ({ want, respond: { status: 404 } });
const withMetadata =
  (changes: Record<string, unknown>) =>
  (origin: string): Exchange => ({
    want: oauth,
    respond: { json: metadata(origin, { device_authorization_endpoint: undefined, ...changes }) },
  });
/** The MCP endpoint that wants a token, and says so as it should. */
const asUsual = (origin: string): Exchange =>
  guarded({ status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } });
const server = (...changes: ((origin: string) => Exchange)[]) =>
  fakeServer((origin) => [...changes, asUsual].map((change) => change(origin)));

/** Logs in to a server called fake, by paste. */
const logIn = (
  at: FakeServer,
  store: string,
  words: readonly string[] = [],
  answer?: (request: URLSearchParams) => Record<string, string>,
) => logInByPaste([at.url, '--name', 'fake', ...words], { store, ...(answer && { answer }) });
const again = (store: string, words: readonly string[] = []) => logInByPaste(['fake', ...words], { store });

async function refreshed(at: FakeServer, store: string): Promise<Pick<FakeRequest, 'body'>> {
  const refresh = run('refresh fake', { store });
  expect(await refresh.exit, refresh.stderr).toBe(0);
  const { body = {} } = at.asked('POST /token').at(-1) ?? {};
  expect(body['grant_type']).toBe('refresh_token');
  return { body };
}

function worked({ exit, command }: PasteLogin) {
  expect(exit, command.stderr).toBe(0);
}

/** What a script sees of the server. */
async function listed(store: string) {
  const list = run('list --json', { store });
  expect(await list.exit).toBe(0);
  return (JSON.parse(list.stdout) as Record<string, unknown>[])[0];
}

async function doctorSays(store: string) {
  const doctor = run('doctor fake', { store });
  return { exit: await doctor.exit, said: doctor.stdout + doctor.stderr };
}

describe('A MUST that vendors refuse, an option that they need', () => {
  test('--resource none: neither in the request, nor for the code, nor at a refresh; kept, shown, taken back', async () => {
    const at = await server(withMetadata({}));
    const store = temporaryStore();
    const first = await logIn(at, store, ['--resource', 'none']);
    worked(first);
    expect(first.request?.has('resource')).toBe(false);
    expect(at.asked('POST /token')[0]?.body).not.toHaveProperty('resource');
    expect((await refreshed(at, store)).body).not.toHaveProperty('resource');
    expect(await listed(store)).toMatchObject({ login_options: { resource: 'none' } });
    expect(await doctorSays(store)).toMatchObject({ exit: 0, said: expect.stringContaining('--resource none') });

    const second = await again(store);
    expect(second.request?.has('resource')).toBe(false);
    expect(second.command.stderr).toContain('As said before: --resource none');
    const third = await again(store, ['--resource', 'default']);
    worked(third);
    expect(third.request?.get('resource')).toBe(at.url);
    expect((await refreshed(at, store)).body).toMatchObject({ resource: at.url });
    expect(await listed(store)).not.toHaveProperty('login_options');
  });

  test('a token that was got without a resource is for its server alone all the same', async () => {
    const at = await server(withMetadata({}));
    const store = temporaryStore();
    worked(await logIn(at, store, ['--resource', 'none']));
    const document = readStore(store);
    document.mcpServers.fake.url = 'https://elsewhere.example/mcp';
    const moved = temporaryStore(document as object);
    const token = run('token fake', { store: moved });
    expect(await token.exit).toBe(3);
    expect(token.stdout).toBe('');
    expect(token.stderr).toContain(at.url);
  });

  test('--resource URL names another one, everywhere', async () => {
    const at = await server(withMetadata({}));
    const store = temporaryStore();
    const { request } = await logIn(at, store, ['--resource', 'api://11111111']);
    expect(request?.get('resource')).toBe('api://11111111');
    expect(at.asked('POST /token')[0]?.body).toMatchObject({ resource: 'api://11111111' });
    expect((await refreshed(at, store)).body).toMatchObject({ resource: 'api://11111111' });
    const token = run('token fake', { store });
    expect(await token.exit, token.stderr).toBe(0);
  });

  test('--prompt none, a prompt of its own, and as usual', async () => {
    const at = await server(withMetadata({ scopes_supported: ['offline_access'] }));
    const store = temporaryStore();
    const none = await logIn(at, store, ['--prompt', 'none']);
    worked(none);
    expect(none.request?.get('scope')).toBe('offline_access');
    expect(none.request?.has('prompt')).toBe(false);
    expect((await again(store)).request?.has('prompt')).toBe(false);
    expect((await again(store, ['--prompt', 'select_account'])).request?.get('prompt')).toBe('select_account');
    expect((await again(store, ['--prompt', 'default'])).request?.get('prompt')).toBe('consent');
  });

  test('--no-offline-access leaves it out wherever it is listed; --offline-access asks for it where it is not', async () => {
    const at = await fakeServer((origin) => [
      withMetadata({ scopes_supported: ['a', 'offline_access'] })(origin),
      {
        want: 'GET /prm',
        respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin], scopes_supported: ['a', 'offline_access'] } },
      },
      asUsual(origin),
    ]);
    const store = temporaryStore();
    expect((await logIn(at, store, ['--no-offline-access'])).request?.get('scope')).toBe('a');
    expect((await again(store)).request?.get('scope')).toBe('a');
    expect(await listed(store)).toMatchObject({ login_options: { offline_access: false } });
    expect((await again(store, ['--offline-access'])).request?.get('scope')).toBe('a offline_access');
    const unlisted = await server(withMetadata({ scopes_supported: ['a'] }));
    expect((await logIn(unlisted, temporaryStore(), ['--offline-access'])).request?.get('scope')).toBe('offline_access');
  });

  test.each<{ form: string; words: string[]; env: Record<string, string> }>([
    { form: 'that registered itself', words: [], env: {} },
    { form: 'that was registered by hand', words: ['--client-id', 'hand'], env: { MCP_AUTH_CLIENT_SECRET: 'a-secret' } },
  ])('--token-auth-method holds for a client of before, too: one $form', async ({ words, env }) => {
    const at = await server(withMetadata({ token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'] }), () => ({
      want: 'POST /register',
      respond: ({ body }) => ({
        status: 201,
        json: { ...body, client_id: 'client-1', client_secret: 'a-secret', client_secret_expires_at: 0 },
      }),
    }));
    const store = temporaryStore();
    worked(await logInByPaste([at.url, '--name', 'fake', ...words], { store, env }));
    expect(at.asked('POST /token').at(-1)?.headers.authorization).toMatch(/^Basic /);
    worked(await again(store, ['--token-auth-method', 'client_secret_post']));
    expect(at.asked('POST /token').at(-1)?.body).toMatchObject({ client_secret: 'a-secret' });
    const { body } = await refreshed(at, store);
    expect(body).toMatchObject({ client_secret: 'a-secret' });
    expect(at.asked('POST /register').length).toBeLessThan(2);
  });

  test('--authorize-param and --scope are kept, and taken back', async () => {
    const at = await server(withMetadata({}));
    const store = temporaryStore();
    worked(await logIn(at, store, ['--authorize-param', 'access_type=offline', '--authorize-param', 'audience=x', '--scope', 'a b']));
    const kept = (await again(store)).request;
    expect(Object.fromEntries(kept ?? [])).toMatchObject({ access_type: 'offline', audience: 'x', scope: 'a b' });
    const taken = (await again(store, ['--authorize-param', 'default', '--scope', 'default'])).request;
    for (const name of ['access_type', 'audience', 'scope']) expect(taken?.has(name)).toBe(false);
  });

  test.each<{ form: string; refusal: Record<string, unknown> }>([
    {
      form: 'AADSTS901002',
      refusal: { error: 'invalid_request', error_description: "AADSTS901002: The 'resource' request parameter is not supported." },
    },
    { form: 'in words', refusal: { error: 'invalid_request', error_description: 'Unsupported parameter: resource' } },
    { form: 'in other words', refusal: { error: 'invalid_request', error_description: 'The parameter resource is not allowed here' } },
  ])(
    'resource refused at the token endpoint alone ($form): asked once more without, for the code and at a refresh',
    async ({ refusal }) => {
      const at = await server(withMetadata({}), () => ({
        want: 'POST /token',
        respond: ({ body }) =>
          body['resource'] === undefined
            ? {
                json: {
                  access_token: `access-${String(body['grant_type'])}`,
                  token_type: 'Bearer',
                  expires_in: 3600,
                  refresh_token: 'refresh-1',
                },
              }
            : { status: 400, json: refusal },
      }));
      const store = temporaryStore();
      const { request } = await logIn(at, store);
      expect(request?.get('resource')).toBe(at.url);
      expect(readStore(store).mcpServers.fake.auth.token).toBe('access-authorization_code');
      await refreshed(at, store);
      expect(readStore(store).mcpServers.fake.auth.token).toBe('access-refresh_token');
      expect(at.asked('POST /token')).toHaveLength(4);
    },
  );

  test.each(['code', 'refresh'])(
    'invalid_target at the token endpoint, of a server that knows the parameter (%s): told with the option; asked once more at a refresh',
    async (step) => {
      const at = await server(withMetadata({}), () => ({
        want: 'POST /token',
        respond: ({ body }) =>
          body['resource'] === undefined || (step === 'refresh' && body['grant_type'] !== 'refresh_token')
            ? { json: { access_token: 'access-1', token_type: 'Bearer', expires_in: 3600, refresh_token: 'refresh-1' } }
            : { status: 400, json: { error: 'invalid_target' } },
      }));
      const store = temporaryStore();
      const { exit, command } = await logIn(at, store);
      if (step === 'refresh') await refreshed(at, store);
      else expect(command.stderr).toContain('--resource none');
      expect(exit).toBe(step === 'refresh' ? 0 : 1);
      expect(at.asked('POST /token')).toHaveLength(step === 'refresh' ? 3 : 1);
    },
  );

  test('a code that the refusal has spent: the refusal is told, not that the code is spent', async () => {
    let spent = false;
    const at = await server(withMetadata({}), () => ({
      want: 'POST /token',
      respond: () => {
        if (spent) return { status: 400, json: { error: 'invalid_grant' } };
        spent = true;
        return { status: 400, json: { error: 'invalid_request', error_description: 'Unsupported parameter: resource' } };
      },
    }));
    const { exit, command } = await logIn(at, temporaryStore());
    expect(exit).toBe(1);
    expect(command.stderr).toContain('Unsupported parameter');
    expect(command.stderr).toContain('--resource none');
  });

  test.each(['scope is required', 'Missing parameter: scope', 'The scope must be provided'])(
    'a refresh that wants the scopes (%s): named once more, with what was granted',
    async (error_description) => {
      const at = await server(withMetadata({}), () => ({
        want: 'POST /token',
        respond: ({ body }) =>
          body['grant_type'] === 'refresh_token' && body['scope'] === undefined
            ? { status: 400, json: { error: 'invalid_request', error_description } }
            : { json: { access_token: 'access-2', token_type: 'Bearer', refresh_token: 'refresh-2', scope: 'a b' } },
      }));
      const store = temporaryStore();
      worked(await logIn(at, store, ['--scope', 'a b c']));
      expect((await refreshed(at, store)).body).toMatchObject({ scope: 'a b' });
    },
  );
});

describe('A MUST that vendors refuse, at the device endpoint', () => {
  test.each([
    { error: 'invalid_target', says: '--resource none' },
    { error: 'invalid_scope', says: '--scope' },
  ])('$error is told with what to do, and nobody is sent to approve in another way', async ({ error, says }) => {
    const at = await fakeServer((origin) => [asUsual(origin), { want: 'POST /device', respond: { status: 400, json: { error } } }]);
    const login = run(`login ${at.url} --no-browser`, { store: temporaryStore() });
    expect(await login.exit).toBe(1);
    expect(login.stderr).toContain(says);
    expect(login.stderr).not.toContain('Going on with paste');
  });
});

describe('No override by hand', () => {
  test('--token-auth-method goes for a client that is there already, and for the refresh', async () => {
    const at = await server(withMetadata({ token_endpoint_auth_methods_supported: undefined }), () => ({
      want: 'POST /register',
      respond: { status: 201, json: { client_id: 'c', client_secret: 's' } },
    }));
    const store = temporaryStore();
    worked(await logIn(at, store));
    expect(at.asked('POST /token')[0]?.headers.authorization).toBeDefined();
    worked(await again(store, ['--token-auth-method', 'client_secret_post']));
    expect(at.asked('POST /token').at(-1)?.body).toMatchObject({ client_secret: 's' });
    expect((await refreshed(at, store)).body).toMatchObject({ client_secret: 's' });
    expect(at.asked('POST /register')).toHaveLength(1);
  });

  test('--trust-issuer takes a template, whose place the address takes', async () => {
    const at = await server((origin) => withMetadata({ issuer: `${origin}/{tenantid}/v2.0` })(origin));
    const store = temporaryStore();
    expect((await logIn(at, store)).exit).toBe(1);
    worked(await logIn(at, store, ['--trust-issuer', `${at.origin}/{tenantid}/v2.0`]));
    expect(readStore(store).mcpServers.fake.auth.issuer).toBe(at.origin);
    worked(await again(store));
    expect((await again(store, ['--trust-issuer', 'default'])).exit).toBe(1);
  });

  test('--trust-resource takes metadata of another name, and asks for a token by that name', async () => {
    const named = (origin: string): Exchange => ({
      want: 'GET /prm',
      respond: { json: { resource: 'https://inner.example/mcp', authorization_servers: [origin] } },
    });
    const at = await server(named);
    const store = temporaryStore();
    const refused = await logIn(at, store);
    expect(refused.exit).toBe(1);
    expect(refused.command.stderr).toContain('--trust-resource URL');
    const login = await logIn(at, store, ['--trust-resource', 'https://inner.example/mcp']);
    worked(login);
    expect(login.request?.get('resource')).toBe('https://inner.example/mcp');
    const token = run('token fake', { store });
    expect(await token.exit, token.stderr).toBe(0);
    worked(await again(store));
    // One name is no other.
    expect((await again(store, ['--trust-resource', 'https://inner.example/'])).exit).toBe(1);
  });

  test('--metadata-url is asked in place of all other addresses, and its issuer has to be the one that is named', async () => {
    const named = (origin: string): Exchange => ({
      want: 'GET /prm',
      respond: { json: { resource: `${origin}/mcp`, authorization_servers: [`${origin}/api/auth`] } },
    });
    const odd = (origin: string): Exchange => ({
      want: 'GET /odd/place.json',
      respond: { json: metadata(origin, { issuer: `${origin}/api/auth`, device_authorization_endpoint: undefined }) },
    });
    const at = await server(named, odd, () => absent(oauth));
    const store = temporaryStore();
    const refused = await logIn(at, store);
    expect(refused.command.stderr).toContain('--metadata-url URL');
    worked(await logIn(at, store, ['--metadata-url', `${at.origin}/odd/place.json`]));
    worked(await again(store));
    expect(await doctorSays(store)).toMatchObject({ exit: 0 });
    const nothing = await again(store, ['--metadata-url', `${at.origin}/nothing.json`]);
    expect(nothing.exit).toBe(1);
    expect(nothing.command.stderr).toContain('--metadata-url default');
    const other = await server(named, (origin) => ({
      want: 'GET /odd/place.json',
      respond: { json: metadata(origin, { issuer: 'https://other.example' }) },
    }));
    expect((await logIn(other, temporaryStore(), ['--metadata-url', `${other.origin}/odd/place.json`])).exit).toBe(1);
  });

  test.each<{ form: string; probe: Exchange }>([
    { form: 'lets everybody begin', probe: { want: 'POST /mcp', respond: answerOf } },
    { form: 'answers with a page', probe: { want: 'POST /mcp', respond: { text: '<html>' } } },
    { form: 'answers with 404', probe: { want: 'POST /mcp', respond: { status: 404 } } },
  ])('--issuer where the server $form and names none', async ({ probe }) => {
    const authorization = await fakeServer((origin) => [withMetadata({})(origin)]);
    const at = await fakeServer(() => [probe, absent('GET /prm'), absent(oauth)]);
    const store = temporaryStore();
    const login = await logIn(at, store, ['--issuer', authorization.origin, '--no-verify']);
    worked(login);
    expect(await listed(store)).toMatchObject({ issuer: authorization.origin, login_options: { issuer: authorization.origin } });
    worked(await again(store, ['--no-verify']));
  });

  test('--issuer that the server does not name takes --trust-issuer besides', async () => {
    const authorization = await fakeServer((origin) => [withMetadata({})(origin)]);
    const at = await server(withMetadata({}));
    const store = temporaryStore();
    const refused = await logIn(at, store, ['--issuer', authorization.origin]);
    expect(refused.exit).toBe(2);
    expect(refused.command.stderr).toContain('--trust-issuer with the same URL');
    worked(await logIn(at, store, ['--issuer', authorization.origin, '--trust-issuer', authorization.origin]));
    expect(readStore(store).mcpServers.fake.auth.issuer).toBe(authorization.origin);
  });

  test('--allow-missing-pkce-metadata is named in the hint, kept, passed by the doctor, and taken back', async () => {
    const at = await server(withMetadata({ code_challenge_methods_supported: undefined }));
    const store = temporaryStore();
    const refused = await logIn(at, store);
    expect(refused.command.stderr).toContain('pass --allow-missing-pkce-metadata');
    worked(await logIn(at, store, ['--allow-missing-pkce-metadata']));
    const second = await again(store);
    worked(second);
    expect(second.request?.get('code_challenge_method')).toBe('S256');
    expect(await listed(store)).toMatchObject({ login_options: { allow_missing_pkce_metadata: true } });
    expect(await doctorSays(store)).toMatchObject({ exit: 0, said: expect.not.stringContaining('No login is possible') });
    expect((await again(store, ['--no-allow-missing-pkce-metadata'])).exit).toBe(1);
  });

  test('the doctor passes a login that works, though a new one could not be made', async () => {
    let isGone = false;
    const at = await fakeServer((origin) => [
      {
        want: oauth,
        respond: () =>
          isGone
            ? { json: metadata(origin, { code_challenge_methods_supported: ['plain'], device_authorization_endpoint: undefined }) }
            : { json: metadata(origin) },
      },
      asUsual(origin),
    ]);
    const store = temporaryStore();
    worked(await logIn(at, store));
    isGone = true;
    const { exit, said } = await doctorSays(store);
    expect(said).toContain('The login that there is works all the same');
    expect(exit).toBe(0);
  });
});

describe('--header', () => {
  const gate = (exchange: Exchange): Exchange => ({
    want: exchange.want,
    respond: (request) => (request.headers['x-tenant'] === 'acme' ? exchange.respond : { status: 403, text: 'Forbidden' }),
  });
  /** An MCP server that answers nobody without its header, and an authorization server at another origin. */
  async function gated() {
    const authorization = await fakeServer((origin) => [withMetadata({})(origin)]);
    const at = await fakeServer((origin) => [
      gate(asUsual(origin)),
      gate({ want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [authorization.origin] } } }),
    ]);
    return { at, authorization };
  }

  test('goes to the server’s own origin, at each step, and to no other', async () => {
    const { at, authorization } = await gated();
    const store = temporaryStore();
    worked(await logIn(at, store, ['--header', 'X-Tenant: acme', '--header', 'X-Other: 1']));
    expect(at.requests.length).toBeGreaterThan(2);
    for (const request of at.requests) expect(request.headers['x-tenant'], request.line).toBe('acme');
    await refreshed(authorization, store);
    for (const request of authorization.requests) expect(request.headers['x-tenant'], request.line).toBeUndefined();
    expect(readStore(store).mcpServers.fake.headers).toEqual({ 'x-tenant': 'acme', 'x-other': '1' });
    expect(await listed(store)).toMatchObject({ headers: ['x-tenant', 'x-other'] });
    expect(await doctorSays(store)).toMatchObject({ exit: 0 });
    const headers = run('headers fake', { store });
    expect(await headers.exit).toBe(0);
    expect(JSON.parse(headers.stdout)).toEqual({ 'x-tenant': 'acme', 'x-other': '1', Authorization: 'Bearer access-1' });
    const { ask, end } = bridged(store, 'bridge fake');
    expect((await ask('tools/list')).result).toBeDefined();
    await end();
    // Without a value it is taken back.
    worked(await again(store, ['--header', 'x-other:']));
    expect(readStore(store).mcpServers.fake.headers).toEqual({ 'x-tenant': 'acme' });
  });

  test('of an entry, with a variable of the environment, which is kept as it was written', async () => {
    const { at } = await gated();
    const store = temporaryStore({ mcpServers: { fake: { type: 'http', url: at.url, headers: { 'X-Tenant': '${TENANT}' } } } });
    const login = await logInByPaste(['fake'], { store, env: { TENANT: 'acme' } });
    worked(login);
    expect(readStore(store).mcpServers.fake.headers).toEqual({ 'X-Tenant': '${TENANT}' });
    const unset = run('bridge fake', { store });
    expect(await unset.exit).toBe(2);
    expect(unset.stderr).toContain('TENANT');
    // A refresh goes to the authorization server, which does not want it.
    const refresh = run('refresh fake', { store });
    expect(await refresh.exit, refresh.stderr).toBe(0);
  });

  test('what other programs have among the headers stays, and is not sent where a request has it by itself', async () => {
    const { at } = await gated();
    const others = { 'X-Tenant': 'acme', Host: 'elsewhere.example', 'Content-Length': '5', 'X-Number': 7, 'a b': 'c' };
    const headers = { ...others, 'X-Old': '1' };
    const store = temporaryStore({ mcpServers: { fake: { type: 'http', url: at.url, headers } } });
    worked(await again(store, ['--header', 'X-Old:', '--header', 'X-New: 2']));
    expect(at.requests.every(({ headers: sent }) => sent.host === new URL(at.origin).host)).toBe(true);
    expect(readStore(store).mcpServers.fake.headers).toEqual({ ...others, 'x-new': '2' });
  });

  test('a variable that holds what no header can hold is told, and its value is not', async () => {
    const { at } = await gated();
    const store = temporaryStore({ mcpServers: { fake: { type: 'http', url: at.url, headers: { 'x-tenant': '${TENANT}' } } } });
    const login = run('login fake --no-browser', { store, env: { TENANT: 'SECRET-a\r\nX: y' } });
    expect(await login.exit).toBe(2);
    expect(login.stderr).toContain('x-tenant');
    expect(login.stderr).not.toContain('SECRET');
  });

  test('a refresh wants no variable that its request does not, and takes the default of one that is not set', async () => {
    const at = await server();
    const login = { type: 'bearer', token: 'old', expires_at: 1, refresh_token: 'r', issuer: at.origin, client_id: 'c' };
    const entry = { headers: { 'X-Key': '${UNSET_KEY:-k}' }, auth: { ...login, token_endpoint: `${at.origin}/token` } };
    const all = { one: { ...entry, url: at.url }, two: { ...entry, url: 'https://${UNSET_HOST}/mcp' } };
    const store = temporaryStore({ mcpServers: all });
    for (const name of Object.keys(all)) {
      const token = run(`token ${name}`, { store });
      expect(await token.exit, token.stderr).toBe(0);
    }
    expect(at.asked('POST /token').map(({ headers }) => headers['x-key'])).toEqual(['k', undefined]);
  });

  test('an Authorization header of the entry is for as long as there is no login', async () => {
    const at = await fakeServer(() => [guarded({ status: 401 })]);
    const entry = { type: 'http', url: at.url, headers: { Authorization: 'Bearer access-of-mine' } };
    const store = temporaryStore({ mcpServers: { fake: entry } });
    const { ask, end } = bridged(store, 'bridge fake');
    expect((await ask('tools/list')).result).toBeDefined();
    await end();
    const headers = run('headers fake', { store });
    expect(await headers.exit).toBe(0);
    expect(JSON.parse(headers.stdout)).toEqual({ Authorization: 'Bearer access-of-mine' });
    worked(await again(store));
    expect(at.asked('POST /token')[0]?.headers.authorization).toBeUndefined();
    expect(readStore(store).mcpServers.fake.headers).toEqual(entry.headers);
    const token = run('headers fake', { store });
    expect(await token.exit).toBe(0);
    expect(JSON.parse(token.stdout)).toEqual({ Authorization: 'Bearer access-1' });
  });

  test.each(['Authorization: Bearer x', 'Host: elsewhere', 'X: a\nb', 'no colon', 'Mcp-Session-Id: 1'])('%j is refused', async (line) => {
    const login = run(['login', 'https://mcp.example/mcp', '--header', line], { store: temporaryStore() });
    expect(await login.exit).toBe(2);
    expect(login.stderr).toContain('--header');
  });
});
