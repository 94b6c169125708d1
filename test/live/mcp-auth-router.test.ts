/** A login to the MCP SDK's own authorization server. */
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { startRouter as start } from './mcp-auth-router.js';
import { endLive, live, liveAgain } from './whole-life.js';

test('a login lives: paste, refresh, a second login, logout', async () => {
  const server = await start();
  const life = await live(server);
  expect(life.request.get('resource')).toBe(server.url);
  expect(life.request.get('scope')).toBe('tools');
  expect(life.response.has('iss')).toBe(false);
  expect(life.first['issuer']).toBe(`${new URL(server.url).origin}/`);
  expect(life.second['refresh_token']).not.toBe(life.first['refresh_token']);
  const [client] = [...server.provider.clients.values()];
  expect(client).toMatchObject({ token_endpoint_auth_method: 'none', client_name: 'mcp-auth' });
  expect(client?.client_secret).toBeUndefined();
  await liveAgain(server, life);
  expect(server.provider.clients.size).toBe(1);
  await endLive(server, life);
});

test('a refresh token that was spent elsewhere ends the login: exit 3, and the hint', async () => {
  const server = await start();
  const { store, first } = await live(server);
  const document = readStore(store);
  document.mcpServers.live.auth.refresh_token = first['refresh_token'];
  writeFileSync(store, JSON.stringify(document));
  const token = run('token live --min-ttl 999999', { store });
  expect(await token.exit).toBe(3);
  expect(token.stderr).toContain('mcp-auth login live');
});

test('a pruned client is detected before the user is asked, and registered again', async () => {
  const server = await start();
  const life = await live(server);
  server.provider.clients.clear();
  const login = run('login live --no-browser --flow paste', { store: life.store, stdin: 'open' });
  const address = await login.shown(/^(http:\S+client_id=\S+)$/m);
  expect(login.stderr).toContain('Registering again.');
  login.type(`${await server.approve(address)}\n`);
  expect(await login.exit, login.stderr).toBe(0);
  expect(server.seen.filter((line) => line === 'POST /register')).toHaveLength(2);
});

test('a client that is given a secret, and no method, uses the one that the metadata names', async () => {
  const server = await start();
  const { origin } = new URL(server.url);
  const answer = await fetch(`${origin}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: ['http://127.0.0.1:3118/callback'] }),
  });
  const { client_id, client_secret } = (await answer.json()) as Record<string, string>;
  const life = await live(server, `--client-id ${client_id} --redirect-uri http://127.0.0.1:3118/callback`, {
    MCP_AUTH_CLIENT_SECRET: client_secret ?? '',
  });
  const clients = readStore(life.store).oauthClients as Record<string, Record<string, unknown>[]>;
  expect(clients[`${origin}/`]).toMatchObject([{ client_id, token_endpoint_auth_method: 'client_secret_post' }]);
});
