import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/machine/clock.js';
import { openFileStore } from '../../src/store/store.js';
import { readStore, temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

const open = (file: string) => openFileStore(() => file, { signal: new AbortController().signal, clock: systemClock });
const mode = (file: string) => statSync(file).mode & 0o777;

test('a new store is 0600 in a 0700 folder, and no other file is left', async () => {
  const file = path.join(temporaryFolder(), 'new', 'mcp-servers.json');
  await open(file).update((document) => (document['x'] = 1));
  expect(mode(file)).toBe(0o600);
  expect(mode(path.dirname(file))).toBe(0o700);
  expect(readdirSync(path.dirname(file))).toEqual(['mcp-servers.json']);
  expect(readFileSync(file, 'utf8')).toBe('{\n  "x": 1\n}\n');
});

test('members of other programs stay: unknown keys, other servers, other keys of an entry, and their order', async () => {
  const foreign = {
    $schema: 'https://example/schema',
    mcpServers: {
      zeta: { type: 'http', url: 'https://z.example', headers: { 'X-Key': '${KEY}' }, auth: { type: 'api_key', key: 'k' } },
      alpha: { command: 'npx', args: ['-y', 'thing'], env: { A: 'b' } },
    },
    other: [1, 2, { deep: null }],
  };
  const store = temporaryStore(foreign);
  expect(await run('add mine https://mine.example/mcp', { store }).exit).toBe(0);
  expect(readStore(store)).toEqual({
    ...foreign,
    mcpServers: { ...foreign.mcpServers, mine: { type: 'http', url: 'https://mine.example/mcp' } },
  });
  expect(Object.keys(readStore(store).mcpServers)).toEqual(['zeta', 'alpha', 'mine']);
});

test('a change that changes nothing writes nothing', async () => {
  const store = temporaryStore('{"mcpServers":{}}');
  await open(store).update(() => undefined);
  expect(readFileSync(store, 'utf8')).toBe('{"mcpServers":{}}');
});

test('two writers at once lose no change', async () => {
  const file = temporaryStore({});
  const [one, other] = [open(file), open(file)];
  const numbers = Array.from({ length: 20 }, (_, number) => number);
  await Promise.all(numbers.map((number) => (number % 2 ? one : other).update((document) => (document[`key${number}`] = number))));
  expect(Object.keys(readStore(file))).toHaveLength(20);
});

test('what another program writes during a change is not lost: the change is made again', async () => {
  const file = temporaryStore({ theirs: 0 });
  let times = 0;
  await open(file).update((document) => {
    times += 1;
    // As pflow does: without our lock, by a temporary file and a rename.
    if (times <= 3) {
      writeFileSync(`${file}.pflow`, JSON.stringify({ ...readStore(file), theirs: times }));
      renameSync(`${file}.pflow`, file);
    }
    document['ours'] = times;
  });
  expect(readStore(file)).toEqual({ theirs: 3, ours: 4 });
  expect(readdirSync(path.dirname(file))).toEqual(['mcp-servers.json']);
});

test('a store that another program creates during a change is not replaced', async () => {
  const file = temporaryStore();
  let times = 0;
  await open(file).update((document) => {
    if ((times += 1) === 1) writeFileSync(file, JSON.stringify({ theirs: true }));
    document['ours'] = true;
  });
  expect(readStore(file)).toEqual({ theirs: true, ours: true });
});

test('temporary files of a killed process are deleted, but none that may be in use', async () => {
  const file = temporaryStore({});
  const folder = path.dirname(file);
  const [old, recent, foreign] = ['.mcp-servers.json.1234.tmp', '.mcp-servers.json.5678.tmp', '.other.json.tmp'].map((name) =>
    path.join(folder, name),
  );
  for (const left of [old, recent, foreign]) writeFileSync(left ?? '', 'secret');
  const hourAgo = new Date(Date.now() - 3_600_000);
  for (const left of [old, foreign]) utimesSync(left ?? '', hourAgo, hourAgo);
  expect(await run('add a https://a.example', { store: file }).exit).toBe(0);
  expect(readdirSync(folder).sort()).toEqual(['.mcp-servers.json.5678.tmp', '.other.json.tmp', 'mcp-servers.json']);
});

test('a symbolic link stays, and its target is written', async () => {
  const target = temporaryStore({ kept: true });
  const link = path.join(temporaryFolder(), 'link.json');
  symlinkSync(target, link);
  await open(link).update((document) => (document['added'] = true));
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readStore(target)).toEqual({ kept: true, added: true });
});

test('a symbolic link to a file that does not exist yet is followed too', async () => {
  const folder = temporaryFolder();
  symlinkSync('real/store.json', path.join(folder, 'link.json'));
  mkdirSync(path.join(folder, 'real'));
  const link = path.join(folder, 'link.json');
  expect(await run('add a https://a.example', { store: link }).exit).toBe(0);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readStore(path.join(folder, 'real/store.json')).mcpServers.a.url).toBe('https://a.example');
});

