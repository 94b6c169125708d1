/** The package's own API, against real servers, and the examples of docs/in-code.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { describe, expect, test } from 'vitest';
import { authProvider, getToken, login, serverFetch, type LoginEvent } from '../../src/index.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { Person } from '../helpers/person.js';
import { fakeServer, realServers } from '../helpers/servers.js';

/** Logs in by a code, through the API. */
async function logInToRealServer(options: { accessTokenLife?: number } = {}) {
  const { mcpServer, authorizationServer } = await realServers(options);
  const store = temporaryStore();
  const events: LoginEvent[] = [];
  const onEvent = (event: LoginEvent) => {
    events.push(event);
    if (event.event === 'device_code') void new Person().approveDevice(event.verification_uri, event.user_code);
  };
  const made = await login(mcpServer.url, { store, name: 'demo', ui: { onEvent } });
  return { mcpServer, authorizationServer, store, made, events };
}

test('login by code, a token, and a fetch for the SDK that renews on a 401', async () => {
  const { mcpServer, authorizationServer, store, made, events } = await logInToRealServer();
  expect(made).toMatchObject({ server: 'demo', scope: 'tools:call' });
  expect(events.map(({ event }) => event)).toEqual(['device_code']);
  const token = await getToken('demo', { store });
  expect(await getToken(mcpServer.url, { store })).toBe(token);
  expect(readStore(store).mcpServers.demo.auth.token).toBe(token);

  const document = readStore(store);
  document.mcpServers.demo.auth.token = 'spoiled';
  writeFileSync(store, JSON.stringify(document));
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(mcpServer.url), { fetch: serverFetch('demo', { store }) }));
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('greet');
  await client.close();
  expect(authorizationServer.log.filter((line) => line === 'grant refresh_token')).toHaveLength(1);
});

test('login by paste', async () => {
  const { mcpServer } = await realServers({ device: false });
  const store = temporaryStore();
  let url = '';
  const made = await login(mcpServer.url, {
    store,
    flow: 'paste',
    ui: {
      onEvent: (event) => {
        if (event.event === 'authorization_url') ({ url } = event);
      },
      paste: () => new Person().approve(url),
    },
  });
  expect(await getToken(made.server, { store })).toMatch(/\S+/);
});

test('an OAuthClientProvider for the SDK', async () => {
  const { mcpServer, store } = await logInToRealServer();
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(mcpServer.url), { authProvider: authProvider('demo', { store }) }));
  expect((await client.listTools()).tools.length).toBeGreaterThan(0);
  await client.close();
});

describe('where a login is needed', () => {
  const store = () => temporaryStore({ mcpServers: { demo: { type: 'http', url: 'https://demo.example/mcp' } } });
  test('an error names the command to run, and nothing prompts', async () => {
    await expect(getToken('demo', { store: store() })).rejects.toMatchObject({ code: 'login_needed', hint: 'Run: mcp-auth login demo' });
    await expect(getToken('https://none.example', { store: store() })).rejects.toMatchObject({ code: 'login_needed' });
    await expect(authProvider('demo', { store: store() }).tokens()).rejects.toMatchObject({ code: 'login_needed' });
  });
  test('a token is sent only to its server', async () => {
    const elsewhere = await fakeServer();
    await expect(serverFetch('demo', { store: store() })(elsewhere.url)).rejects.toMatchObject({ code: 'url_refused' });
    expect(elsewhere.asked('POST /mcp')).toEqual([]);
  });
});

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/in-code.md'), 'utf8');

test.each(['token', 'transport', 'login'])('the page’s example %s is the file that the types are checked of', (name) => {
  const file = readFileSync(path.join(import.meta.dirname, 'examples', `${name}.ts`), 'utf8');
  expect(page).toContain(`\`\`\`ts\n${file}\`\`\``);
});
