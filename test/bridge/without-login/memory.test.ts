/** The tools of a server that are remembered for the time without a login. */
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loginServer, openApp, serverTools, storeWithout, type LoginServer } from '../../helpers/app-session.js';
import { answerTo, json, serverOf } from '../../helpers/bridged.js';
import { readStore, temporaryStore } from '../../helpers/folder.js';
import { run } from '../../helpers/run.js';

const fileOf = (store: string) => `${store}.fake.tools`;
const namesIn = (store: string) => (readStore(fileOf(store)).tools as { name: string }[]).map(({ name }) => name);

/** Logs in from inside a session, and lets the session end. */
async function logIn(server: LoginServer, store: string): Promise<void> {
  const app = await openApp(store);
  await app.call('log_in');
  await app.approve(server);
  await app.heard('notifications/tools/list_changed');
  await expect.poll(() => existsSync(fileOf(store)) && 'tools' in readStore(fileOf(store))).toBe(true);
  await app.end();
}

/** The names of the tools that an app has without a login, if that file is there. */
async function namesWith(content: string | undefined, url?: string): Promise<string[]> {
  const server = await loginServer();
  const store = storeWithout(server);
  if (content !== undefined) writeFileSync(fileOf(store), content.replace('URL', url ?? server.url), { mode: 0o600 });
  return (await openApp(store)).toolNames();
}

const tools = [{ name: 'old', inputSchema: { type: 'object' } }];

describe('after a login', () => {
  test('what the server says is in a file of the user beside the store, without a token', async () => {
    const server = await loginServer();
    const store = storeWithout(server);
    await logIn(server, store);
    expect(statSync(fileOf(store)).mode & 0o777).toBe(0o600);
    expect(readStore(fileOf(store))).toEqual({
      url: server.url,
      initialize: expect.objectContaining({ serverInfo: { name: 'fake', version: '7' } }) as object,
      tools: serverTools,
    });
    expect(readFileSync(fileOf(store), 'utf8')).not.toMatch(/access-|refresh-/);
  });

  test('the tools are offered when the login is gone, before those of the bridge', async () => {
    const server = await loginServer();
    const store = storeWithout(server);
    await logIn(server, store);
    expect(await run('logout fake', { store }).exit).toBe(0);
    expect(await (await openApp(store)).toolNames()).toEqual(['greet', 'time', 'log_in']);
  });

  test('all pages are remembered, whoever lists them, and a new list replaces the old one', async () => {
    const server = await loginServer();
    const store = storeWithout(server);
    server.answer = ({ body: { id, method, params } }) => {
      if (method !== 'tools/list') return undefined;
      const page = Number((params as { cursor?: string } | undefined)?.cursor ?? 1);
      const result = { tools: [{ name: `tool-${page}`, inputSchema: {} }], ...(page < 3 && { nextCursor: String(page + 1) }) };
      return { json: { jsonrpc: '2.0', id, result } };
    };
    const app = await openApp(store);
    await app.call('log_in');
    await app.approve(server);
    await expect.poll(() => existsSync(fileOf(store)) && namesIn(store)).toEqual(['tool-1', 'tool-2', 'tool-3']);
    server.answer = undefined;
    expect(await app.toolNames()).toEqual(['greet', 'time']);
    await app.end();
    expect(namesIn(store)).toEqual(['greet', 'time']);
  });

  test('mcp-auth remove deletes the file', async () => {
    const server = await loginServer();
    const store = storeWithout(server);
    await logIn(server, store);
    expect(await run('remove fake', { store }).exit).toBe(0);
    expect(existsSync(fileOf(store))).toBe(false);
  });

  test('a response that is not JSON reaches the app as before, and the bridge goes on', async () => {
    const server = await loginServer();
    const store = temporaryStore({ mcpServers: { fake: { url: server.url, auth: { type: 'bearer', token: 'fixed' } } } });
    server.valid.add('fixed');
    const app = await openApp(store);
    await app.toolNames();
    server.answer = ({ body: { id, method } }) =>
      method === 'tools/list'
        ? { text: `{"jsonrpc":"2.0","id":${String(id)},"result":{broken}}`, headers: { 'content-type': 'application/json' } }
        : undefined;
    app.say({ id: 'broken', method: 'tools/list' });
    app.say({ id: 77, method: 'tools/list' });
    app.say({ id: 'after', method: 'tools/call', params: { name: 'greet' } });
    await expect.poll(() => app.bridge.stdout).toContain('"id":77,"result":{broken}}\n');
    await expect.poll(() => app.bridge.stdout).toContain('made greet');
    await app.end();
    expect(namesIn(store)).toEqual(['greet', 'time']);
  });
});

