/** `copy` between two stores. test/store/stores.test.ts has what each store does, test/e2e/fleet-rights.test.ts real databases. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readStore, temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { loginAt } from '../helpers/login-at.js';
import { run } from '../helpers/run.js';
import { sealedStore } from '../helpers/sealed-store.js';

const place = { origin: 'https://as.example', url: 'https://mcp.example/mcp' };
const client = { client_id: 'client-1', client_secret: 'secret' };

/** A store with two logins, a server without one, and what another program keeps in it. */
function filled(changes: object = {}) {
  const entry = { type: 'http', url: place.url, auth: loginAt(place, changes), headers: { 'X-Key': '${KEY}' } };
  return temporaryStore({
    mcpServers: { one: entry, two: entry, local: { command: 'npx' } },
    oauthClients: { [place.origin]: [client] },
    pflow: { kept: true },
  });
}

test('moves the logins with their clients, and all else that the store has', async () => {
  const from = filled();
  const before = readStore(from);
  const to = path.join(temporaryFolder(), 'new.json');
  const copy = run(['copy', '--to', to], { store: from });
  expect(await copy.exit, copy.stderr).toBe(0);
  expect(copy.stderr).toContain('Moved the login to one.');
  expect(copy.stderr).toContain(`3 servers from ${from} to ${to}`);
  expect(readStore(to)).toEqual(before);
  expect(readStore(from).mcpServers.one.auth).toBeUndefined();
  expect(readStore(from).mcpServers.one.url).toBe(place.url);
});

test('--from takes them from another store, only those that are named, and --keep leaves them', async () => {
  const from = filled();
  const before = readStore(from);
  const to = temporaryStore({});
  const copy = run(['copy', 'two', '--from', from, '--keep'], { store: to });
  expect(await copy.exit, copy.stderr).toBe(0);
  expect(copy.stderr).toContain('Both stores have these logins now');
  expect(readStore(from)).toEqual(before);
  expect(readStore(to)).toEqual({ mcpServers: { two: before.mcpServers.two }, oauthClients: before.oauthClients });
});

test('a login that the other store has stays, unless --replace is passed', async () => {
  const [from, to] = [filled({ token: 'new' }), filled()];
  const refused = run(['copy', 'one', '--to', to], { store: from });
  expect(await refused.exit).toBe(2);
  expect(refused.stderr).toContain('has a login to one already');
  expect(readStore(to).mcpServers.one.auth.token).toBe('old');
  expect(readStore(from).mcpServers.one.auth.token).toBe('new');
  expect(await run(['copy', 'one', '--to', to, '--replace'], { store: from }).exit).toBe(0);
  expect(readStore(to).mcpServers.one.auth.token).toBe('new');
});

test('a name that the other store has for another server is refused, and nothing is lost', async () => {
  const from = filled();
  const to = temporaryStore({ mcpServers: { one: { type: 'http', url: 'https://other.example/mcp' } } });
  const copy = run(['copy', 'one', '--to', to], { store: from });
  expect(await copy.exit).toBe(2);
  expect(copy.stderr).toContain('The other store has one for another server');
  expect(readStore(from).mcpServers.one.auth.token).toBe('old');
});

test.each([
  { words: ['copy'], said: '--from or --to' },
  { words: ['copy', '--to', 'STORE'], said: 'Both stores are' },
  { words: ['copy', 'none', '--to', '/tmp/x.json'], said: 'none' },
  { words: ['copy', '--to', 'mysql://db/x'], said: 'No store can be at a URL that begins with mysql://' },
])('$words is refused: $said', async ({ words, said }) => {
  const store = filled();
  const copy = run(
    words.map((word) => (word === 'STORE' ? store : word)),
    { store },
  );
  expect(await copy.exit).toBe(2);
  expect(copy.stderr).toContain(said);
});

test('from a sealed store to another one, each with its own seal', async () => {
  const entry = { type: 'http', url: place.url, auth: loginAt(place, { token: 'secret-token' }) };
  const from = await sealedStore({ mcpServers: { one: entry } });
  const to = path.join(temporaryFolder(), 'other.json');
  expect(await run(['seal', '--store', to], { store: from.store, env: from.env }).exit).toBe(0);
  const copy = run(['copy', '--to', to], { store: from.store, env: from.env });
  expect(await copy.exit, copy.stderr).toBe(0);
  expect(readFileSync(to, 'utf8')).not.toContain('secret-token');
  expect(readStore(to).seal.key).not.toBe(readStore(from.store).seal.key);
  const token = run(['token', 'one', '--store', to], { store: from.store, env: from.env });
  expect(await token.exit, token.stderr).toBe(0);
  expect(token.stdout).toBe('secret-token\n');
});