test('symbolic links in a circle are a clear error', async () => {
  const folder = temporaryFolder();
  symlinkSync('b', path.join(folder, 'a'));
  symlinkSync('a', path.join(folder, 'b'));
  const add = run('add a https://a.example', { store: path.join(folder, 'a') });
  expect(await add.exit).toBe(1);
  expect(add.stderr).toContain('ELOOP');
});

test('a mode that lets other users read is not kept; a stricter one is', async () => {
  for (const [before, after] of [
    [0o644, 0o600],
    [0o400, 0o400],
  ] as const) {
    const file = temporaryStore({});
    chmodSync(file, before);
    await open(file).update((document) => (document['x'] = 1));
    expect(mode(file)).toBe(after);
  }
});

test('an empty file is an empty store', async () => {
  const store = temporaryStore('\n');
  expect(await run('add mine https://mine.example', { store }).exit).toBe(0);
  expect(Object.keys(readStore(store).mcpServers)).toEqual(['mine']);
});

describe('a file that is not a valid store is not changed by a single byte', () => {
  test.each([
    { what: 'not JSON', text: '{\n  "mcpServers": {\n    "a": secret-token\n  }\n}', said: 'line 3, column 10' },
    { what: 'cut off', text: '{"mcpServers": {"a": {"url": "https', said: 'line 1, column' },
    { what: 'an array', text: '[]', said: 'is not a JSON object' },
    { what: 'null', text: 'null', said: 'is not a JSON object' },
    { what: 'mcpServers of another type', text: '{"mcpServers": []}', said: 'mcpServers that is not an object' },
  ])('$what', async ({ text, said }) => {
    for (const line of ['list', 'token a', 'add b https://b.example', 'logout a', 'login https://a.example --no-browser']) {
      const store = temporaryStore(text);
      const command = run(line, { store });
      expect(await command.exit, line).toBe(1);
      expect(command.stderr).toContain(store);
      expect(command.stderr).toContain(said);
      expect(command.stderr).not.toContain('secret-token');
      expect(command.stdout).toBe('');
      expect(readFileSync(store, 'utf8')).toBe(text);
    }
  });
});

test('entries of wrong types are skipped, and the others work', async () => {
  const store = temporaryStore({
    mcpServers: {
      a: null,
      b: 7,
      c: { url: 9 },
      d: { url: 'https://d.example', auth: 'no' },
      e: { url: 'https://e.example', auth: { type: 'bearer', token: 't', expires_at: 'soon' } },
    },
  });
  const token = run('token e', { store });
  expect(await token.exit).toBe(0);
  expect(token.stdout).toBe('t\n');
  expect(await run('list', { store }).exit).toBe(0);
  expect(await run('token a', { store }).exit).toBe(3);
});

test.each([
  { client_secret: null },
  { client_secret: 5 },
  { client_secret: '' },
  { grant_types: 5 },
  { grant_types: {} },
  { refused_grant_types: true },
  { redirect_uris: 'x' },
  { redirect_uris: [5] },
  { redirect_uris: ['http://['] },
  { client_id: 7 },
  null,
])('a registration that was edited to %j is read as far as it goes', async (odd) => {
  const server = await fakeServer();
  const client =
    odd === null ? null : { client_id: 'c', obtained_by: 'dynamic_registration', redirect_uris: ['http://127.0.0.1:1/callback'], ...odd };
  const store = temporaryStore({ oauthClients: { [server.origin]: [client] } });
  const login = run(`login ${server.url} --no-browser --no-verify --flow device`, { store });
  expect(await login.exit).toBe(0);
  expect(login.stderr).not.toContain('bug');
  expect(server.asked('POST /device')[0]?.headers.authorization).toBeUndefined();
});

test('__proto__ in the store is an ordinary name', async () => {
  const store = temporaryStore(
    '{"mcpServers":{"__proto__":{"url":"https://p.example","auth":{"type":"bearer","token":"p"}}},"__proto__":{"x":1}}',
  );
  expect(await run('add a https://a.example', { store }).exit).toBe(0);
  expect(readFileSync(store, 'utf8')).toContain('"__proto__": {\n    "x": 1');
  expect(Object.prototype).not.toHaveProperty('x');
  expect(await run('token toString', { store }).exit).toBe(3);
});

test('a folder instead of the file, or a file instead of the folder, is a clear error', async () => {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, 'mcp-servers.json'));
  const inFolder = run('list', { store: path.join(folder, 'mcp-servers.json') });
  expect(await inFolder.exit).toBe(1);
  expect(inFolder.stderr).toContain('EISDIR');

  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  const login = run('login https://a.example --no-browser', { store: path.join(file, 'mcp-servers.json') });
  expect(await login.exit).toBe(1);
  expect(login.stderr).toMatch(/cannot be (read|written)/);
});
