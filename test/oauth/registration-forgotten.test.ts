/** A stored registration that its server no longer knows is replaced once. */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Exchange } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';
import { approve, loginByPaste, registered } from './registering.js';

describe('a stored registration that its server no longer knows is replaced once', () => {
  /** A server that no longer knows the client of the stored login. */
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
  ])('detected by requesting the authorization URL: $what', async ({ respond }) => {
    const { server, store, redirectUri } = await forgetful(() => [{ want: 'GET /authorize', respond }]);
    const { request, said } = await loginByPaste('fake', store);
    expect(said).toMatch(/no longer knows the client “one”\. Registering again\./);
    expect(request.get('client_id')).toBe('two');
    expect(request.get('redirect_uri')).toBe(redirectUri);
    expect(server.asked('POST /register')).toHaveLength(2);
    expect(readStore(store).oauthClients[server.origin][0]).toMatchObject({ client_id: 'two' });
    // An unknown client is removed; one that is not allowed to do this may still do something else.
    expect(readStore(store).oauthClients[server.origin]).toHaveLength(JSON.stringify(respond).includes('unauthorized_client') ? 2 : 1);
  });

  test('one that another login still uses is not removed', async () => {
    const { server, store } = await forgetful(() => [
      { want: 'GET /authorize', respond: { status: 400, json: { error: 'invalid_client' } } },
    ]);
    const document = readStore(store);
    document.mcpServers.other = document.mcpServers.fake;
    writeFileSync(store, JSON.stringify(document));
    await loginByPaste('fake', store);
    expect(readStore(store).oauthClients[server.origin]).toMatchObject([{ client_id: 'two' }, { client_id: 'one' }]);
  });

  test('a server that issues the same id to every client keeps that registration', async () => {
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

  test('after invalid_scope, a client is registered with the requested scopes', async () => {
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

  test('detected at the token endpoint: the user is asked again', async () => {
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

  test('in a device login too', async () => {
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

  test('a new registration is not replaced', async () => {
    const server = await fakeServer(() => [{ want: 'POST /token', respond: { status: 401, json: { error: 'invalid_client' } } }]);
    const running = run(`login ${server.url} --no-browser --no-verify --flow paste`, { store: temporaryStore(), stdin: 'open' });
    await approve(running);
    expect(await running.exit).toBe(1);
    expect(server.asked('POST /register')).toHaveLength(1);
  });

  test('in a device login, one without the scope is replaced too', async () => {
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

  test('if the new registration is rejected too, the login ends', async () => {
    const { server, store } = await forgetful(() => [
      { want: 'POST /device', respond: { status: 401, json: { error: 'invalid_client' } } },
    ]);
    const running = run('login fake --no-browser --no-verify --flow device', { store });
    expect(await running.exit).toBe(1);
    expect(server.asked('POST /register')).toHaveLength(2);
  });

  test.each([{ status: 500 }, { status: 405 }, { status: 400, text: 'Bad Request' }, { status: 200, text: 'Sign in' }, 'drop' as const])(
    'the login continues if the server refuses that request: %j',
    async (respond) => {
      const { server, store } = await forgetful(() => [{ want: 'GET /authorize', respond }]);
      expect((await loginByPaste('fake', store)).request.get('client_id')).toBe('one');
      expect(server.asked('POST /register')).toHaveLength(1);
    },
  );

  test('a pre-registered client is never replaced', async () => {
    const server = await fakeServer(() => [
      { want: 'POST /device', respond: { status: 401, json: { error: 'invalid_client', error_description: 'who?' } } },
    ]);
    const running = run(`login ${server.url} --no-browser --no-verify --flow device --client-id mine`, { store: temporaryStore() });
    expect(await running.exit).toBe(1);
    expect(running.stderr).toContain('“who?”');
    expect(server.asked('POST /register')).toEqual([]);
  });
});
