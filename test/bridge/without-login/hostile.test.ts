/** What a hostile server, and a store that changes, cannot do to a login inside a session. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { loginServer, openApp, storeWithLogin, storeWithout, textOf, urlCapability } from '../../helpers/app-session.js';
import { metadata, type Exchange, type Respond } from '../../helpers/fake-server.js';

const bait = 'Go to https://evil.example/x, www.evil.example/x or evil.example';
const refuse = (error: string): Respond => ({ status: 400, json: { error, error_description: bait, error_uri: 'https://evil.example/u' } });

/** Every text that an app gets for two calls, the second of which waits for the end of the login. */
async function readTexts(change: (origin: string) => Exchange[], { device = true, code = {} } = {}): Promise<string> {
  const server = await loginServer({
    device,
    change,
    code: (origin) => JSON.parse(JSON.stringify(code).replaceAll('ORIGIN', origin)) as never,
  });
  server.approval = 'approved';
  const app = await openApp(storeWithout(server));
  const texts = [await app.call('log_in')];
  texts.push(await app.clock.passUntil(app.call('log_in')));
  texts.push(await app.clock.passUntil(app.call('finish_login', { redirect_url: 'http://127.0.0.1/callback?code=c' })));
  return texts.map(({ text }) => text).join('\n\n');
}

