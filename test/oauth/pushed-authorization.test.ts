/** Pushed authorization requests: RFC 9126. */
import { describe, expect, test } from 'vitest';
import { metadata, type Exchange } from '../helpers/fake-server.js';
import { temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

const requires = (origin: string): Exchange => ({
  want: 'GET /.well-known/oauth-authorization-server',
  respond: {
    json: metadata(origin, { pushed_authorization_request_endpoint: `${origin}/par`, require_pushed_authorization_requests: true }),
  },
});
const authorize = /^(http:\S+\/authorize\?\S+)$/m;

test('a required push: the URL contains only the client id and the request URI', async () => {
  const server = await fakeServer((origin) => [
    requires(origin),
    { want: 'POST /par', respond: { json: { request_uri: 'urn:example:1' } } },
  ]);
  const store = temporaryStore();
  const login = run(`login ${server.url} --no-browser --no-verify --flow paste --name fake`, { store, stdin: 'open' });
  const shown = new URL(await login.shown(authorize));
  expect(Object.fromEntries(shown.searchParams)).toEqual({ client_id: 'client-1', request_uri: 'urn:example:1' });
  const pushed = server.asked('POST /par')[0]?.body ?? {};
  expect(pushed).toMatchObject({ response_type: 'code', client_id: 'client-1', resource: server.url, code_challenge_method: 'S256' });
  login.type(`${String(pushed['redirect_uri'])}?code=c&state=${String(pushed['state'])}\n`);
  expect(await login.exit).toBe(0);

  // The URL can be opened only once (section 2.2), so mcp-auth must not request it before the user does.
  const again = run('login fake --no-browser --no-verify --flow paste', { store, stdin: 'open' });
  await again.shown(authorize);
  again.interrupt();
  await again.exit;
  expect(server.asked('GET /authorize')).toEqual([]);
});

test('a client that the server no longer knows is detected by the push, and registered again', async () => {
  const server = await fakeServer((origin) => [
    requires(origin),
    { want: 'POST /par', respond: { status: 201, json: { request_uri: 'urn:example:1', expires_in: 60 } } },
    { want: 'POST /par', respond: { status: 401, json: { error: 'invalid_client' } } },
    { want: 'POST /par', respond: { status: 201, json: { request_uri: 'urn:example:2', expires_in: 60 } } },
  ]);
  const store = temporaryStore();
  const first = run(`login ${server.url} --no-browser --no-verify --flow paste --name fake`, { store, stdin: 'open' });
  await first.shown(authorize);
  const state = String(server.asked('POST /par')[0]?.body['state']);
  first.type(`${String(server.asked('POST /par')[0]?.body['redirect_uri'])}?code=c&state=${state}\n`);
  expect(await first.exit).toBe(0);
  const second = run('login fake --no-browser --no-verify --flow paste', { store, stdin: 'open' });
  expect(await second.shown(authorize)).toContain('urn:example:2');
  second.interrupt();
  await second.exit;
  expect(server.asked('POST /register')).toHaveLength(2);
});

test('an error is reported with the server’s reason, before the user is sent to approve', async () => {
  const server = await fakeServer((origin) => [
    requires(origin),
    { want: 'POST /par', respond: { status: 400, json: { error: 'invalid_target', error_description: 'unknown resource' } } },
  ]);
  const login = run(`login ${server.url} --no-browser --flow paste`, { store: temporaryStore() });
  expect(await login.exit).toBe(1);
  expect(login.stderr).toContain('“unknown resource”');
  expect(login.stderr).not.toContain('Open this address');
});

describe('an optional push for a long URL', () => {
  const offers = (origin: string): Exchange => ({
    want: 'GET /.well-known/oauth-authorization-server',
    respond: { json: metadata(origin, { pushed_authorization_request_endpoint: `${origin}/par` }) },
  });
  const scope = Array.from({ length: 30 }, (_, i) => `permission:${i}:read`).join(' ');

  test.each([
    {
      what: 'pushed, if it can be opened for long enough',
      answer: { json: { request_uri: 'urn:x:1', expires_in: 300 } },
      long: true,
      pushed: true,
    },
    { what: 'not used if it expires too early', answer: { json: { request_uri: 'urn:x:1', expires_in: 60 } }, long: true, pushed: false },
    { what: 'not used if the endpoint fails', answer: { status: 500, json: {} }, long: true, pushed: false },
    {
      what: 'not used if the endpoint returns an error',
      answer: { status: 400, json: { error: 'invalid_request' } },
      long: true,
      pushed: false,
    },
    { what: 'never for a short URL', answer: { json: { request_uri: 'urn:x:1', expires_in: 300 } }, long: false, pushed: false },
  ])('$what', async ({ answer, long, pushed }) => {
    const server = await fakeServer((origin) => [offers(origin), { want: 'POST /par', respond: answer }]);
    const words = [
      'login',
      server.url,
      '--no-browser',
      '--no-verify',
      '--flow',
      'paste',
      '--name',
      'fake',
      ...(long ? ['--scope', scope] : []),
    ];
    const login = run(words, { store: temporaryStore(), stdin: 'open' });
    const shown = new URL(await login.shown(authorize));
    expect(shown.searchParams.get('request_uri')).toBe(pushed ? 'urn:x:1' : null);
    expect(server.asked('POST /par')).toHaveLength(long ? 1 : 0);
    if (pushed) {
      await login.shown(/It can be opened once, within 300 seconds/);
      expect(shown.href.length).toBeLessThan(200);
    } else {
      expect(shown.searchParams.get('scope') ?? '').toContain(long ? scope : '');
    }
    login.end();
    expect(await login.exit).toBe(1);
  });
});
