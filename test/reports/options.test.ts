/** Options for vendors' deviations: each is stored with the server, shown, used at each refresh, and can be removed. */
import { describe, expect, test } from 'vitest';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { logInByPaste } from '../helpers/paste.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';
import { logInAgain, asUsual, doctorSays, listServer, logInTo, refreshLogin, server, withMetadata, expectSuccess } from './by-hand.js';

describe('A MUST that vendors refuse, an option that they need', () => {
  test('--resource none: neither in the request, nor for the code, nor at a refresh; kept, shown, taken back', async () => {
    const at = await server(withMetadata({}));
    const store = temporaryStore();
    const first = await logInTo(at, store, ['--resource', 'none']);
    expectSuccess(first);
    expect(first.request?.has('resource')).toBe(false);
    expect(at.asked('POST /token')[0]?.body).not.toHaveProperty('resource');
    expect((await refreshLogin(at, store)).body).not.toHaveProperty('resource');
    expect(await listServer(store)).toMatchObject({ login_options: { resource: 'none' } });
    expect(await doctorSays(store)).toMatchObject({ exit: 0, said: expect.stringContaining('--resource none') });

    const second = await logInAgain(store);
    expect(second.request?.has('resource')).toBe(false);
    expect(second.command.stderr).toContain('Stored settings: --resource none');
    const third = await logInAgain(store, ['--resource', 'default']);
    expectSuccess(third);
    expect(third.request?.get('resource')).toBe(at.url);
    expect((await refreshLogin(at, store)).body).toMatchObject({ resource: at.url });
    expect(await listServer(store)).not.toHaveProperty('login_options');
  });

  test('a token that was got without a resource is for its server alone all the same', async () => {
    const at = await server(withMetadata({}));
    const store = temporaryStore();
    expectSuccess(await logInTo(at, store, ['--resource', 'none']));
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
    const { request } = await logInTo(at, store, ['--resource', 'api://11111111']);
    expect(request?.get('resource')).toBe('api://11111111');
    expect(at.asked('POST /token')[0]?.body).toMatchObject({ resource: 'api://11111111' });
    expect((await refreshLogin(at, store)).body).toMatchObject({ resource: 'api://11111111' });
    const token = run('token fake', { store });
    expect(await token.exit, token.stderr).toBe(0);
  });

  test('--prompt none, a prompt of its own, and as usual', async () => {
    const at = await server(withMetadata({ scopes_supported: ['offline_access'] }));
    const store = temporaryStore();
    const none = await logInTo(at, store, ['--prompt', 'none']);
    expectSuccess(none);
    expect(none.request?.get('scope')).toBe('offline_access');
    expect(none.request?.has('prompt')).toBe(false);
    expect((await logInAgain(store)).request?.has('prompt')).toBe(false);
    expect((await logInAgain(store, ['--prompt', 'select_account'])).request?.get('prompt')).toBe('select_account');
    expect((await logInAgain(store, ['--prompt', 'default'])).request?.get('prompt')).toBe('consent');
  });

  test('--no-offline-access omits the scope although it is listed; --offline-access requests it although it is not', async () => {
    const at = await fakeServer((origin) => [
      withMetadata({ scopes_supported: ['a', 'offline_access'] })(origin),
      {
        want: 'GET /prm',
        respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin], scopes_supported: ['a', 'offline_access'] } },
      },
      asUsual(origin),
    ]);
    const store = temporaryStore();
    expect((await logInTo(at, store, ['--no-offline-access'])).request?.get('scope')).toBe('a');
    expect((await logInAgain(store)).request?.get('scope')).toBe('a');
    expect(await listServer(store)).toMatchObject({ login_options: { offline_access: false } });
    expect((await logInAgain(store, ['--offline-access'])).request?.get('scope')).toBe('a offline_access');
    const unlisted = await server(withMetadata({ scopes_supported: ['a'] }));
    expect((await logInTo(unlisted, temporaryStore(), ['--offline-access'])).request?.get('scope')).toBe('offline_access');
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
    expectSuccess(await logInByPaste([at.url, '--name', 'fake', ...words], { store, env }));
    expect(at.asked('POST /token').at(-1)?.headers.authorization).toMatch(/^Basic /);
    expectSuccess(await logInAgain(store, ['--token-auth-method', 'client_secret_post']));
    expect(at.asked('POST /token').at(-1)?.body).toMatchObject({ client_secret: 'a-secret' });
    const { body } = await refreshLogin(at, store);
    expect(body).toMatchObject({ client_secret: 'a-secret' });
    expect(at.asked('POST /register').length).toBeLessThan(2);
  });

  test('--authorize-param and --scope are kept, and taken back', async () => {
    const at = await server(withMetadata({}));
    const store = temporaryStore();
    expectSuccess(
      await logInTo(at, store, ['--authorize-param', 'access_type=offline', '--authorize-param', 'audience=x', '--scope', 'a b']),
    );
    const kept = (await logInAgain(store)).request;
    expect(Object.fromEntries(kept ?? [])).toMatchObject({ access_type: 'offline', audience: 'x', scope: 'a b' });
    const taken = (await logInAgain(store, ['--authorize-param', 'default', '--scope', 'default'])).request;
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
      const { request } = await logInTo(at, store);
      expect(request?.get('resource')).toBe(at.url);
      expect(readStore(store).mcpServers.fake.auth.token).toBe('access-authorization_code');
      await refreshLogin(at, store);
      expect(readStore(store).mcpServers.fake.auth.token).toBe('access-refresh_token');
      expect(at.asked('POST /token')).toHaveLength(4);
    },
  );

  test.each(['code', 'refresh'])(
    'invalid_target at the token endpoint, of a server that knows the parameter (%s): the message names the option; retried once at a refresh',
    async (step) => {
      const at = await server(withMetadata({}), () => ({
        want: 'POST /token',
        respond: ({ body }) =>
          body['resource'] === undefined || (step === 'refresh' && body['grant_type'] !== 'refresh_token')
            ? { json: { access_token: 'access-1', token_type: 'Bearer', expires_in: 3600, refresh_token: 'refresh-1' } }
            : { status: 400, json: { error: 'invalid_target' } },
      }));
      const store = temporaryStore();
      const { exit, command } = await logInTo(at, store);
      if (step === 'refresh') await refreshLogin(at, store);
      else expect(command.stderr).toContain('--resource none');
      expect(exit).toBe(step === 'refresh' ? 0 : 1);
      expect(at.asked('POST /token')).toHaveLength(step === 'refresh' ? 3 : 1);
    },
  );

  test('if the rejection has used the code, the rejection is reported, not the used code', async () => {
    let spent = false;
    const at = await server(withMetadata({}), () => ({
      want: 'POST /token',
      respond: () => {
        if (spent) return { status: 400, json: { error: 'invalid_grant' } };
        spent = true;
        return { status: 400, json: { error: 'invalid_request', error_description: 'Unsupported parameter: resource' } };
      },
    }));
    const { exit, command } = await logInTo(at, temporaryStore());
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
      expectSuccess(await logInTo(at, store, ['--scope', 'a b c']));
      expect((await refreshLogin(at, store)).body).toMatchObject({ scope: 'a b' });
    },
  );
});

describe('A MUST that vendors refuse, at the device endpoint', () => {
  test.each([
    { error: 'invalid_target', says: '--resource none' },
    { error: 'invalid_scope', says: '--scope' },
  ])('$error is reported with a hint, and no other flow is tried', async ({ error, says }) => {
    const at = await fakeServer((origin) => [asUsual(origin), { want: 'POST /device', respond: { status: 400, json: { error } } }]);
    const login = run(`login ${at.url} --no-browser`, { store: temporaryStore() });
    expect(await login.exit).toBe(1);
    expect(login.stderr).toContain(says);
    expect(login.stderr).not.toContain('Continuing with paste');
  });
});
