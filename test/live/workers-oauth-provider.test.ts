/** A login to Cloudflare's authorization server for MCP. */
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { startWorkersProvider as start } from './workers-oauth-provider.js';
import { endLive, live, liveAgain } from './whole-life.js';

test('a login lives: paste, refresh, a second login, logout', async () => {
  const server = await start();
  const life = await live(server);
  expect(life.request.get('scope')).toBe('tools offline_access');
  expect(life.response.get('iss')).toBe(new URL(server.url).origin);
  expect(life.first['revocation_endpoint']).toBe(life.first['token_endpoint']);
  expect(life.second['refresh_token']).not.toBe(life.first['refresh_token']);
  await liveAgain(server, life);
  await endLive(server, life);
});

test('a refresh whose answer was lost is made up for by the next one', async () => {
  const server = await start();
  const { store, first, second } = await live(server);
  const document = readStore(store);
  document.mcpServers.live.auth = { ...second, refresh_token: first['refresh_token'] };
  writeFileSync(store, JSON.stringify(document));
  const token = run('token live --min-ttl 99999', { store });
  expect(await token.exit, token.stderr).toBe(0);
  expect(await server.status(token.stdout.trim())).toBe(200);
});

test('where public clients are refused, a secret is asked for, kept, and used for every request', async () => {
  const server = await start({ disallowPublicClientRegistration: true });
  const life = await live(server);
  const [client] = Object.values(readStore(life.store).oauthClients as Record<string, Record<string, unknown>[]>).flat();
  expect(client).toMatchObject({
    token_endpoint_auth_method: 'client_secret_basic',
    client_secret: expect.stringMatching(/\S{16,}/) as string,
  });
  await endLive(server, life);
});

test('a registration that it has forgotten is found out before the person is sent there', async () => {
  const server = await start();
  const life = await live(server);
  for (const key of server.kv.entries.keys()) if (key.startsWith('client:')) server.kv.entries.delete(key);
  const login = run('login live --no-browser --flow paste', { store: life.store, stdin: 'open' });
  const address = await login.shown(/^(http:\S+client_id=\S+)$/m);
  expect(login.stderr).toContain('Registering again.');
  login.type(`${await server.approve(address)}\n`);
  expect(await login.exit, login.stderr).toBe(0);
});