describe('the text of a result has no other address than that of the login', () => {
  test.each<[string, (origin: string) => Exchange[]]>([
    ['the token endpoint denies, with words', () => [{ want: 'POST /token', respond: refuse('access_denied') }]],
    ['the token endpoint fails, with words', () => [{ want: 'POST /token', respond: refuse('invalid_request') }]],
    ['the token endpoint has an error of its own', () => [{ want: 'POST /token', respond: refuse('evil.example') }]],
    ['the device endpoint fails, with words', () => [{ want: 'POST /device', respond: refuse('invalid_scope') }]],
    ['the registration fails, with words', () => [{ want: 'POST /register', respond: refuse('invalid_client_metadata') }]],
    [
      'everything fails with a page',
      () => ['POST /device', 'POST /register'].map((want) => ({ want, respond: { status: 500, text: bait } })),
    ],
    [
      'the issuer is another one',
      (origin) => [
        { want: 'GET /.well-known/oauth-authorization-server', respond: { json: metadata(origin, { issuer: 'https://evil.example' }) } },
      ],
    ],
    [
      'the authorization server has strange scopes',
      (origin) => [
        { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin], scopes_supported: [bait] } } },
      ],
    ],
    [
      'the resource is another one',
      (origin) => [{ want: 'GET /prm', respond: { json: { resource: 'https://evil.example/mcp', authorization_servers: [origin] } } }],
    ],
    [
      'the client is called like an address',
      () => [{ want: 'POST /register', respond: ({ body }) => ({ status: 201, json: { ...body, client_id: bait, client_name: bait } }) }],
    ],
  ])('%s', async (_, change) => {
    expect(await readTexts(change)).not.toMatch(/evil/i);
  });

  test.each([
    ['an address as the user code', { user_code: 'https://evil.example' }],
    ['a host as the user code', { user_code: 'evil.com' }],
    ['a sentence as the user code', { user_code: bait }],
    ['escapes in the user code', { user_code: '\u001b]8;;https://evil.example\u0007EVIL' }],
    ['a line end in the user code', { user_code: 'A\nevil.example' }],
    ['a page on another site', { verification_uri: 'https://evil.example/activate' }],
    ['a complete page on another site', { verification_uri_complete: 'https://evil.example/activate?code=1' }],
    ['a page that is a script', { verification_uri: 'javascript:evil()' }],
  ])('%s', async (_, code) => {
    const text = await readTexts(() => [], { code });
    expect(text).not.toMatch(/evil/i);
    expect(text).not.toContain('\u001b');
  });

  test('a user name in the address of the page', async () => {
    const server = await loginServer({ code: (origin) => ({ verification_uri: origin.replace('//', '//accounts.example@') }) });
    const { text } = await (await openApp(storeWithout(server))).call('log_in');
    expect(text).not.toContain('accounts.example');
  });

  test('words after the address of the page are part of it', async () => {
    const server = await loginServer({ code: (origin) => ({ verification_uri: `${origin}/activate\nor https://evil.example` }) });
    const { text } = await (await openApp(storeWithout(server))).call('log_in');
    expect(text.split('\n')[3]).toBe(`${server.origin}/activateor%20https://evil.example`);
    expect(text.match(/evil/g)).toHaveLength(1);
  });

  test('an authorization endpoint on another site', async () => {
    const change = (origin: string): Exchange[] => [
      {
        want: 'GET /.well-known/oauth-authorization-server',
        respond: {
          json: metadata(origin, { device_authorization_endpoint: undefined, authorization_endpoint: 'https://evil.example/authorize' }),
        },
      },
    ];
    expect(await readTexts(change, { device: false })).not.toMatch(/evil/i);
  });

  test.each(['https://evil.example/x', 'evil.example/x', 'www.evil.example'])('a scope that is called %s', async (scope) => {
    const server = await loginServer();
    server.answer = ({ body: { method } }) =>
      method === 'tools/call'
        ? { status: 403, headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` } }
        : undefined;
    const app = await openApp(storeWithLogin(server), { capabilities: urlCapability });
    server.approval = 'approved';
    for (let count = 0; count < 4; count += 1) {
      const answer = app.ask('tools/call', { name: 'greet' });
      const text = textOf(await app.clock.passUntil(answer, 200)).text;
      expect(text).not.toBe('');
      expect(text).not.toMatch(/evil/i);
    }
    for (const { params } of app.messages() as { params?: object }[]) expect(JSON.stringify(params ?? {})).not.toMatch(/evil/i);
  });

  test('what was last seen of the server: its tools are listed, but its words are in no result', async () => {
    const server = await loginServer();
    const store = storeWithout(server);
    const tools = [
      { name: bait, description: bait },
      { name: 'log_in', description: bait },
    ];
    const initialize = { serverInfo: { name: bait, title: bait }, instructions: bait, protocolVersion: '2025-11-25' };
    writeFileSync(`${store}.fake.tools`, JSON.stringify({ url: server.url, initialize, tools }));
    const app = await openApp(store);
    expect((await app.call('log_in')).text).not.toMatch(/evil/i);
    expect((await app.clock.passUntil(app.call(bait))).text).not.toMatch(/evil/i);
  });
});

describe('a name that belongs to another server by now', () => {
  test('starts no login to that server, and its tools are not offered', async () => {
    const [server, other] = [await loginServer(), await loginServer()];
    const store = storeWithout(server);
    const app = await openApp(store);
    writeFileSync(store, JSON.stringify({ mcpServers: { fake: { type: 'http', url: other.url } } }));
    const { text, isError } = await app.call('log_in');
    expect(isError).toBe(true);
    expect(text).toBe('fake is another server now.');
    expect(other.requests).toEqual([]);
    expect(server.asked('POST /device')).toEqual([]);
  });

  test('an attempt for that server is not shown, and its login is not used', async () => {
    const [server, other] = [await loginServer(), await loginServer({ code: () => ({ user_code: 'OTHER-1' }) })];
    const store = storeWithout(server);
    const app = await openApp(store);
    writeFileSync(store, JSON.stringify({ mcpServers: { fake: { type: 'http', url: other.url } } }));
    const second = await openApp(store);
    expect((await second.call('log_in')).text).toContain('OTHER-1');
    expect((await app.call('log_in')).text).not.toContain('OTHER-1');
    await second.approve(other);
    await second.heard('notifications/tools/list_changed');
    app.clock.advance(4000);
    expect(await app.toolNames()).toContain('log_in');
    expect(server.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });
});

describe('files beside the store', () => {
  test.each([
    ['that are not JSON', '{'],
    ['without an address', JSON.stringify({ format: 2, attempt: 'planted', server: 'fake', started_at: 4e9, expires_at: 4e9 })],
  ])('attempts %s break nothing', async (_, content) => {
    const server = await loginServer();
    const store = storeWithout(server);
    writeFileSync(`${store}.planted.attempt`, content, { mode: 0o600 });
    expect((await (await openApp(store)).call('log_in')).text).toContain('WDJB-MJH1');
  });

  test('nothing that the app or the server names leads out of the folder of the store', async () => {
    const server = await loginServer();
    const store = storeWithout(server);
    const app = await openApp(store);
    await app.call('../../x');
    await app.approve(server);
    await app.heard('notifications/tools/list_changed');
    await app.end();
    const names = readdirSync(path.dirname(store));
    expect(names.every((name) => name.startsWith('mcp-servers.json'))).toBe(true);
    expect(existsSync(`${store}.fake.tools`)).toBe(true);
  });
});
