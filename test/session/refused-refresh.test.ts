/** A refresh that fails, and a login that expires with it: RFC 6749 section 5.2. */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Exchange } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { loggedIn, now } from './logged-in.js';

describe('a refresh that fails', () => {
  const failing = (respond: Exchange['respond']) => ({ change: () => [{ want: 'POST /token', respond }] });

  test('invalid_grant is exit 3, with the command that fixes it', async () => {
    const { store } = await loggedIn(-5, failing({ status: 400, json: { error: 'invalid_grant' } }));
    const token = run('token fake', { store });
    expect(await token.exit).toBe(3);
    expect(token.stdout).toBe('');
    expect(token.stderr).toContain('mcp-auth login fake');
  });

  test.each([
    { what: 'a 500', respond: { status: 500 } },
    { what: 'a page', respond: { text: '<html>' } },
    { what: 'a lost connection', respond: 'drop' },
  ] as const)('$what is exit 6, and the login stays', async ({ respond }) => {
    const { store } = await loggedIn(-5, failing(respond));
    const before = readStore(store);
    const token = run('token fake', { store });
    expect(await token.exit).toBe(6);
    expect(token.stdout).toBe('');
    expect(readStore(store)).toEqual(before);
  });

  test('a token that is still valid is used, with a warning', async () => {
    const { store } = await loggedIn(30, failing({ status: 500 }));
    const token = run('token fake', { store });
    expect(await token.exit).toBe(0);
    expect(token.stdout).toBe('old\n');
    expect(token.stderr).toContain('could not be renewed, but is still valid');
  });

  test('a token that is valid for less time than requested is not used', async () => {
    const { store } = await loggedIn(30, failing({ status: 500 }));
    const token = run('token fake --min-ttl 100', { store });
    expect(await token.exit).toBe(6);
    expect(token.stdout).toBe('');
  });

  test('the refresh token in a response that cannot be used is stored, and the access token counts as expired', async () => {
    const json = { access_token: 'x', token_type: 'N_A', refresh_token: 'refresh-1' };
    const { store } = await loggedIn(3600, failing({ json }));
    expect(await run('refresh fake', { store }).exit).toBe(6);
    const { auth } = readStore(store).mcpServers.fake;
    expect(auth).toMatchObject({ token: 'old', refresh_token: 'refresh-1' });
    expect(auth.expires_at).toBeLessThanOrEqual(now());
  });
});

describe('a login is needed: exit 3 and the command to type', () => {
  test.each([
    { what: 'no such server', document: {}, hint: 'mcp-auth login URL --name fake' },
    { what: 'a server without a login', document: { mcpServers: { fake: { url: 'https://a.example' } } }, hint: 'mcp-auth login fake' },
    {
      what: 'an empty token',
      document: { mcpServers: { fake: { url: 'https://a.example', auth: { type: 'bearer', token: '' } } } },
      hint: 'mcp-auth login fake',
    },
    {
      what: 'expired, no refresh token',
      document: { mcpServers: { fake: { url: 'https://a.example', auth: { token: 'x', expires_at: 1 } } } },
      hint: 'mcp-auth login fake',
    },
  ])('$what', async ({ document, hint }) => {
    const token = run('token fake', { store: temporaryStore(document) });
    expect(await token.exit).toBe(3);
    expect(token.stdout).toBe('');
    expect(token.stderr).toContain(hint);
  });

  test('a token with less remaining lifetime than requested, and no way to renew it', async () => {
    const store = temporaryStore({
      mcpServers: { fake: { url: 'https://a.example', auth: { type: 'bearer', token: 'x', expires_at: now() + 100 } } },
    });
    expect(await run('token fake --min-ttl 200', { store }).exit).toBe(3);
    expect(await run('token fake', { store }).exit).toBe(0);
  });
});

test.each([
  { what: 'no client', auth: { client_id: undefined }, code: 3 },
  { what: 'an issuer that is no URL', auth: { issuer: 'auth server' }, code: 3 },
  { what: 'a token endpoint that is no URL', auth: { token_endpoint: 'here' }, code: 1 },
])('a login with $what cannot be renewed, and is no bug of ours', async ({ auth, code }) => {
  const { store } = await loggedIn(-1, { auth });
  const token = run('token fake', { store });
  expect(await token.exit).toBe(code);
  expect(token.stderr).not.toContain('bug');
});

test('an error other than invalid_grant does not end the login, and the hint says what may help', async () => {
  const { store } = await loggedIn(-1, {
    change: () => [{ want: 'POST /token', respond: { status: 400, json: { error: 'invalid_request' } } }],
  });
  const token = run('token fake', { store });
  expect(await token.exit).toBe(1);
  expect(token.stderr).toContain('If that does not help, run: mcp-auth login fake');
  expect(readStore(store).mcpServers.fake.auth.refresh_token).toBe('refresh-0');
});

