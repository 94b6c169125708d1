/** Scopes and step-up: RFC 6749 section 3.3, RFC 6750 section 3.1. */
import { describe, expect, test } from 'vitest';
import { metadata, type Exchange, type FakeServer } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

const words = ['--no-browser', '--no-verify', '--flow', 'device'];

async function logInWithScopes(server: FakeServer, store: string, ...more: string[]) {
  const running = run(['login', server.url, '--name', 'fake', ...words, ...more], { store });
  return { code: await running.exit, said: running.stderr, asked: server.asked('POST /device').at(-1)?.body['scope'] };
}

const challenge = (scope: string) => `Bearer error="insufficient_scope", scope="${scope}"`;
const granted = (scope?: string): Exchange => ({
  want: 'POST /token',
  respond: { json: { access_token: 'a', token_type: 'Bearer', ...(scope !== undefined && { scope }) } },
});

test('--scope is requested instead of the scope that the server names', async () => {
  const server = await fakeServer((origin) => [
    { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin], scopes_supported: ['all'] } } },
  ]);
  expect((await logInWithScopes(server, temporaryStore(), '--scope', 'a b')).asked).toBe('a b');
});

test('an empty scope in the challenge is ignored, and the metadata’s scopes are requested', async () => {
  const server = await fakeServer((origin) => [
    { want: 'POST /mcp', respond: { status: 401, headers: { 'www-authenticate': `Bearer scope="", resource_metadata="${origin}/prm"` } } },
    { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin], scopes_supported: ['all'] } } },
  ]);
  expect((await logInWithScopes(server, temporaryStore())).asked).toBe('all');
});

test('offline_access is not requested if the authorization server does not list it', async () => {
  const server = await fakeServer((origin) => [
    { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin], scopes_supported: ['all'] } } },
    { want: 'GET /.well-known/oauth-authorization-server', respond: { json: metadata(origin, { scopes_supported: ['all'] }) } },
  ]);
  expect((await logInWithScopes(server, temporaryStore())).asked).toBe('all');
});

describe('step-up', () => {
  test('requests the previous scopes and those of the challenge', async () => {
    const server = await fakeServer(() => [granted('read')]);
    const store = temporaryStore();
    expect((await logInWithScopes(server, store, '--scope', 'read list')).code).toBe(0);
    const second = await logInWithScopes(server, store, '--challenge', challenge('write read'));
    expect(second).toMatchObject({ code: 0, asked: 'read list write' });
    expect(readStore(store).mcpServers.fake.auth.requested_scope).toBe('read list write');
  });

  test('also requests the scopes of --scope', async () => {
    const server = await fakeServer(() => [granted()]);
    expect((await logInWithScopes(server, temporaryStore(), '--scope', 'a', '--challenge', challenge('b'))).asked).toBe('a b');
  });

  test('finds the metadata by the server’s own 401 if the challenge does not name its URL', async () => {
    const server = await fakeServer(() => [granted()]);
    expect(await logInWithScopes(server, temporaryStore(), '--challenge', challenge('b'))).toMatchObject({ code: 0, asked: 'b' });
    expect(server.asked('GET /prm')).toHaveLength(1);
  });

  test('an invalid token is not a step-up, however often', async () => {
    const server = await fakeServer(() => [granted()]);
    const store = temporaryStore();
    for (let times = 0; times < 4; times += 1) {
      expect((await logInWithScopes(server, store, '--challenge', 'Bearer error="invalid_token"')).code).toBe(0);
    }
  });

  test('a challenge without a scope is limited too', async () => {
    const server = await fakeServer(() => [granted()]);
    const store = temporaryStore();
    const codes = [];
    for (let times = 0; times < 4; times += 1)
      codes.push((await logInWithScopes(server, store, '--challenge', 'Bearer error="insufficient_scope"')).code);
    expect(codes).toEqual([0, 1, 1, 1]);
  });

  test('uses the given challenge, whatever the server sends now', async () => {
    const server = await fakeServer(() => [granted()]);
    await logInWithScopes(server, temporaryStore(), '--challenge', `${challenge('write')}, resource_metadata="${server.origin}/prm"`);
    expect(server.asked('GET /prm')).toHaveLength(1);
  });

  test('stops if the server keeps requesting the same scopes, until it requests a new one or the user logs in again', async () => {
    const server = await fakeServer(() => [granted()]);
    const store = temporaryStore();
    expect((await logInWithScopes(server, store, '--challenge', challenge('write'))).code).toBe(0);
    expect((await logInWithScopes(server, store, '--challenge', challenge('write'))).code).toBe(0);
    const asked = server.asked('POST /device').length;
    const third = await logInWithScopes(server, store, '--challenge', challenge('write'));
    expect(third.code).toBe(1);
    expect(third.said).toContain('keeps requesting scopes that were already granted');
    expect(server.asked('POST /device')).toHaveLength(asked);
    expect((await logInWithScopes(server, store, '--challenge', challenge('write more'))).code).toBe(0);
    expect((await logInWithScopes(server, store)).code).toBe(0);
    expect(readStore(store).mcpServers.fake.auth).not.toHaveProperty('step_ups');
  });

  test.each(['', 'Basic realm="x"', 'nonsense'])('a --challenge that requires no token (%j) is a usage error', async (value) => {
    const server = await fakeServer();
    expect((await logInWithScopes(server, temporaryStore(), '--challenge', value)).code).toBe(2);
  });
});

describe('--authorize-param', () => {
  async function requestOf(...more: string[]) {
    const server = await fakeServer();
    const running = run(['login', server.url, '--no-browser', '--flow', 'paste', ...more], { store: temporaryStore() });
    const url = await Promise.race([running.shown(/^(http:\S+\/authorize\?\S+)$/m), running.exit.then(() => undefined)]);
    running.interrupt();
    return { code: await running.exit, said: running.stderr, parameters: url === undefined ? undefined : new URL(url).searchParams };
  }

  test('adds parameters that one server needs, and is repeatable', async () => {
    const { parameters } = await requestOf('--authorize-param', 'access_type=offline', '--authorize-param', 'hd=a=b');
    expect(parameters?.get('access_type')).toBe('offline');
    expect(parameters?.get('hd')).toBe('a=b');
  });

  test('also applies to the device flow', async () => {
    const server = await fakeServer();
    await logInWithScopes(server, temporaryStore(), '--authorize-param', 'audience=https://api.example');
    expect(server.asked('POST /device')[0]?.body['audience']).toBe('https://api.example');
  });

  test.each(['state=x', 'code_challenge=x', 'redirect_uri=https://evil.example', 'resource=x', 'request_uri=x', 'plain', '=x'])(
    'cannot be %s',
    async (value) => {
      expect((await requestOf('--authorize-param', value)).code).toBe(2);
    },
  );
});
