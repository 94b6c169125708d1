/** The authorization code grant: RFC 6749 section 4.1, RFC 7636, RFC 8707, RFC 9207. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { metadata, type Exchange } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

/** A login that has shown its URL. `respond` pastes the redirect URI with the given parameters, and ends the input. */
async function asked(change: (origin: string) => Exchange[] = () => [], options = '') {
  const server = await fakeServer(change);
  const store = temporaryStore({ mine: true });
  const login = run(`login ${server.url} --no-browser --flow paste --no-verify --name fake ${options}`, { store, stdin: 'open' });
  const request = new URL(await login.shown(/^(http:\S+\/authorize\?\S+)$/m)).searchParams;
  const redirect = (parameters: string | Record<string, string>) =>
    `${request.get('redirect_uri')}?${String(new URLSearchParams(parameters))}`;
  const paste = async (text: string) => {
    login.type(`${text}\n`);
    login.end();
    return login.exit;
  };
  return { server, store, login, request, redirect, paste, state: request.get('state') ?? '' };
}

const withIss = (origin: string): Exchange => ({
  want: 'GET /.well-known/oauth-authorization-server',
  respond: { json: metadata(origin, { authorization_response_iss_parameter_supported: true }) },
});

test('the request has PKCE, state and resource, each once, and the exchange proves them (RFC 7636, RFC 8707)', async () => {
  const { server, store, request, redirect, paste, state } = await asked();
  for (const name of new Set(request.keys())) expect(request.getAll(name), name).toHaveLength(1);
  expect(request.get('code_challenge_method')).toBe('S256');
  expect(request.get('resource')).toBe(server.url);
  // 128 bits: RFC 6749 section 10.10, and short for the QR code.
  expect(state).toMatch(/^[\w-]{22}$/);
  expect(await paste(redirect({ code: 'code-1', state }))).toBe(0);

  const [exchange] = server.asked('POST /token');
  expect(exchange?.body).toMatchObject({
    grant_type: 'authorization_code',
    code: 'code-1',
    client_id: 'client-1',
    resource: server.url,
    redirect_uri: request.get('redirect_uri'),
  });
  const verifier = String(exchange?.body['code_verifier']);
  expect(createHash('sha256').update(verifier).digest('base64url')).toBe(request.get('code_challenge'));
  expect(readStore(store)).toMatchObject({ mine: true, mcpServers: { fake: { auth: { token: 'access-1', refresh_token: 'refresh-1' } } } });
});

describe('a wrong redirect URL is reported in one sentence, and changes nothing', () => {
  test.each([
    { what: 'another attempt’s state', pasted: { code: 'c', state: 'other' }, code: 1, said: 'belongs to another login' },
    { what: 'no state', pasted: { code: 'c' }, code: 1, said: '“state” is missing or cut off' },
    { what: 'two states', pasted: 'code=c&state=STATE&state=STATE', code: 1, said: 'belongs to another login' },
    { what: 'an error of another attempt', pasted: { error: 'access_denied', state: 'other' }, code: 1, said: 'belongs to another login' },
    { what: 'no code', pasted: { state: 'STATE' }, code: 1, said: 'contains no authorization code' },
    { what: 'access_denied', pasted: { error: 'access_denied', state: 'STATE' }, code: 4, said: 'refused: “access_denied”' },
    {
      what: 'another error',
      pasted: { error: 'invalid_scope', error_description: 'no\u001b[31m', state: 'STATE' },
      code: 1,
      said: '“no[31m”',
    },
    { what: 'two codes', pasted: 'code=c&code=d&state=STATE', code: 1, said: '“code” more than once' },
  ])('$what', async ({ pasted, code, said }) => {
    const { server, store, redirect, paste, login, state } = await asked();
    const parameters = JSON.parse(JSON.stringify(pasted).replaceAll('STATE', state)) as string | Record<string, string>;
    expect(await paste(redirect(parameters))).toBe(code);
    expect(login.stderr).toContain(said);
    expect(login.stderr).not.toContain('\u001b');
    expect(server.asked('POST /token')).toEqual([]);
    expect(readStore(store)).toEqual({ mine: true });
  });

  test.each([
    { what: 'nothing', text: '', said: 'Nothing was pasted' },
    { what: 'words', text: 'yes I did', said: 'not a redirect URL' },
    { what: 'another host', text: 'https://evil.example/callback?code=c', said: 'This is not the redirect URL' },
    { what: 'another port', text: 'http://127.0.0.1:1/callback?code=c', said: 'This is not the redirect URL' },
  ])('$what', async ({ text, said }) => {
    const { login, paste } = await asked();
    expect(await paste(text)).toBe(1);
    expect(login.stderr).toContain(said);
  });

  test('a wrong line is reported, and the next line may be right', async () => {
    const { login, redirect, paste, state } = await asked();
    login.type('no\n');
    await login.shown(/not a redirect URL/);
    login.type('\n');
    await login.shown(/Nothing was pasted/);
    expect(await paste(redirect({ code: 'c', state }))).toBe(0);
  });
});

