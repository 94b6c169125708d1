/** Deviating responses of authorization servers: registration and client authentication. */
import { describe, expect, test } from 'vitest';
import { findRegisteredRedirectUri } from '../../src/oauth/redirect-uri.js';
import type { Exchange, FakeRequest, Respond } from '../helpers/fake-server.js';
import { readStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { logInToNewServer, withMetadata } from './answering.js';

describe('Exact comparison', () => {
  const wanted = 'http://127.0.0.1:51234/callback';
  test.each<{ form: string; registered: string[] | undefined; used: string | undefined }>([
    { form: 'the same', registered: [wanted], used: wanted },
    { form: 'left out', registered: undefined, used: wanted },
    { form: 'an empty list', registered: [], used: wanted },
    { form: 'an empty text', registered: [''], used: wanted },
    { form: 'no port, which means any', registered: ['http://127.0.0.1/callback'], used: wanted },
    { form: 'another port', registered: ['http://127.0.0.1:8080/callback'], used: 'http://127.0.0.1:8080/callback' },
    { form: 'localhost', registered: ['http://localhost:51234/callback'], used: 'http://localhost:51234/callback' },
    { form: 'localhost without a port', registered: ['http://localhost/callback'], used: 'http://localhost:51234/callback' },
    { form: 'IPv6', registered: ['http://[::1]/callback'], used: 'http://[::1]:51234/callback' },
    { form: 'a slash at the end', registered: [`${wanted}/`], used: `${wanted}/` },
    { form: 'capitals', registered: ['http://LOCALHOST:51234/callback'], used: 'http://LOCALHOST:51234/callback' },
    {
      form: 'one of several',
      registered: ['https://elsewhere.example/', 'http://localhost:51234/callback'],
      used: 'http://localhost:51234/callback',
    },
    { form: 'another machine', registered: ['https://elsewhere.example/callback'], used: undefined },
    { form: 'another path', registered: ['http://127.0.0.1:51234/other'], used: undefined },
    { form: 'not a URI', registered: ['::'], used: undefined },
  ])('a redirect URI in the answer to a registration: $form', ({ registered, used }) => {
    expect(findRegisteredRedirectUri(wanted, registered)).toBe(used);
  });

  test.each<{ form: string; of: (uri: string) => unknown }>([
    { form: 'without its port', of: (uri) => [uri.replace(/:\d+/, '')] },
    { form: 'by localhost', of: (uri) => [uri.replace('127.0.0.1', 'localhost')] },
    { form: 'with a slash', of: (uri) => [`${uri}/`] },
    { form: 'null', of: () => null },
    { form: 'a text', of: (uri) => uri },
    { form: 'an empty list', of: () => [] },
  ])('a login with a redirect URI that is answered $form', async ({ of }) => {
    const { exit, command } = await logInToNewServer(() => [
      {
        want: 'POST /register',
        respond: ({ body }) => ({
          status: 201,
          json: { ...body, client_id: 'c', redirect_uris: of(String((body['redirect_uris'] as string[])[0])) },
        }),
      },
    ]);
    expect(exit, command.stderr).toBe(0);
  });
});

describe('No retry, and a method that was not requested', () => {
  const secret = 'a/b+c=';
  const byPost = ({ body }: FakeRequest) => body['client_secret'] === secret;
  const byBasic =
    (plain: boolean) =>
    ({ headers }: FakeRequest) => {
      const text = Buffer.from(headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
      return text === (plain ? `c:${secret}` : `c:${encodeURIComponent(secret)}`);
    };
  const tokens: Respond = { json: { access_token: 'access-1', token_type: 'Bearer', expires_in: 3600, refresh_token: 'refresh-1' } };
  const taking = (isTaken: (request: FakeRequest) => boolean, refusal: Respond): Exchange => ({
    want: 'POST /token',
    respond: (request) => (isTaken(request) ? tokens : refusal),
  });
  const invalid: Respond = { status: 401, json: { error: 'invalid_client' } };

  test.each<{ form: string; supported: string[] | undefined; isTaken: (request: FakeRequest) => boolean; refusal?: Respond; kept: object }>(
    [
      {
        form: 'post, where Basic is first',
        supported: ['client_secret_basic', 'client_secret_post'],
        isTaken: byPost,
        kept: { token_endpoint_auth_method: 'client_secret_post' },
      },
      {
        form: 'post, where nothing is said',
        supported: undefined,
        isTaken: byPost,
        kept: { token_endpoint_auth_method: 'client_secret_post' },
      },
      {
        form: 'Basic, where post is first',
        supported: ['client_secret_post', 'client_secret_basic'],
        isTaken: byBasic(false),
        kept: { token_endpoint_auth_method: 'client_secret_basic' },
      },
      {
        form: 'Basic without its encoding',
        supported: ['client_secret_basic'],
        isTaken: byBasic(true),
        kept: { token_endpoint_auth_method: 'client_secret_basic', basic_unencoded: true },
      },
      {
        form: 'post, rejected with invalid_request',
        supported: undefined,
        isTaken: byPost,
        refusal: { status: 400, json: { error: 'invalid_request', error_description: 'Missing client_secret' } },
        kept: { token_endpoint_auth_method: 'client_secret_post' },
      },
      {
        form: 'Basic, rejected with a bare 401',
        supported: undefined,
        isTaken: byBasic(false),
        refusal: { status: 401 },
        kept: { token_endpoint_auth_method: 'client_secret_basic' },
      },
    ],
  )('a server that takes $form', async ({ supported, isTaken, refusal = invalid, kept }) => {
    const change = (origin: string) => [
      withMetadata(origin, { token_endpoint_auth_methods_supported: supported }),
      taking(isTaken, refusal),
    ];
    const { exit, command, store, server } = await logInToNewServer(change, {
      words: ['--client-id', 'c'],
      env: { MCP_AUTH_CLIENT_SECRET: secret },
    });
    expect(exit, command.stderr).toBe(0);
    expect(readStore(store).oauthClients[server.origin][0]).toMatchObject(kept);
    for (const { headers, body } of server.asked('POST /token'))
      expect(headers.authorization === undefined || !('client_secret' in body)).toBe(true);
    // The next request begins with what has worked.
    const before = server.asked('POST /token').length;
    expect(await run('refresh fake', { store }).exit).toBe(0);
    expect(server.asked('POST /token')).toHaveLength(before + 1);
  });

  test('a registration that asked for post, and whose answer names no method, is used with post', async () => {
    const { exit, server } = await logInToNewServer((origin) => [
      withMetadata(origin, { token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'] }),
      { want: 'POST /register', respond: { status: 201, json: { client_id: 'id/with/slashes', client_secret: 'plain' } } },
    ]);
    expect(exit).toBe(0);
    expect(server.asked('POST /token')[0]?.body).toMatchObject({ client_id: 'id/with/slashes', client_secret: 'plain' });
    expect(server.asked('POST /token')).toHaveLength(1);
  });

  test('a secret next to the method none is sent when it is requested', async () => {
    const { exit, store, server } = await logInToNewServer(() => [
      {
        want: 'POST /register',
        respond: ({ body }) => ({
          status: 201,
          json: { ...body, client_id: 'c', client_secret: secret, token_endpoint_auth_method: 'none' },
        }),
      },
      taking(byPost, { status: 422, json: { message: 'Required parameter: client_secret' } }),
    ]);
    expect(exit).toBe(0);
    expect(readStore(store).oauthClients[server.origin][0]).toMatchObject({ token_endpoint_auth_method: 'client_secret_post' });
  });

  test('a client that is rejected with every method is reported once, after two requests at most', async () => {
    const { exit, command, server } = await logInToNewServer(
      (origin) => [withMetadata(origin, { token_endpoint_auth_methods_supported: undefined }), taking(() => false, invalid)],
      {
        words: ['--client-id', 'c'],
        env: { MCP_AUTH_CLIENT_SECRET: 'plain' },
      },
    );
    expect(exit).toBe(1);
    expect(command.stderr).toContain('invalid_client');
    expect(server.asked('POST /token')).toHaveLength(2);
  });

  test.each(['application_type', 'response_types', 'scope', 'client_name', 'grant types', 'token_endpoint_auth_method'])(
    'a registration that is refused for %s alone is asked for without it, and with all the rest',
    async (member) => {
      const name = member.replace(' ', '_');
      const isRefused = ({ body }: FakeRequest) => (name === 'token_endpoint_auth_method' ? body[name] === 'none' : name in body);
      const { exit, command, server } = await logInToNewServer(
        () => [
          {
            want: 'POST /register',
            respond: (request) =>
              isRefused(request)
                ? { status: 400, json: { error: 'invalid_client_metadata', error_description: `${member} is not supported` } }
                : { status: 201, json: { ...request.body, client_id: 'c', client_secret: 's' } },
          },
        ],
        { words: ['--scope', 'a'] },
      );
      expect(exit, command.stderr).toBe(0);
      expect(server.asked('POST /register').length).toBeLessThan(4);
      const last = server.asked('POST /register').at(-1)?.body ?? {};
      const others = ['application_type', 'response_types', 'scope', 'client_name', 'redirect_uris'].filter((one) => one !== name);
      for (const other of others) expect(last).toHaveProperty(other);
    },
  );
});
