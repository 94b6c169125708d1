/** The loopback listener among strangers: RFC 8252 sections 7.3 and 8.3, RFC 9700 section 4. */
import { once } from 'node:events';
import { get, request as httpRequest, type IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { temporaryStore } from '../helpers/folder.js';
import { listening } from '../helpers/listening.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

/** A login that waits at its listener, without a paste prompt. */
async function waiting(options = '') {
  const server = await fakeServer();
  const login = run(`login ${server.url} --no-browser --flow paste --no-verify --name demo ${options}`, { store: temporaryStore() });
  const { searchParams } = new URL(await login.shown(/^(http:\S+\/authorize\?\S+)$/m));
  const redirectUri = new URL(searchParams.get('redirect_uri') ?? '');
  return { login, server, redirectUri, state: searchParams.get('state') ?? '' };
}

async function asked(url: string, { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {}) {
  const outgoing = httpRequest(url, { method, headers, agent: false }).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, headers: response.headers, text };
}

test('a thousand wrong requests, and then the right redirect', async () => {
  const { login, redirectUri, state } = await waiting();
  for (let one = 0; one < 1000; one += 50) {
    const strangers = Array.from({ length: 50 }, (_, other) => asked(`${redirectUri.href}?code=c${one + other}&state=${'x'.repeat(22)}`));
    for (const { status } of await Promise.all(strangers)) expect(status).toBe(400);
  }
  const page = await asked(`${redirectUri.href}?code=SECRET-code&state=${state}`);
  expect(page.status).toBe(200);
  expect(await login.exit).toBe(0);
});

test.each([
  { what: 'another name for this machine (DNS rebinding)', path: '/callback', headers: { host: 'evil.example' }, status: 421 },
  { what: 'another port in its Host', path: '/callback', headers: { host: '127.0.0.1:1' }, status: 421 },
  { what: 'localhost, where the redirect URI has an address', path: '/callback', headers: { host: 'localhost' }, status: 421 },
  { what: 'another path', path: '/', status: 404 },
  { what: 'a path that only begins like ours', path: '/callback/x', status: 404 },
  { what: 'a path that is not a URL', path: '//', status: 404 },
  { what: 'POST', path: '/callback', method: 'POST', status: 405 },
  { what: 'HEAD, which would use the answer up', path: '/callback', method: 'HEAD', status: 405 },
  { what: 'OPTIONS, before a script of another origin asks', path: '/callback', method: 'OPTIONS', status: 405 },
])('$what gets status $status, and does not end the login', async ({ path, headers, method, status }) => {
  const { login, redirectUri, state, server } = await waiting();
  const address = `${redirectUri.origin}${path}?code=SECRET-code&state=${state}`;
  const answer = await asked(address, { headers, method });
  expect(answer.status).toBe(status);
  expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  expect(server.asked('POST /token')).toEqual([]);
  login.interrupt();
  expect(await login.exit).toBe(130);
});

test('its page does not contain the code, is not cached, and removes the code from the browser’s history', async () => {
  const { login, redirectUri, state } = await waiting();
  const { text, headers } = await asked(`${redirectUri.href}?code=SECRET-code&state=${state}`);
  expect(text).not.toContain('SECRET');
  expect(text).not.toContain(state);
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' });
  expect(headers['content-security-policy']).toMatch(/^default-src 'none';.* script-src 'sha256-[^']+'/);
  expect(text).toContain('history.replaceState(null, "", location.pathname)');
  expect(await login.exit).toBe(0);
  await expect(asked(redirectUri.href)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('one redirect is accepted: the second gets a message', async () => {
  const { login, redirectUri, state, server } = await waiting();
  const both = [1, 2].map((one) => asked(`${redirectUri.href}?code=SECRET-code-${one}&state=${state}`));
  const statuses = (await Promise.all(both)).map(({ status }) => status);
  expect(statuses.sort()).toEqual([200, 409]);
  expect(server.asked('POST /token')).toHaveLength(1);
  expect(await login.exit).toBe(0);
});

/** Whether something listens at an address. */
async function listens(host: string, port: string): Promise<boolean> {
  const outgoing = get({ host, port, path: '/', agent: false });
  return once(outgoing, 'response').then(
    () => true,
    () => false,
  );
}

test('it listens on loopback alone; `localhost` means both of its addresses', async () => {
  const { login, redirectUri, state } = await waiting();
  expect(await listens('127.0.0.1', redirectUri.port)).toBe(true);
  expect(await listens('127.0.0.2', redirectUri.port)).toBe(false);
  await asked(`${redirectUri.href}?code=SECRET-code&state=${state}`);
  expect(await login.exit).toBe(0);

  const named = await waiting(`--redirect-uri http://localhost:${redirectUri.port}/callback`);
  expect(await listens('127.0.0.1', redirectUri.port)).toBe(true);
  expect(await listens('::1', redirectUri.port)).toBe(true);
  named.login.interrupt();
  expect(await named.login.exit).toBe(130);
});

test('if another program listens on one of the two addresses, that address is not used', async () => {
  const { port } = await listening(() => undefined, { host: '::1' });
  const server = await fakeServer();
  const line = `login ${server.url} --no-browser --flow paste --redirect-uri http://localhost:${port}/callback`;
  const login = run(line, { store: temporaryStore() });
  expect(await login.exit).toBe(1);
  expect(login.stderr).toContain('cannot be listened on');
});