describe('iss (RFC 9207 section 2.4)', () => {
  test.each([
    { what: 'advertised and right', advertised: true, iss: 'ORIGIN', code: 0 },
    { what: 'advertised and absent', advertised: true, iss: undefined, code: 1 },
    { what: 'advertised and wrong', advertised: true, iss: 'https://evil.example', code: 1 },
    { what: 'not advertised and right', advertised: false, iss: 'ORIGIN', code: 0 },
    { what: 'not advertised and wrong', advertised: false, iss: 'https://evil.example', code: 1 },
    { what: 'not advertised and absent', advertised: false, iss: undefined, code: 0 },
    { what: 'compared exactly', advertised: false, iss: 'ORIGIN/', code: 1 },
  ])('$what: exit $code', async ({ advertised, iss, code }) => {
    const { server, redirect, paste, login, state } = await asked((origin) => (advertised ? [withIss(origin)] : []));
    const parameters = { code: 'c', state, ...(iss && { iss: iss.replace('ORIGIN', server.origin) }) };
    expect(await paste(redirect(parameters))).toBe(code);
    expect(server.asked('POST /token')).toHaveLength(code === 0 ? 1 : 0);
    if (code !== 0) expect(login.stderr).toContain(iss === undefined ? '“iss” is missing or cut off' : 'names a different issuer than');
  });

  test('an error from another issuer is not shown', async () => {
    const { redirect, paste, login, state } = await asked((origin) => [withIss(origin)]);
    const parameters = { error: 'access_denied', error_description: 'call 555-0100', iss: 'https://evil.example', state };
    expect(await paste(redirect(parameters))).toBe(1);
    expect(login.stderr).not.toContain('555-0100');
  });
});

describe('the loopback listener', () => {
  test('rejects other requests and keeps waiting for the right one', async () => {
    const { request, redirect, login, state } = await asked();
    const uri = request.get('redirect_uri') ?? '';
    expect((await fetch(redirect({ code: 'c', state: 'guess' }))).status).toBe(400);
    expect((await fetch(new URL('/favicon.ico', uri))).status).toBe(404);
    expect((await fetch(redirect({ code: 'c', state }), { method: 'POST' })).status).toBe(405);
    expect(await statusWithHost(redirect({ code: 'c', state }), 'evil.example')).toBe(421);
    const page = await fetch(redirect({ code: 'c', state }));
    expect(page.status).toBe(200);
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await page.text()).not.toContain(state);
    expect(await login.exit).toBe(0);
    await expect(fetch(uri)).rejects.toThrow();
  });

  test.each(['//', '/%', '*', 'http://[', '/\\\\evil'])('survives a request for %s', async (target) => {
    const { request, redirect, login, state } = await asked();
    const { port } = new URL(request.get('redirect_uri') ?? '');
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 40[04]/);
    expect((await fetch(redirect({ code: 'c', state }))).status).toBe(200);
    expect(await login.exit).toBe(0);
  });

  test('does not wait for a browser that disconnects before its page', async () => {
    const { redirect, login, state, server } = await asked(() => [{ want: 'POST /token', respond: 'hang' }]);
    const { port, pathname, search } = new URL(redirect({ code: 'c', state }));
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    while (server.asked('POST /token').length === 0) await new Promise((resolve) => setImmediate(resolve));
    socket.destroy();
    await once(socket, 'close');
    login.interrupt();
    expect(await login.exit).toBe(130);
  });

  test('shows an error in the browser, escaped', async () => {
    const { redirect, login, state } = await asked();
    const page = await fetch(redirect({ error: 'access_denied', error_description: '<script>alert(1)</script>', state }));
    const html = await page.text();
    expect(html).toContain('The login failed');
    expect(html).not.toContain('<script>alert');
    expect(await login.exit).toBe(4);
  });

  test('without stdin, only the listener is waited for', async () => {
    const server = await fakeServer();
    const login = run(`login ${server.url} --no-browser --flow paste --no-verify`, { store: temporaryStore(), stdin: 'none' });
    const request = new URL(await login.shown(/^(http:\S+\/authorize\?\S+)$/m)).searchParams;
    await login.shown(/nothing can be pasted/);
    await fetch(`${request.get('redirect_uri')}?code=c&state=${request.get('state')}`);
    expect(await login.exit).toBe(0);
  });
});