test('the error in the body wins over the challenge in the header: invalid_grant with a 401 is exit 3', async () => {
  const respond = { status: 401, headers: { 'www-authenticate': 'Basic realm="as"' }, json: { error: 'invalid_grant' } };
  const { store } = await loggedIn(-1, { change: () => [{ want: 'POST /token', respond }] });
  expect(await run('token fake', { store }).exit).toBe(3);
});

test('a refresh with a client that the server no longer knows: exit 3', async () => {
  const { store } = await loggedIn(-1, {
    change: () => [{ want: 'POST /token', respond: { status: 401, json: { error: 'invalid_client' } } }],
  });
  const token = run('token fake', { store });
  expect(await token.exit).toBe(3);
  expect(token.stderr).toContain('mcp-auth login fake');
  expect(readStore(store).mcpServers.fake.auth.refresh_token).toBe('refresh-0');
});

test.each(['bad_refresh_token', 'invalid_refresh_token'])('%s, with status 200, means invalid_grant: exit 3', async (error) => {
  const { store } = await loggedIn(-1, { change: () => [{ want: 'POST /token', respond: { json: { ok: false, error } } }] });
  expect(await run('token fake', { store }).exit).toBe(3);
});

describe('a token with an unknown lifetime is tried at its server', () => {
  test.each([
    { what: 'that takes it', status: 200, printed: 'old' },
    { what: 'that refuses it', status: 401, printed: 'access-1' },
    { what: 'that fails', status: 503, printed: 'old' },
  ])('$what', async ({ status, printed }) => {
    const { store, server } = await loggedIn(undefined, { change: () => [{ want: 'POST /mcp', respond: { status } }] });
    const token = run('token fake', { store });
    expect(await token.exit).toBe(0);
    expect(token.stdout).toBe(`${printed}\n`);
    expect(server.asked('POST /mcp')[0]?.headers.authorization).toBe('Bearer old');
  });
});

describe('invalid_grant ends a login', () => {
  const refused: Exchange = { want: 'POST /token', respond: { status: 400, json: { error: 'invalid_grant' } } };

  test('list reports it, and the server is not asked again', async () => {
    const { store, server } = await loggedIn(-1, { change: () => [refused] });
    expect(await run('token fake', { store }).exit).toBe(3);
    const again = run('token fake', { store });
    expect(await again.exit).toBe(3);
    expect(again.stderr).toContain('has been rejected since');
    expect(server.asked('POST /token')).toHaveLength(1);
    const list = run('list', { store });
    expect(await list.exit).toBe(0);
    expect(list.stdout).toContain('no (ended)');
    expect(readStore(store).mcpServers.fake.auth).not.toHaveProperty('refresh_token');
  });

  test('but a token that is still valid is printed', async () => {
    const { store } = await loggedIn(30, { change: () => [refused] });
    const token = run('token fake', { store });
    expect(await token.exit).toBe(0);
    expect(token.stdout).toBe('old\n');
    expect(await run('token fake', { store }).exit).toBe(0);
  });

  test('unless another machine that shares the store has spent the token and stored new ones', async () => {
    let store = '';
    const { store: file } = await loggedIn(-1, {
      change: () => [
        {
          want: 'POST /token',
          respond: () => {
            const document = readStore(store);
            Object.assign(document.mcpServers.fake.auth, { token: 'theirs', expires_at: now() + 3600, refresh_token: 'theirs-r' });
            writeFileSync(store, JSON.stringify(document));
            return { status: 400, json: { error: 'invalid_grant' } };
          },
        },
      ],
    });
    store = file;
    const token = run('token fake', { store });
    expect(await token.exit).toBe(0);
    expect(token.stdout).toBe('theirs\n');
    expect(readStore(store).mcpServers.fake.auth.refresh_token).toBe('theirs-r');
  });
});

test.each([
  { what: 'a 500', respond: { status: 500 } },
  { what: 'a page', respond: { text: '<html>' } },
  { what: 'a 503', respond: { status: 503, text: 'later' } },
  { what: 'a 429', respond: { status: 429, text: 'later' } },
  { what: 'no answer', respond: 'drop' },
  { what: 'JSON that is none', respond: { json: [] } },
] as const)('$what keeps the tokens as they are: exit 6', async ({ respond }) => {
  const { store } = await loggedIn(-1, { change: () => [{ want: 'POST /token', respond }] });
  const before = readStore(store);
  expect(await run('token fake', { store }).exit).toBe(6);
  expect(readStore(store)).toEqual(before);
});
