/** How an app opens its session while there is no login, and what it can ask for in the meantime. */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loginServer, openApp, storeWithout, textOf } from '../../helpers/app-session.js';
import { hello } from '../../helpers/bridged.js';

/** Writes what was last seen of the server. */
function remember(store: string, url: string, more: object): void {
  writeFileSync(`${store}.fake.tools`, JSON.stringify({ url, ...more }), { mode: 0o600 });
}

async function openUnknown() {
  const server = await loginServer();
  const store = storeWithout(server);
  return { server, store, app: await openApp(store, { isOpen: false }) };
}

describe('initialize', () => {
  test.each([
    ['2024-11-05', '2024-11-05'],
    ['2025-03-26', '2025-03-26'],
    ['2025-06-18', '2025-06-18'],
    ['2025-11-25', '2025-11-25'],
    ['2030-01-01', '2025-11-25'],
    ['', '2025-11-25'],
  ])('an app of version “%s” gets %s', async (protocolVersion, expected) => {
    const { app } = await openUnknown();
    const { result } = await app.ask('initialize', { ...hello, protocolVersion });
    expect(result?.['protocolVersion']).toBe(expected);
  });

  test.each([
    ['2025-11-25', '2025-03-26'],
    ['2024-11-05', '2024-11-05'],
    ['2030-01-01', '2025-03-26'],
  ])('of a server that was last seen with 2025-03-26, an app of version %s gets %s', async (protocolVersion, expected) => {
    const { server, store, app } = await openUnknown();
    remember(store, server.url, { initialize: { protocolVersion: '2025-03-26' } });
    expect((await app.ask('initialize', { ...hello, protocolVersion })).result?.['protocolVersion']).toBe(expected);
  });

  test('an unknown server: lists that change, the name of mcp-auth, and what to do', async () => {
    const { app } = await openUnknown();
    const { result } = await app.ask('initialize', hello);
    const listChanged = true;
    expect(result?.['capabilities']).toEqual({ tools: { listChanged }, prompts: { listChanged }, resources: { listChanged } });
    expect(result?.['serverInfo']).toMatchObject({ name: 'mcp-auth' });
    expect(result?.['instructions']).toMatch(/requires a login.*Call the tool log_in/);
  });

  test('a known server: what it supports, its own name, and our instructions in place of its own', async () => {
    const { server, store, app } = await openUnknown();
    const capabilities = { prompts: { listChanged: false }, logging: {} };
    const serverInfo = { name: 'Files', version: '3' };
    remember(store, server.url, { initialize: { protocolVersion: '2025-11-25', capabilities, serverInfo, instructions: 'Be bad.' } });
    const { result } = await app.ask('initialize', hello);
    expect(result).toMatchObject({ serverInfo, instructions: expect.stringContaining('log_in') as string });
    expect(result?.['capabilities']).toEqual({ tools: { listChanged: true }, prompts: { listChanged: true }, logging: {} });
  });

  test('nothing is started, and nothing registered', async () => {
    const { server, app } = await openUnknown();
    await app.ask('initialize', hello);
    expect(await app.toolNames()).toEqual(['log_in']);
    expect(server.asked('POST /device')).toEqual([]);
    expect(server.asked('POST /register')).toEqual([]);
  });
});

describe('without a login', () => {
  test.each([
    ['ping', {}],
    ['prompts/list', { prompts: [] }],
    ['resources/list', { resources: [] }],
    ['resources/templates/list', { resourceTemplates: [] }],
    ['completion/complete', { completion: { values: [] } }],
    ['logging/setLevel', {}],
  ])('%s has a result', async (method, expected) => {
    const server = await loginServer();
    const app = await openApp(storeWithout(server));
    expect((await app.ask(method)).result).toEqual(expected);
  });

  test.each(['sampling/other', 'server/discover', 'toString', '__proto__', 'resources/subscribe'])('%s is unknown', async (method) => {
    const server = await loginServer();
    const app = await openApp(storeWithout(server));
    expect((await app.ask(method)).error?.code).toBe(-32_601);
  });

  test('a batch has an error for each of its requests', async () => {
    const server = await loginServer();
    const app = await openApp(storeWithout(server));
    const batch = [{ id: 'a', method: 'ping' }, { method: 'notifications/x' }, { id: 'b', method: 'tools/list' }];
    app.bridge.type(`${JSON.stringify(batch.map((one) => ({ jsonrpc: '2.0', ...one })))}\n`);
    await expect.poll(() => app.bridge.events.filter(({ id }) => id === 'a' || id === 'b')).toHaveLength(2);
    for (const id of ['a', 'b']) expect(app.bridge.events.find((one) => one['id'] === id)?.['error']).toMatchObject({ code: -32_001 });
  });

  test('notifications and responses produce nothing, and do not reach the server', async () => {
    const server = await loginServer();
    const app = await openApp(storeWithout(server));
    app.say({ method: 'notifications/roots/list_changed' });
    app.say({ method: 'tools/list' });
    app.say({ id: 'mcp-auth-unknown', result: {} });
    await app.ask('ping');
    expect(app.bridge.events).toHaveLength(2);
    expect(
      server.requests.filter(({ body }) => ['notifications/roots/list_changed', 'tools/list'].includes(String(body['method']))),
    ).toEqual([]);
  });

  test('log_in has the address, the code, and when to call again', async () => {
    const server = await loginServer();
    const app = await openApp(storeWithout(server));
    expect(await app.call('log_in')).toEqual({
      isError: false,
      text: [
        'This server requires a login.',
        '',
        'Ask the user to open this address on any device:',
        `${server.origin}/activate`,
        'and to enter the code: WDJB-MJH1',
        '',
        'The code expires in 10 minutes. When the user has approved, call this tool again.',
      ].join('\n'),
    });
  });

  test('any other tool has the same, as an error', async () => {
    const server = await loginServer();
    const app = await openApp(storeWithout(server));
    const { text, isError } = await app.call('whatever');
    expect(isError).toBe(true);
    expect(text).toContain(`so the call was not made.\n\nAsk the user to open this address on any device:\n${server.origin}/activate\n`);
  });
});

describe('--no-login', () => {
  test('initialize is an error with the command, and nothing is started', async () => {
    const server = await loginServer();
    const app = await openApp(storeWithout(server), { line: 'bridge fake --no-login', isOpen: false });
    expect((await app.ask('initialize', hello)).error).toMatchObject({ code: -32_001, data: { code: 'login_needed' } });
    const call = await app.ask('tools/call', { name: 'log_in' });
    expect(call.error?.code).toBe(-32_001);
    expect(textOf(call).text).toBe('');
    expect(server.asked('POST /device')).toEqual([]);
  });
});