describe('the token response', () => {
  test.each([
    { what: 'expires_in as a string', json: { access_token: 'a', token_type: 'bearer', expires_in: '60' }, code: 0 },
    { what: 'expires_in missing', json: { access_token: 'a', token_type: 'BEARER' }, code: 0 },
    { what: 'an id_token that was not requested', json: { access_token: 'a', token_type: 'bearer', id_token: 'x' }, code: 0 },
    { what: 'nulls', json: { access_token: 'a', token_type: 'bearer', refresh_token: null, scope: null }, code: 0 },
    { what: 'no token_type', json: { access_token: 'a' }, code: 0 },
    { what: 'a token in an envelope', json: { ok: true, authed_user: { access_token: 'a', token_type: 'user', scope: 'x,y' } }, code: 0 },
    { what: 'an error that is empty', json: { access_token: 'a', token_type: 'bearer', error: '' }, code: 0 },
    { what: 'an empty refresh token', json: { access_token: 'a', token_type: 'bearer', refresh_token: '' }, code: 0 },
    { what: 'a scope that is a list', json: { access_token: 'a', token_type: 'bearer', scope: ['x', 'y'] }, code: 0 },
    { what: 'unknown members', json: { access_token: 'a', token_type: 'bearer', team: { id: 7 } }, code: 0 },
    { what: 'a DPoP-bound token that was not requested', json: { access_token: 'a', token_type: 'DPoP' }, code: 6 },
    { what: 'no access token', json: { token_type: 'bearer' }, code: 6 },
    { what: 'an empty access token', json: { access_token: '', token_type: 'bearer' }, code: 6 },
    { what: 'a line break in the token', json: { access_token: 'a\r\nX: y', token_type: 'bearer' }, code: 6 },
    { what: 'another type of token', json: { access_token: 'a', token_type: 'mac' }, code: 6 },
  ])('$what: exit $code', async ({ json, code }) => {
    const { redirect, paste, store, state } = await asked(() => [{ want: 'POST /token', respond: { json } }]);
    expect(await paste(redirect({ code: 'c', state }))).toBe(code);
    expect(readStore(store).mcpServers?.fake?.auth.token).toBe(code === 0 ? 'a' : undefined);
  });

  test.each([
    { respond: { status: 400, json: { error: 'invalid_grant', error_description: 'too late' } }, code: 1, said: '“too late”' },
    { respond: { status: 500, text: 'oops' }, code: 6, said: 'failed with status 500' },
    { respond: { status: 401 }, code: 1, said: '“invalid_client”, “HTTP status 401”' },
    { respond: { status: 403 }, code: 1, said: 'refused with status 403' },
    { respond: { status: 403, text: 'Blocked by policy' }, code: 1, said: '“status 403”, “Blocked by policy”' },
    { respond: { status: 200, json: { ok: false, error: 'invalid_code' } }, code: 1, said: '“invalid_code”' },
    { respond: { status: 400, json: { error: 'constructor' } }, code: 1, said: '“constructor”' },
    { respond: { status: 200, json: { ok: false, access_token: 'no' } }, code: 1, said: '“not ok”' },
    { respond: { status: 400, json: { error: { code: 'invalid_grant', message: 'late' } } }, code: 1, said: '“invalid_grant”, “late”' },
    { respond: { status: 400, json: { message: 'Bad thing' } }, code: 1, said: '“Bad thing”' },
    {
      respond: { status: 200, headers: { 'content-type': 'application/x-www-form-urlencoded' }, text: 'error=bad_verification_code' },
      code: 1,
      said: '“bad_verification_code”',
    },
    { respond: { status: 200, json: { error: 'invalid_grant' } }, code: 1, said: '“invalid_grant”' },
    { respond: { status: 200, json: {} }, code: 6, said: 'sent an invalid response' },
    { respond: { status: 200, text: '<html>' }, code: 6, said: 'sent an invalid response' },
    { respond: 'drop', code: 6, said: 'could not be reached' },
  ] as const)('a failure of the token endpoint: exit $code', async ({ respond, code, said }) => {
    const { redirect, paste, login, state } = await asked(() => [{ want: 'POST /token', respond }]);
    expect(await paste(redirect({ code: 'c', state }))).toBe(code);
    expect(login.stderr).toContain(said);
  });

  test('a redirect of the token endpoint is not followed: it would leak the code and the verifier', async () => {
    const { server, redirect, paste, state } = await asked(() => [
      { want: 'POST /token', respond: { status: 307, headers: { location: '/elsewhere' } } },
    ]);
    expect(await paste(redirect({ code: 'c', state }))).not.toBe(0);
    expect(server.asked('POST /elsewhere')).toEqual([]);
  });
});

/** `fetch` cannot send a forged Host header. */
async function statusWithHost(url: string, host: string): Promise<number> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}
