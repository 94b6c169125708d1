/** What authorization servers answer in their own ways: registrations, tokens, codes, refusals. */
import { describe, expect, test } from 'vitest';
import { parseChallenge } from '../../src/oauth/challenge.js';
import { registeredRedirectUri } from '../../src/oauth/redirect-uri.js';
import { endsLogin, refusesClientProof } from '../../src/oauth/refusal.js';
import { guarded } from '../helpers/fake-mcp.js';
import { metadata, type Exchange, type FakeRequest, type Respond } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { logInByPaste } from '../helpers/paste.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

const oauth = 'GET /.well-known/oauth-authorization-server';
const asUsual = (origin: string): Exchange =>
  guarded({ status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } });
const withMetadata = (origin: string, changes: Record<string, unknown>): Exchange => ({
  want: oauth,
  respond: { json: metadata(origin, changes) },
});

async function logIn(
  change: (origin: string) => Exchange[],
  { words = [], env = {} }: { words?: string[]; env?: Record<string, string> } = {},
) {
  const server = await fakeServer((origin) => [asUsual(origin), ...change(origin)]);
  const store = temporaryStore();
  const login = await logInByPaste([server.url, '--name', 'fake', ...words], { store, env });
  return { server, store, ...login };
}

describe('Comparison to the letter', () => {
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
    { form: 'what is no URI', registered: ['::'], used: undefined },
  ])('a redirect URI in the answer to a registration: $form', ({ registered, used }) => {
    expect(registeredRedirectUri(wanted, registered)).toBe(used);
  });

  test.each<{ form: string; of: (uri: string) => unknown }>([
    { form: 'without its port', of: (uri) => [uri.replace(/:\d+/, '')] },
    { form: 'by localhost', of: (uri) => [uri.replace('127.0.0.1', 'localhost')] },
    { form: 'with a slash', of: (uri) => [`${uri}/`] },
    { form: 'null', of: () => null },
    { form: 'a text', of: (uri) => uri },
    { form: 'an empty list', of: () => [] },
  ])('a login with a redirect URI that is answered $form', async ({ of }) => {
    const { exit, command } = await logIn(() => [
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

describe('No second try, and a method that nobody asked for', () => {
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
        form: 'post, told by invalid_request',
        supported: undefined,
        isTaken: byPost,
        refusal: { status: 400, json: { error: 'invalid_request', error_description: 'Missing client_secret' } },
        kept: { token_endpoint_auth_method: 'client_secret_post' },
      },
      {
        form: 'Basic, told by a bare 401',
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
    const { exit, command, store, server } = await logIn(change, { words: ['--client-id', 'c'], env: { MCP_AUTH_CLIENT_SECRET: secret } });
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
    const { exit, server } = await logIn((origin) => [
      withMetadata(origin, { token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'] }),
      { want: 'POST /register', respond: { status: 201, json: { client_id: 'id/with/slashes', client_secret: 'plain' } } },
    ]);
    expect(exit).toBe(0);
    expect(server.asked('POST /token')[0]?.body).toMatchObject({ client_id: 'id/with/slashes', client_secret: 'plain' });
    expect(server.asked('POST /token')).toHaveLength(1);
  });

  test('a secret beside the method none is sent when it is asked for', async () => {
    const { exit, store, server } = await logIn(() => [
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

  test('a client that is refused in every way is told once, and asked for no more than twice', async () => {
    const { exit, command, server } = await logIn(
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
      const { exit, command, server } = await logIn(
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

describe('Judged after it was spent', () => {
  const tokens = { access_token: 'access-1', expires_in: 3600, refresh_token: 'refresh-1' };
  const form = 'access_token=access-1&token_type=bearer&refresh_token=refresh-1&expires_in=3600';
  test.each<{ shape: string; respond: Respond }>([
    ...[
      'user',
      'bot',
      'BearerToken',
      'JWT',
      'access_token',
      'Bearer ',
      'bearer_token',
      'urn:ietf:params:oauth:token-type:access_token',
      '',
      null,
      7,
    ].map((token_type) => ({
      shape: `token_type ${JSON.stringify(token_type)}`,
      respond: { json: { ...tokens, token_type } },
    })),
    { shape: 'no token_type', respond: { json: tokens } },
    { shape: 'status 201', respond: { status: 201, json: { ...tokens, token_type: 'bearer' } } },
    { shape: 'status 202', respond: { status: 202, json: { ...tokens, token_type: 'bearer' } } },
    { shape: 'in data', respond: { json: { code: 0, data: tokens } } },
    { shape: 'in a list', respond: { json: { data: [tokens] } } },
    { shape: 'in data.token', respond: { json: { data: { token: tokens } } } },
    { shape: 'in response.result.tokens', respond: { json: { response: { result: { tokens } } } } },
    { shape: 'in authed_user', respond: { json: { ok: true, authed_user: { ...tokens, token_type: 'user' } } } },
    {
      shape: 'in camel case',
      respond: { json: { accessToken: 'access-1', refreshToken: 'refresh-1', expiresIn: 3600, tokenType: 'Bearer' } },
    },
    { shape: 'in camel case, in data', respond: { json: { data: { accessToken: 'access-1', refreshToken: 'refresh-1' } } } },
    {
      shape: 'JSON as a text of JSON',
      respond: {
        headers: { 'content-type': 'application/json' },
        text: JSON.stringify(JSON.stringify({ ...tokens, token_type: 'bearer' })),
      },
    },
    { shape: 'JSON as a text in JSON', respond: { json: { data: JSON.stringify(tokens) } } },
    { shape: 'JSON as text/html', respond: { headers: { 'content-type': 'text/html' }, text: JSON.stringify(tokens) } },
    { shape: 'a form', respond: { headers: { 'content-type': 'application/x-www-form-urlencoded' }, text: form } },
    { shape: 'a form as text/plain', respond: { headers: { 'content-type': 'text/plain' }, text: form } },
    { shape: 'expires_in as text', respond: { json: { ...tokens, expires_in: '3600' } } },
    { shape: 'expires_in with a unit', respond: { json: { ...tokens, expires_in: '3600s' } } },
    { shape: 'an empty error beside it', respond: { json: { ...tokens, error: '', error_description: null } } },
  ])('tokens that come with $shape are taken', async ({ respond }) => {
    const { exit, command, store } = await logIn(() => [{ want: 'POST /token', respond }]);
    expect(exit, command.stderr).toBe(0);
    expect(readStore(store).mcpServers.fake.auth).toMatchObject({ type: 'bearer', token: 'access-1', refresh_token: 'refresh-1' });
  });

  test.each(['mac', 'N_A', 'pop', 'dpop'])('a token of the type %s is no bearer token', async (token_type) => {
    const { exit } = await logIn(() => [{ want: 'POST /token', respond: { json: { ...tokens, token_type } } }]);
    expect(exit).toBe(6);
  });

  test.each<{ what: string; answer: Record<string, unknown> }>([
    { what: 'another resource', answer: { access_token: 'access-2', token_type: 'bearer', resource: 'https://other.example/' } },
    { what: 'no access token', answer: { token_type: 'bearer' } },
    { what: 'a token that no header can hold', answer: { access_token: 'a b', token_type: 'bearer' } },
    { what: 'a type of token that nobody can use', answer: { access_token: 'access-2', token_type: 'mac' } },
  ])('a refresh that answers with $what: the new refresh token is kept, since the old one is spent', async ({ answer }) => {
    let good = 'refresh-1';
    let isOdd = true;
    const { store, exit } = await logIn(() => [
      {
        want: 'POST /token',
        respond: ({ body }) => {
          if (body['grant_type'] !== 'refresh_token') return { json: { ...tokens, token_type: 'bearer' } };
          if (body['refresh_token'] !== good) return { status: 400, json: { error: 'invalid_grant' } };
          good = isOdd ? 'refresh-2' : 'refresh-3';
          return { json: { ...(isOdd ? answer : { access_token: 'access-3', token_type: 'bearer' }), refresh_token: good } };
        },
      },
    ]);
    expect(exit).toBe(0);
    expect(await run('refresh fake', { store }).exit).toBe(6);
    expect(readStore(store).mcpServers.fake.auth.refresh_token).toBe('refresh-2');
    isOdd = false;
    expect(await run('refresh fake', { store }).exit).toBe(0);
    expect(readStore(store).mcpServers.fake.auth).toMatchObject({ token: 'access-3', refresh_token: 'refresh-3' });
  });
});

describe('Half a value followed', () => {
  const at = 'https://a.example/prm?x=1';
  test.each([
    `Bearer resource_metadata=${at}`,
    `Bearer resource_metadata='${at}'`,
    `Bearer realm=x, resource_metadata=${at}, scope="a b"`,
    `Bearer realm="x" resource_metadata="${at}"`,
    `Bearer error='invalid_token'; resource_metadata='${at}'`,
    `bearer resource_metadata = "${at}"`,
    `Basic realm="x", Bearer resource_metadata=${at}`,
    `Negotiate, Bearer resource_metadata=${at}`,
  ])('%s', (header) => {
    expect(parseChallenge(header)?.resourceMetadata).toBe(at);
  });

  test('scopes without quotes are several', () => {
    expect(parseChallenge('Bearer scope=read write, error=insufficient_scope')).toMatchObject({
      scope: 'read write',
      error: 'insufficient_scope',
    });
  });

  test('a header that is as long as a server likes is read in one pass', () => {
    // What is quadratic takes minutes for these, and the suite's own limit ends it.
    for (const piece of ['a', ' ', 'a=', 'a="', 'Bearer ', "a='b", 'a,', '\\"']) parseChallenge(`Bearer ${piece.repeat(500_000)}?`);
  });

  test.each([
    { uri: '/activate', shown: '/activate' },
    { uri: 'activate', shown: '/activate' },
    { uri: '//HOST/activate', shown: '/activate' },
    { uri: ' ORIGIN/activate ', shown: '/activate' },
  ])('a verification URI as $uri is shown whole', async ({ uri, shown }) => {
    const server = await fakeServer((origin) => [
      asUsual(origin),
      {
        want: 'POST /device',
        respond: {
          json: {
            device_code: 'd',
            user_code: 'WDJB-MJHT',
            verification_uri: uri.replace('ORIGIN', origin).replace('HOST', new URL(origin).host),
            expires_in: 600,
            interval: 5,
          },
        },
      },
    ]);
    const login = run(`login ${server.url} --no-browser --flow device`, { store: temporaryStore() });
    expect(await login.exit, login.stderr).toBe(0);
    expect(login.stderr).toContain(`\n${server.origin}${shown}\n`);
  });

  test('a verification URI of a host alone is https there', async () => {
    const server = await fakeServer((origin) => [
      asUsual(origin),
      {
        want: 'POST /device',
        respond: { json: { device_code: 'd', user_code: 'WDJB-MJHT', verification_uri: 'verify.example/activate', expires_in: 600 } },
      },
    ]);
    const login = run(`login ${server.url} --no-browser --flow device`, { store: temporaryStore() });
    await login.exit;
    // This server is on this machine, and plain http: elsewhere that would be refused, so that it is not made of it.
    expect(login.stderr).not.toContain(`${server.origin}/verify.example`);
  });
});

describe('Words', () => {
  test.each<{ error: string; code: number; status?: number }>([
    ...['access_denied', 'authorization_declined', 'user_declined', 'user_denied', 'declined', 'accessDenied'].map((error) => ({
      error,
      code: 4,
    })),
    ...['expired_token', 'code_expired', 'device_code_expired', 'expired_device_code', 'ExpiredToken'].map((error) => ({ error, code: 5 })),
  ])('a device code that is answered with $error: exit $code', async ({ error, code }) => {
    const server = await fakeServer((origin) => [asUsual(origin), { want: 'POST /token', respond: { status: 400, json: { error } } }]);
    expect(await run(`login ${server.url} --no-browser --flow device`, { store: temporaryStore() }).exit).toBe(code);
  });

  test.each(['authorization_pending', 'authorizationPending', 'authorization pending', 'AUTHORIZATION_PENDING '])(
    '%j is waited for',
    async (error) => {
      const server = await fakeServer((origin) => [
        asUsual(origin),
        { want: 'POST /token', respond: { status: 400, json: { error } } },
        { want: 'POST /token', respond: { json: { access_token: 'access-1', token_type: 'bearer' } } },
      ]);
      expect(await run(`login ${server.url} --no-browser --flow device`, { store: temporaryStore() }).exit).toBe(0);
    },
  );

  const ended: { form: string; respond: Respond }[] = [
    { form: 'invalid_grant', respond: { status: 400, json: { error: 'invalid_grant' } } },
    { form: 'invalid_grant with 401', respond: { status: 401, json: { error: 'invalid_grant' } } },
    {
      form: 'unauthorized_client',
      respond: { status: 403, json: { error: 'unauthorized_client', error_description: 'refresh_token is invalid' } },
    },
    {
      form: 'invalid_request',
      respond: { status: 400, json: { error: 'invalid_request', error_description: 'The refresh token has expired' } },
    },
    { form: 'HubSpot', respond: { status: 400, json: { status: 'BAD_REFRESH_TOKEN', message: 'missing or invalid refresh token' } } },
    { form: 'an error as an object', respond: { status: 400, json: { error: { code: 'token_expired', message: 'expired' } } } },
    { form: 'a list of errors', respond: { status: 400, json: { errors: [{ code: 'INVALID', message: 'Refresh token not found' }] } } },
    { form: 'Slack', respond: { json: { ok: false, error: 'token_revoked' } } },
    { form: 'GitHub', respond: { json: { error: 'bad_refresh_token' } } },
    {
      form: 'Entra ID',
      respond: {
        status: 400,
        json: { error: 'invalid_request', error_description: 'AADSTS700082: The refresh token has expired due to inactivity.' },
      },
    },
    { form: 'interaction_required', respond: { status: 400, json: { error: 'interaction_required' } } },
    { form: 'plain words', respond: { status: 400, headers: { 'content-type': 'text/plain' }, text: 'Refresh token expired' } },
  ];
  const open: { form: string; respond: Respond; exit: number }[] = [
    { form: 'a 500 that says invalid_grant', respond: { status: 500, json: { error: 'invalid_grant' } }, exit: 3 },
    { form: 'a 503', respond: { status: 503 }, exit: 6 },
    { form: 'a 503 with a page', respond: { status: 503, text: '<html>refresh token expired</html>' }, exit: 6 },
    { form: 'a 429', respond: { status: 429, json: { error: 'rate_limited' } }, exit: 6 },
    {
      form: 'invalid_scope',
      respond: { status: 400, json: { error: 'invalid_scope', error_description: 'the refresh token is invalid for this scope' } },
      exit: 1,
    },
    { form: 'a wrong client', respond: { status: 401, json: { error: 'invalid_client' } }, exit: 3 },
    {
      form: 'server_error with 400',
      respond: { status: 400, json: { error: 'server_error', error_description: 'refresh token expired' } },
      exit: 6,
    },
    { form: 'a firewall', respond: { status: 403, text: '<html>Forbidden</html>' }, exit: 1 },
  ];

  async function refusing(respond: Respond) {
    const server = await fakeServer((origin) => [asUsual(origin), { want: 'POST /token', respond }]);
    const auth = {
      ...{
        type: 'bearer',
        token: 'access-0',
        expires_at: 1000,
        issued_at: 1,
        refresh_token: 'refresh-0',
        issuer: server.origin,
        client_id: 'c',
      },
      ...{ resource: server.url, token_endpoint: `${server.origin}/token` },
    };
    const store = temporaryStore({ mcpServers: { fake: { type: 'http', url: server.url, auth } } });
    const token = run('token fake', { store });
    return { exit: await token.exit, said: token.stderr, auth: readStore(store).mcpServers.fake.auth };
  }

  test.each(ended)('a refresh token that has ended, told by $form: exit 3, and the command', async ({ respond }) => {
    const { exit, said, auth } = await refusing(respond);
    expect(exit, said).toBe(3);
    expect(said).toContain('mcp-auth login fake');
    expect(auth.ended_at).toBeTypeOf('number');
  });

  test.each(open)('$form does not end a login (exit $exit)', async ({ respond, exit: wanted }) => {
    const { exit, said, auth } = await refusing(respond);
    expect(exit, said).toBe(wanted);
    expect(auth).not.toHaveProperty('ended_at');
    expect(auth.refresh_token).toBe('refresh-0');
  });

  test('a failure of the server is told in its own words', async () => {
    const { exit, said } = await refusing({
      status: 503,
      json: { error: 'server_error', error_description: 'The database is being moved' },
    });
    expect(exit).toBe(6);
    expect(said).toContain('The database is being moved');
  });

  test('what has become of a request is no refusal of the client, whatever its status', () => {
    expect(refusesClientProof({ error: 'authorization_pending', status: 401 })).toBe(false);
    expect(refusesClientProof({ error: 'unnamed error', status: 401 })).toBe(true);
  });

  test('what the words say of a refresh token is read whole', () => {
    expect(endsLogin({ error: 'invalid_request', description: 'Missing parameter: refresh_token' })).toBe(false);
    expect(endsLogin({ error: 'invalid_request', description: 'resource is invalid' })).toBe(false);
    expect(endsLogin({ error: 'unsupported_grant_type', description: 'refresh_token is not valid here' })).toBe(false);
    expect(endsLogin({ error: 'x', description: 'No such refresh token' })).toBe(true);
    expect(endsLogin({ error: 'invalid_client', description: 'Unknown client for this refresh token' })).toBe(false);
    expect(endsLogin({ error: 'unauthorized_client', description: 'The refresh_token grant type is invalid for this client' })).toBe(false);
    const failure = 'Could not refresh token: the answer of the upstream is invalid';
    expect(endsLogin({ error: 'invalid_request', description: failure })).toBe(false);
    expect(endsLogin({ error: 'invalid_request', description: 'Could not refresh the token: refresh token expired' })).toBe(true);
  });
});

describe('What people paste', () => {
  test.each(['code=4/0Ab_cd=', '?code=4/0Ab_cd=', 'code: 4/0Ab_cd=', '4%2F0Ab_cd%3D'])('%s alone is the code', async (text) => {
    const server = await fakeServer((origin) => [asUsual(origin)]);
    const login = run(`login ${server.url} --no-browser --flow paste`, { store: temporaryStore(), stdin: 'open' });
    await login.shown(/^(http\S+state=\S+)$/m);
    login.type(`${text}\n`);
    login.end();
    expect(await login.exit, login.stderr).toBe(0);
    expect(server.asked('POST /token')[0]?.body['code']).toBe('4/0Ab_cd=');
  });

  test('but not where the authorization server says who it is', async () => {
    const server = await fakeServer((origin) => [
      asUsual(origin),
      withMetadata(origin, { authorization_response_iss_parameter_supported: true }),
    ]);
    const login = run(`login ${server.url} --no-browser --flow paste`, { store: temporaryStore(), stdin: 'open' });
    await login.shown(/^(http\S+state=\S+)$/m);
    login.type('code=4/0Ab_cd=\n');
    login.end();
    expect(await login.exit).toBe(1);
    expect(server.asked('POST /token')).toEqual([]);
  });
});