describe('the file', () => {
  test('offers its tools', async () => {
    expect(await namesWith(JSON.stringify({ url: 'URL', tools }))).toEqual(['old', 'log_in']);
  });

  test('has no tools with the names of the bridge’s own', async () => {
    const server = await loginServer();
    const store = storeWithout(server);
    const named = ['log_in', 'finish_login', 'old'].map((name) => ({ name, description: 'planted' }));
    writeFileSync(fileOf(store), JSON.stringify({ url: server.url, tools: named }));
    const { result } = await (await openApp(store)).ask('tools/list');
    const listed = result?.['tools'] as { name: string; description: string }[];
    expect(listed.map(({ name }) => name)).toEqual(['old', 'log_in']);
    expect(listed[1]?.description).not.toBe('planted');
  });

  test.each([
    ['of another URL', JSON.stringify({ url: 'https://other.example/mcp', tools })],
    ['without a URL', JSON.stringify({ tools })],
    ['that is not JSON', '{"url":'],
    ['that is a list', '[]'],
    ['that is empty', ''],
    ['with tools that are no list', JSON.stringify({ url: 'URL', tools: { name: 'old' } })],
    ['of 5 MiB', JSON.stringify({ url: 'URL', tools, filler: 'x'.repeat(5 * 1024 * 1024) })],
  ])('%s is ignored', async (_, content) => {
    expect(await namesWith(content)).toEqual(['log_in']);
  });

  test('with strange tools and members breaks nothing', async () => {
    const server = await loginServer();
    const store = storeWithout(server);
    writeFileSync(
      fileOf(store),
      JSON.stringify({ url: server.url, initialize: { capabilities: 7, serverInfo: [] }, tools: [null, 1, []] }),
    );
    const app = await openApp(store, { isOpen: false });
    expect((await app.ask('initialize')).result?.['serverInfo']).toMatchObject({ name: 'mcp-auth' });
    expect((await app.ask('tools/list')).result?.['tools']).toHaveLength(4);
  });

  test('is not read through a symbolic link', async () => {
    const server = await loginServer();
    const store = storeWithout(server);
    writeFileSync(`${store}.elsewhere`, JSON.stringify({ url: server.url, tools }));
    symlinkSync(`${store}.elsewhere`, fileOf(store));
    expect(await (await openApp(store)).toolNames()).toEqual(['log_in']);
  });

  test('a list of tools that could not be read again is not written', async () => {
    const server = await loginServer();
    const store = temporaryStore({ mcpServers: { fake: { url: server.url, auth: { type: 'bearer', token: 'fixed' } } } });
    server.valid.add('fixed');
    const page = (name: string) => ({ name, description: 'x'.repeat(900_000) });
    server.answer = ({ body: { id, method, params } }) => {
      const cursor = (params as { cursor?: string } | undefined)?.cursor;
      if (method !== 'tools/list') return undefined;
      return { json: { jsonrpc: '2.0', id, result: { tools: [page(cursor ?? 'first')] } } };
    };
    const app = await openApp(store);
    for (const cursor of ['b', 'c']) await app.ask('tools/list', { cursor });
    await app.end();
    expect(namesIn(store)).toEqual(['b', 'c']);
    const again = await openApp(store);
    for (const cursor of ['d', 'e', 'f']) await again.ask('tools/list', { cursor });
    await again.end();
    expect(statSync(fileOf(store)).size).toBeLessThan(2 * 1024 * 1024);
  });

  test('is not written for a server that needs no login', async () => {
    const server = await serverOf((seen, response) => {
      if (seen.method === 'POST') json(response, answerTo(seen, { protocolVersion: '2025-11-25', capabilities: {}, tools }));
      else response.writeHead(405).end();
    });
    const store = storeWithout(server);
    const app = await openApp(store);
    expect(await app.toolNames()).toEqual(['old']);
    await app.end();
    expect(existsSync(fileOf(store))).toBe(false);
  });

  test('that cannot be written breaks nothing', async () => {
    const server = await loginServer();
    const store = temporaryStore({ mcpServers: { ['f'.repeat(260)]: { url: server.url, auth: { type: 'bearer', token: 'fixed' } } } });
    server.valid.add('fixed');
    const app = await openApp(store, { line: `bridge ${server.url}` });
    expect(await app.toolNames()).toEqual(['greet', 'time']);
    await app.end();
    expect(app.bridge.stderr).toBe('');
  });
});
