/** A registration is stored, and used again for the same issuer and resource. */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { metadata } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { listening } from '../helpers/listening.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';
import { approve, deviceGrant, loginByPaste, registered } from './registering.js';

describe('a registration is stored and used again', () => {
  test('with exactly its redirect URI', async () => {
    const server = await fakeServer();
    const store = temporaryStore();
    const first = await loginByPaste(`${server.url} --name fake`, store);
    const second = await loginByPaste('fake', store);
    expect(second.request.get('redirect_uri')).toBe(first.request.get('redirect_uri'));
    expect(server.asked('POST /register')).toHaveLength(1);
  });

  test('even while another program uses its port', async () => {
    const server = await fakeServer();
    const store = temporaryStore();
    const first = await loginByPaste(`${server.url} --name fake`, store);
    await listening(() => undefined, { port: Number(new URL(first.request.get('redirect_uri') ?? '').port) });
    const second = await loginByPaste('fake', store);
    expect(second.request.get('redirect_uri')).toBe(first.request.get('redirect_uri'));
  });

  test('--register registers a new client, with the same redirect URI', async () => {
    const server = await fakeServer((origin) => registered(origin, 'one', 'two'));
    const store = temporaryStore();
    const first = await loginByPaste(`${server.url} --name fake`, store);
    const second = await loginByPaste('fake --register', store);
    expect(second.request.get('client_id')).toBe('two');
    expect(second.request.get('redirect_uri')).toBe(first.request.get('redirect_uri'));
    expect(readStore(store).mcpServers.fake.auth.client_id).toBe('two');
  });

  test('another --redirect-uri or --callback-port leads to a new registration', async () => {
    const server = await fakeServer((origin) => registered(origin, 'one', 'two', 'three'));
    const store = temporaryStore();
    await loginByPaste(`${server.url} --name fake`, store);
    const second = await loginByPaste('fake --redirect-uri https://relay.example/back', store);
    expect(second.request.get('redirect_uri')).toBe('https://relay.example/back');
    expect(server.asked('POST /register')[1]?.body['redirect_uris']).toEqual(['https://relay.example/back']);
    const third = await loginByPaste('fake --callback-port 3118', store);
    expect(third.request.get('redirect_uri')).toBe('http://127.0.0.1:3118/callback');
    const fourth = await loginByPaste('fake --redirect-uri https://relay.example/back', store);
    expect(fourth.request.get('client_id')).toBe('two');
  });

  test('an expired secret leads to a new registration', async () => {
    const server = await fakeServer((origin) => [
      {
        want: 'POST /register',
        respond: ({ body }) => ({ json: { ...body, client_id: 'one', client_secret: 's', client_secret_expires_at: 1 } }),
      },
      ...registered(origin, 'two'),
    ]);
    const store = temporaryStore();
    await loginByPaste(`${server.url} --name fake`, store);
    expect((await loginByPaste('fake', store)).request.get('client_id')).toBe('two');
  });

  test('a missing grant leads to a new registration, unless the server refused that grant', async () => {
    const server = await fakeServer((origin) => [
      {
        want: 'GET /.well-known/oauth-authorization-server',
        respond: { json: metadata(origin, { device_authorization_endpoint: undefined }) },
      },
      { want: 'GET /.well-known/oauth-authorization-server', respond: { json: metadata(origin) } },
      ...registered(origin, 'one', 'two'),
    ]);
    const store = temporaryStore();
    await loginByPaste(`${server.url} --name fake`, store);
    expect(await run('login fake --no-browser --no-verify --flow device', { store }).exit).toBe(0);
    expect(server.asked('POST /device')[0]?.body['client_id']).toBe('two');
    expect(await run('login fake --no-browser --no-verify', { store }).exit).toBe(0);
    expect(server.asked('POST /register')).toHaveLength(2);
  });

  test('a refused grant is not requested again at every login', async () => {
    const server = await fakeServer(() => [
      {
        want: 'POST /register',
        respond: ({ body }) => ({ json: { ...body, client_id: 'c', grant_types: ['authorization_code', 'refresh_token'] } }),
      },
    ]);
    const store = temporaryStore();
    await loginByPaste(`${server.url} --name fake`, store);
    expect(readStore(store).oauthClients[server.origin][0].refused_grant_types).toEqual([deviceGrant]);
    const again = run('login fake --no-browser --no-verify', { store, stdin: 'open' });
    await approve(again);
    expect(await again.exit).toBe(0);
    expect(server.asked('POST /register')).toHaveLength(1);
  });

  test('another issuer gets its own registration, and never sees the first one', async () => {
    const server = await fakeServer((origin) => registered(origin, 'one'));
    const other = await fakeServer((origin) => registered(origin, 'two'));
    const store = temporaryStore();
    await loginByPaste(`${server.url} --name fake`, store);
    const moved = readStore(store);
    moved.mcpServers.fake.url = other.url;
    writeFileSync(store, JSON.stringify(moved));
    await loginByPaste('fake', store);
    expect(JSON.stringify(other.requests)).not.toContain('"one"');
    expect(Object.keys(readStore(store).oauthClients)).toEqual([server.origin, other.origin]);
  });
});

describe('one registration for each issuer and resource', () => {
  /** Two MCP servers of one authorization server, each on its own site. */
  async function twoServers() {
    const issuer = await fakeServer((origin) => registered(origin, 'one', 'two', 'three'));
    const named = { want: 'GET /prm' };
    const servers = await Promise.all(
      [1, 2].map(() =>
        fakeServer((origin) => [{ ...named, respond: { json: { resource: `${origin}/mcp`, authorization_servers: [issuer.origin] } } }]),
      ),
    );
    return { issuer, first: servers[0]?.url ?? '', second: servers[1]?.url ?? '' };
  }

  test('another server gets a new registration, and the same one does not', async () => {
    const { first, second } = await twoServers();
    const store = temporaryStore();
    expect((await loginByPaste(`${first} --name a`, store)).request.get('client_id')).toBe('one');
    expect((await loginByPaste(`${second} --name b`, store)).request.get('client_id')).toBe('two');
    const again = await loginByPaste('a', store);
    expect(again.request.get('client_id')).toBe('one');
    expect(again.request.has('prompt')).toBe(false);
  });

  test('an older registration is used only for its own login', async () => {
    const { issuer, first, second } = await twoServers();
    const auth = { type: 'bearer', token: 't', issuer: issuer.origin, client_id: 'old' };
    const client = { client_id: 'old', token_endpoint_auth_method: 'none', redirect_uris: ['http://127.0.0.1:3118/callback'] };
    const before = {
      mcpServers: { a: { type: 'http', url: first, auth } },
      oauthClients: { [issuer.origin]: [client] },
    };
    expect((await loginByPaste('a', temporaryStore(before))).request.get('client_id')).toBe('old');
    expect((await loginByPaste(`${second} --name b`, temporaryStore(before))).request.get('client_id')).toBe('one');
  });

  test('a client that the user names may be shared: consent is requested again, once, unless an option says otherwise', async () => {
    const { first, second } = await twoServers();
    const store = temporaryStore();
    const prompts = [];
    for (const words of [
      `${first} --name a --client-id hand`,
      `${second} --name b --client-id hand`,
      'b',
      `a --prompt none --client-id hand`,
    ])
      prompts.push((await loginByPaste(words, store)).request.get('prompt'));
    expect(prompts).toEqual(['consent', 'consent', null, null]);
  });
});
