/** RFC 7591; checklist items 6 to 10. */
import { expect, test } from 'vitest';
import { metadata, type Exchange } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

async function login(change: (origin: string) => Exchange[], options = '--flow device --no-verify --name fake') {
  const server = await fakeServer(change);
  const store = temporaryStore();
  const running = run(`login ${server.url} --no-browser ${options}`, { store });
  return { server, store, running };
}

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

test('item 9: registers as a native public client, with the device grant where it is offered', async () => {
  const { server, running } = await login(() => []);
  expect(await running.exit).toBe(0);
  expect(server.asked('POST /register')[0]?.body).toEqual({
    client_name: 'mcp-auth',
    application_type: 'native',
    redirect_uris: [expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/callback$/)],
    grant_types: ['authorization_code', 'refresh_token', deviceGrant],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  });
});

test('item 10: what is kept belongs to the issuer', async () => {
  const { server, store, running } = await login(() => []);
  expect(await running.exit).toBe(0);
  expect(Object.keys(readStore(store).oauthClients)).toEqual([server.origin]);
  expect(readStore(store).oauthClients[server.origin]).toMatchObject([{ client_id: 'client-1', obtained_by: 'dynamic_registration' }]);
});

test('a registration that is refused because of the device grant is tried without it, and paste goes on', async () => {
  const { server, running } = await login(
    () => [
      { want: 'POST /register', respond: { status: 400, json: { error: 'invalid_client_metadata', error_description: 'no device' } } },
      { want: 'POST /register', respond: ({ body }) => ({ status: 201, json: { ...body, client_id: 'client-2' } }) },
    ],
    '',
  );
  await running.shown(/does not let this client use a device code. Going on with paste/);
  await running.shown(/^http:\S+\/authorize\?\S+$/m);
  running.interrupt();
  await running.exit;
  expect(server.asked('POST /register')[1]?.body['grant_types']).toEqual(['authorization_code', 'refresh_token']);
});

test('the server’s own reason is shown when it refuses, without its escape sequences', async () => {
  const { running } = await login(() => [
    {
      want: 'POST /register',
      respond: { status: 403, json: { error: 'access_refused', error_description: '\u001b[2Jonly \u202efriends' } },
    },
  ]);
  expect(await running.exit).toBe(1);
  expect(running.stderr).toContain('“[2Jonly friends”');
  expect(running.stderr).not.toContain('\u001b');
});

test('no registration endpoint: said before anybody is sent to approve', async () => {
  const { running } = await login((origin) => [
    { want: 'GET /.well-known/oauth-authorization-server', respond: { json: metadata(origin, { registration_endpoint: undefined }) } },
  ]);
  expect(await running.exit).toBe(1);
  expect(running.stderr).toContain('lets no client register itself');
});

test.each([
  {
    what: 'a method that needs a secret, and none',
    answer: { token_endpoint_auth_method: 'client_secret_basic' },
    said: 'was not given what that takes',
  },
  { what: 'another redirect URI', answer: { redirect_uris: ['https://other.example/'] }, said: 'it is for the redirect URIs' },
])('a registration with $what is found out before anybody is sent to approve', async ({ answer, said }) => {
  const { running, server } = await login(() => [
    { want: 'POST /register', respond: ({ body }) => ({ status: 201, json: { ...body, client_id: 'c', ...answer } }) },
  ]);
  expect(await running.exit).toBe(1);
  expect(running.stderr).toContain(said);
  expect(server.asked('POST /device')).toEqual([]);
});

test.each([
  { method: 'client_secret_basic', header: `Basic ${Buffer.from('c-1:s%2Fecret').toString('base64')}`, field: undefined },
  { method: 'client_secret_post', header: undefined, field: 's/ecret' },
])('a client that must use $method does', async ({ method, header, field }) => {
  const { running, server } = await login(() => [
    {
      want: 'POST /register',
      // Status 200 and no client_secret_expires_at: both seen on real servers, both against RFC 7591.
      respond: ({ body }) => ({
        status: 200,
        json: { ...body, client_id: 'c-1', client_secret: 's/ecret', token_endpoint_auth_method: method },
      }),
    },
  ]);
  expect(await running.exit).toBe(0);
  const [token] = server.asked('POST /token');
  expect(token?.headers.authorization).toBe(header);
  expect(token?.body['client_secret']).toBe(field);
});
