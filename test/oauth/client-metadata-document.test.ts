/** Client ID metadata documents: draft-ietf-oauth-client-id-metadata-document. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { metadata, type Exchange } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

const url = 'https://apps.example/mcp-auth.json';
const reading = (origin: string): Exchange => ({
  want: 'GET /.well-known/oauth-authorization-server',
  respond: { json: metadata(origin, { client_id_metadata_document_supported: true }) },
});

async function logInWithDocument(change: (origin: string) => Exchange[], options: string, store = temporaryStore()) {
  const server = await fakeServer(change);
  const code = await run(`login ${server.url} --no-browser --no-verify --flow device --name fake ${options}`, { store }).exit;
  return { server, store, code, clientId: server.asked('POST /device').at(-1)?.body['client_id'] };
}

test('its URL is the client id, and nothing is registered', async () => {
  const { server, store, code, clientId } = await logInWithDocument((origin) => [reading(origin)], `--client-metadata-url ${url}`);
  expect(code).toBe(0);
  expect(clientId).toBe(url);
  expect(server.asked('POST /register')).toEqual([]);
  expect(readStore(store).oauthClients[server.origin]).toMatchObject([{ client_id: url, obtained_by: 'metadata_document' }]);
});

test('at a server that does not support such documents, a client is registered', async () => {
  const { clientId } = await logInWithDocument(() => [], `--client-metadata-url ${url}`);
  expect(clientId).toBe('client-1');
});

test('the preference applies to every login; another client on the command line overrides it', async () => {
  const store = temporaryStore();
  expect(await run(`config client-metadata-url ${url}`, { store }).exit).toBe(0);
  expect((await logInWithDocument((origin) => [reading(origin)], '', store)).clientId).toBe(url);
  expect((await logInWithDocument((origin) => [reading(origin)], '--client-id mine', temporaryStore())).clientId).toBe('mine');

  const shown = run('config client-metadata-url', { store });
  expect(await shown.exit).toBe(0);
  expect(shown.stdout).toBe(`${url}\n`);
  const all = run('config', { store });
  expect(await all.exit).toBe(0);
  expect(all.stdout).toBe(`client-metadata-url=${url}\n`);

  expect(await run('config client-metadata-url --unset', { store }).exit).toBe(0);
  expect(readFileSync(`${store}.preferences.json`, 'utf8')).not.toContain(url);
});

test('the preference applies to servers without a client of their own', async () => {
  const store = temporaryStore();
  const server = await fakeServer((origin) => [reading(origin)]);
  const words = '--no-browser --no-verify --flow device';
  expect(await run(`login ${server.url} ${words} --name fake --client-id mine`, { store }).exit).toBe(0);
  expect(await run(`config client-metadata-url ${url}`, { store }).exit).toBe(0);
  expect(await run(`login fake ${words}`, { store }).exit).toBe(0);
  expect(server.asked('POST /device').at(-1)?.body['client_id']).toBe('mine');
});

test('an unknown preference is a usage error, and a broken file is reported and not changed', async () => {
  const store = temporaryStore();
  expect(await run('config colour blue', { store }).exit).toBe(2);
  const broken = run('config', { store, env: { MCP_AUTH_PREFERENCES: import.meta.filename } });
  expect(await broken.exit).toBe(1);
  expect(broken.stderr).toContain('are not a JSON object');
  const unreadable = run('config', { store, env: { MCP_AUTH_PREFERENCES: '/nowhere/at/all.json' } });
  expect(await unreadable.exit).toBe(0);
});

test.each([
  'http://apps.example/a.json',
  'https://apps.example',
  'https://apps.example/',
  'https://apps.example/a/../b.json',
  'https://apps.example/a.json#x',
  'https://u:p@apps.example/a.json',
  'file:///a.json',
  'nothing',
])('%s cannot be a client id', async (wrong) => {
  expect(await run(`config client-metadata-url ${wrong}`, { store: temporaryStore() }).exit).toBe(2);
  const { code } = await logInWithDocument((origin) => [reading(origin)], `--client-metadata-url ${wrong}`);
  expect(code).toBe(2);
});
