/** A registration that its server has forgotten is replaced once. */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Exchange } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';
import { approve, loginByPaste, registered } from './registering.js';

describe('a registration that its server has forgotten is replaced once', () => {
  /** A server that has forgotten the client of the login in the store. */
  async function forgetful(more: (origin: string) => Exchange[]) {
    const server = await fakeServer((origin) => [...more(origin), ...registered(origin, 'one', 'two', 'three')]);
    const store = temporaryStore();
    const first = await loginByPaste(`${server.url} --name fake`, store);
    return { server, store, redirectUri: first.request.get('redirect_uri') };
  }

  test.each([
    { what: 'JSON', respond: { status: 400, json: { error: 'invalid_client', error_description: 'gone' } } },
    { what: 'a page', respond: { status: 401, text: '<html><body>Error: Unknown client</body></html>' } },
    { what: 'a page of words', respond: { status: 400, text: '<p>The OAuth client was not found.</p>' } },
    { what: 'a redirect', respond: { status: 302, headers: { location: '/error?error=unauthorized_client' } } },
  ])('found out by a GET of the authorization URL that is answered with $what', async ({ respond }) => {
    const { server, store, redirectUri } = await forgetful(() => [{ want: 'GET /authorize', respond }]);
    const { request, said } = await loginByPaste('fake', store);
    expect(said).toMatch(/no longer knows the client “one”\. Registering again\./);
    expect(request.get('client_id')).toBe('two');
    expect(request.get('redirect_uri')).toBe(redirectUri);
    expect(server.asked('POST /register')).toHaveLength(2);
    expect(readStore(store).oauthClients[server.origin][0]).toMatchObject({ client_id: 'two' });
    // Nobody uses a client that is unknown; one that may not do this may do something else.
    expect(readStore(store).oauthClients[server.origin]).toHaveLength(JSON.stringify(respond).includes('unauthorized_client') ? 2 : 1);
  });

  test('one that another login still uses stays in the store', async () => {
    const { server, store } = await forgetful(() => [
      { want: 'GET /authorize', respond: { status: 400, json: { error: 'invalid_client' } } },
    ]);
    const document = readStore(store);
    document.mcpServers.other = document.mcpServers.fake;
    writeFileSync(store, JSON.stringify(document));
    await loginByPaste('fake', store);
    expect(readStore(store).oauthClients[server.origin]).toMatchObject([{ client_id: 'two' }, { client_id: 'one' }]);
  });

  test('a server that gives every client the same id keeps that registration', async () => {
    const server = await fakeServer(() => [
      {
        want: 'POST /register',
        respond: { json: { client_id: 'shim', client_secret: 's', token_endpoint_auth_method: 'client_secret_basic' } },
      },
      { want: 'GET /authorize', respond: { status: 400, json: { error: 'invalid_client' } } },
    ]);
    const store = temporaryStore();
    await loginByPaste(`${server.url} --name fake`, store);
    await loginByPaste('fake', store);
    expect(readStore(store).oauthClients[server.origin]).toMatchObject([{ client_id: 'shim', client_secret: 's' }]);
  });

  test('or that lacks what is asked for now: invalid_scope means a registration with these scopes', async () => {
    const { server, store } = await forgetful(() => [
      {
        want: 'GET /authorize',
        respond: { status: 302, headers: { location: 'http://127.0.0.1:1/callback?error=invalid_scope&state=x' } },
      },
    ]);
    const { request, said } = await loginByPaste('fake --scope more', store);
    expect(said).toContain('has not registered the client “one” for these scopes. Registering again.');
    expect(request.get('client_id')).toBe('two');
    expect(server.asked('POST /register')[1]?.body['scope']).toBe('more');
  });

  test('found out at the token endpoint: the person is asked once more', async () => {
    const { server, store } = await forgetful(() => [
      { want: 'POST /token', respond: { json: { access_token: 'a', token_type: 'Bearer' } } },
      { want: 'POST /token', respond: { status: 401, json: { error: 'invalid_client' } } },
      { want: 'POST /token', respond: { json: { access_token: 'b', token_type: 'Bearer' } } },
    ]);
    const running = run('login fake --no-browser --no-verify --flow paste', { store, stdin: 'open' });
    expect((await approve(running)).get('client_id')).toBe('one');
    expect((await approve(running)).get('client_id')).toBe('two');
    expect(await running.exit).toBe(0);
    expect(readStore(store).mcpServers.fake.auth).toMatchObject({ token: 'b', client_id: 'two' });
    expect(server.asked('POST /register')).toHaveLength(2);
  });

  test('a device login too', async () => {
    const { server, store } = await forgetful((origin) => [
      { want: 'POST /device', respond: { status: 401 } },
      {
        want: 'POST /device',
        respond: ({ body }) => ({
          json: { device_code: 'd', user_code: String(body['client_id']), verification_uri: `${origin}/device`, expires_in: 600 },
        }),
      },
    ]);
    expect(await run('login fake --no-browser --no-verify --flow device', { store }).exit).toBe(0);
    expect(server.asked('POST /token').at(-1)?.body['client_id']).toBe('two');
  });

  test('a registration that was made just now is not made again', async () => {
    const server = await fakeServer(() => [{ want: 'POST /token', respond: { status: 401, json: { error: 'invalid_client' } } }]);
    const running = run(`login ${server.url} --no-browser --no-verify --flow paste`, { store: temporaryStore(), stdin: 'open' });
    await approve(running);
    expect(await running.exit).toBe(1);
    expect(server.asked('POST /register')).toHaveLength(1);
  });

  test('in a device login, one that lacks the scope is replaced too', async () => {
    const { server, store } = await forgetful((origin) => [
      { want: 'POST /device', respond: { status: 400, json: { error: 'invalid_scope' } } },
      {
        want: 'POST /device',
        respond: { json: { device_code: 'd', user_code: 'A', verification_uri: `${origin}/device`, expires_in: 600 } },
      },
    ]);
    expect(await run('login fake --no-browser --no-verify --flow device --scope more', { store }).exit).toBe(0);
    expect(server.asked('POST /register')).toHaveLength(2);
  });

  test('a new registration that is refused too ends it', async () => {
    const { server, store } = await forgetful(() => [
      { want: 'POST /device', respond: { status: 401, json: { error: 'invalid_client' } } },
    ]);
    const running = run('login fake --no-browser --no-verify --flow device', { store });
    expect(await running.exit).toBe(1);
    expect(server.asked('POST /register')).toHaveLength(2);
  });

  test.each([{ status: 500 }, { status: 405 }, { status: 400, text: 'Bad Request' }, { status: 200, text: 'Sign in' }, 'drop' as const])(
    'a server that refuses such a GET is no reason to stop: %j',
    async (respond) => {
      const { server, store } = await forgetful(() => [{ want: 'GET /authorize', respond }]);
      expect((await loginByPaste('fake', store)).request.get('client_id')).toBe('one');
      expect(server.asked('POST /register')).toHaveLength(1);
    },
  );

  test('a client that was registered by hand is never replaced', async () => {
    const server = await fakeServer(() => [
      { want: 'POST /device', respond: { status: 401, json: { error: 'invalid_client', error_description: 'who?' } } },
    ]);
    const running = run(`login ${server.url} --no-browser --no-verify --flow device --client-id mine`, { store: temporaryStore() });
    expect(await running.exit).toBe(1);
    expect(running.stderr).toContain('“who?”');
    expect(server.asked('POST /register')).toEqual([]);
  });
});
