/** Other programs save the store from a copy that they read earlier: no login ends by that, and none comes back. */
import { existsSync, readFileSync, renameSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { answerQuickly } from '../../src/fast-path/quick.js';
import { systemClock } from '../../src/machine/clock.js';
import type { StoreDocument } from '../../src/store/document.js';
import { readLogin, writeLogin } from '../../src/store/login.js';
import { openFileStore } from '../../src/store/store.js';
import { readStore, temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { loginAt } from '../helpers/login-at.js';
import { run } from '../helpers/run.js';
import { fakeServer, realServers } from '../helpers/servers.js';
import { Person } from '../helpers/person.js';

const now = () => Math.floor(Date.now() / 1000);
const kept = (store: string) => `${store}.fake.newest`;

/** A login at a fake server that rotates the refresh token. */
async function prepareStore(auth: object = {}, clients?: object) {
  let count = 0;
  const server = await fakeServer(() => [
    {
      want: 'POST /token',
      respond: () => {
        count += 1;
        return { json: { access_token: `access-${count}`, refresh_token: `refresh-${count}`, token_type: 'Bearer', expires_in: 3600 } };
      },
    },
  ]);
  const entry = {
    type: 'http',
    url: server.url,
    auth: loginAt(server, { expires_at: now() + 3600, note: 'not ours', ...auth }),
  };
  const store = temporaryStore({ mcpServers: { fake: entry }, ...(clients && { oauthClients: { [server.origin]: [clients] } }) });
  return { server, store, copy: copyOf(store) };
}

/** A copy of the store that another program saves later, as pflow does: keys sorted, by a rename. */
function copyOf(store: string) {
  const sorted = (_: string, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value;
  const text = `${JSON.stringify(readStore(store), sorted, 2)}\n`;
  return {
    save: () => {
      writeFileSync(`${store}.theirs`, text, { mode: 0o600 });
      renameSync(`${store}.theirs`, store);
    },
  };
}

async function ok(line: string, store: string, stdin?: string) {
  const command = run(line, { store, ...(stdin !== undefined && { stdin: { text: stdin } }) });
  expect(await command.exit, command.stderr).toBe(0);
  return command;
}

test('the tokens of a renewal are restored after another program has saved an older copy, and the next renewal works', async () => {
  const { server, store, copy } = await prepareStore();
  await ok('refresh fake', store);
  expect(statSync(kept(store)).mode & 0o777).toBe(0o600);
  copy.save();
  const token = await ok('token fake', store);
  expect(token.stdout).toBe('access-1\n');
  expect(token.stderr).toContain('The newest tokens were restored.');
  expect(readStore(store).mcpServers.fake.auth).toMatchObject({ token: 'access-1', refresh_token: 'refresh-1', note: 'not ours' });
  expect((await ok('token fake', store)).stderr).toBe('');
  copy.save();
  await ok('refresh fake', store);
  expect(server.asked('POST /token').map(({ body }) => (body as { refresh_token: string }).refresh_token)).toEqual([
    'refresh-0',
    'refresh-1',
  ]);
});

test('also after a copy from many renewals ago, by the first command that reads the store', async () => {
  const { store, copy } = await prepareStore();
  for (let times = 0; times < 19; times += 1) await ok('refresh fake', store);
  for (const look of ['list', 'headers fake', 'export fake', 'doctor fake', 'connect json fake', 'config']) {
    copy.save();
    await run(look, { store }).exit;
    expect(readStore(store).mcpServers.fake.auth.refresh_token, look).toBe(look === 'config' ? 'refresh-0' : 'refresh-19');
  }
});

test('the fast path detects an older login, and leaves it to the whole program', async () => {
  // Another test file may have a server of that name in the temporary folder that all of them share.
  vi.stubEnv('TMPDIR', temporaryFolder());
  onTestFinished(() => void vi.unstubAllEnvs());
  const { store, copy } = await prepareStore();
  const answer = () => answerQuickly({ argv: ['token', 'fake'], variables: { MCP_AUTH_STORE: store }, now: Date.now() });
  expect(answer()).toBe('old\n');
  await ok('refresh fake', store);
  expect(answer()).toBe('access-1\n');
  copy.save();
  expect(answer()).toBeUndefined();
});

test('a registration that the older copy lacks is restored with the tokens', async () => {
  const client = { client_id: 'client-1', client_secret: 'its-secret', token_endpoint_auth_method: 'client_secret_post' };
  const { server, store } = await prepareStore({}, client);
  const document = readStore(store);
  await ok('refresh fake', store);
  delete document.oauthClients;
  writeFileSync(store, JSON.stringify(document));
  await ok('refresh fake', store);
  expect(server.asked('POST /token').at(-1)?.body).toMatchObject({ refresh_token: 'refresh-1', client_secret: 'its-secret' });
});

test('a new login stays, and one that was logged out does not come back', async () => {
  const { authorizationServer, mcpServer } = await realServers();
  const store = temporaryStore();
  const logIn = async () => {
    const login = run(`login ${mcpServer.url} --name fake --flow paste --no-browser`, { store, stdin: 'open' });
    const address = await login.shown(/http:\S+\/auth\?\S+/);
    login.type(`${await new Person().approve(address)}\n`);
    expect(await login.exit, login.stderr).toBe(0);
    return readStore(store).mcpServers.fake.auth.token as string;
  };
  await logIn();
  const copy = copyOf(store);
  const second = await logIn();
  copy.save();
  expect((await ok('token fake', store)).stdout).toBe(`${second}\n`);
  await ok('refresh fake', store);
  await ok('logout fake', store);
  expect(readFileSync(kept(store), 'utf8')).not.toContain('token"');
  copy.save();
  expect(await run('token fake', { store }).exit).toBe(3);
  expect(readStore(store).mcpServers.fake).toEqual({ type: 'http', url: mcpServer.url });
  copy.save();
  expect((await ok('list', store)).stderr).toContain('This login has ended, and its tokens were removed.');
  const third = await logIn();
  copy.save();
  expect((await ok('token fake', store)).stdout).toBe(`${third}\n`);
  await ok('remove fake', store);
  copy.save();
  await ok('list', store);
  expect(readStore(store).mcpServers.fake.auth).toBeUndefined();
  expect(authorizationServer.log).toContain('grant refresh_token');
});

test.each([
  { what: 'another token', by: (auth: Record<string, unknown>) => Object.assign(auth, { token: 'by hand' }), stands: 'by hand' },
  { what: 'an API key', by: (auth: Record<string, unknown>) => Object.assign(auth, { type: 'api_key' }), stands: 'access-1' },
  { what: 'nothing', by: (auth: Record<string, unknown>) => Object.assign(auth, { token: undefined }), stands: undefined },
])('what a person puts in the place of the tokens stays: $what', async ({ by, stands }) => {
  const { store } = await prepareStore();
  await ok('refresh fake', store);
  const document = readStore(store);
  by(document.mcpServers.fake.auth);
  writeFileSync(store, JSON.stringify(document));
  await ok('list', store);
  expect(readStore(store).mcpServers.fake.auth.token).toBe(stands);
  await ok('add other https://other.example/mcp', store);
  expect(existsSync(kept(store))).toBe(false);
});

test('a login that another program removes from the store is not kept next to it', async () => {
  const { store } = await prepareStore();
  await ok('refresh fake', store);
  writeFileSync(store, JSON.stringify({ mcpServers: {} }));
  await ok('list', store);
  expect(readStore(store)).toEqual({ mcpServers: {} });
  expect(existsSync(kept(store))).toBe(false);
});

test('the tokens of one server are not restored into an entry that now belongs to another', async () => {
  const { store, copy } = await prepareStore();
  await ok('remove fake', store);
  const other = await prepareStore({ token: 'of another' });
  await ok('import', store, readFileSync(other.store, 'utf8'));
  copy.save();
  await run('token fake', { store }).exit;
  expect(readFileSync(store, 'utf8')).not.toContain('of another');
});

test('a login that was moved to another machine can be restored by hand', async () => {
  const { store } = await prepareStore();
  await ok('refresh fake', store);
  await ok('export fake --move', store);
  expect(readFileSync(kept(store), 'utf8')).not.toContain('token"');
  renameSync(`${store}.fake.moved`, store);
  expect((await ok('token fake', store)).stdout).toBe('access-1\n');
});

test('a login that was moved to another machine does not come back from a copy', async () => {
  const { server, store, copy } = await prepareStore();
  await ok('refresh fake', store);
  const last = copyOf(store);
  await ok('export fake --move', store);
  await ok('add other https://other.example/mcp', store);
  for (const one of [copy, last]) {
    one.save();
    expect(await run('refresh fake', { store }).exit).toBe(3);
    expect(readStore(store).mcpServers.fake.auth).toEqual({ note: 'not ours' });
  }
  expect(server.asked('POST /token')).toHaveLength(1);
  await ok('import', store, readFileSync(`${store}.fake.moved`, 'utf8'));
  copy.save();
  expect((await ok('token fake', store)).stdout).toBe('access-1\n');
});

const openAt = (store: string) => openFileStore(() => store, { signal: new AbortController().signal, clock: systemClock });

/** Writes the response of a renewal next to the store, like a process that is about to put it into the store. */
async function savePending(store: string, document: StoreDocument): Promise<string> {
  const login = readLogin(document.mcpServers?.['fake']) ?? expect.fail();
  const renewed = { ...login, accessToken: 'late', refreshToken: 'late-refresh' };
  return openAt(store).savePendingRenewal({ name: 'fake', document, login: renewed });
}

test('a login that the user has replaced does not come back with a response to its renewal that arrives later', async () => {
  const { store, copy } = await prepareStore();
  const before = await openAt(store).read();
  await openAt(store).update((document) => {
    const entry = document.mcpServers?.['fake'] ?? expect.fail();
    writeLogin(entry, { ...(readLogin(entry) ?? expect.fail()), accessToken: 'new', refreshToken: 'new-refresh' }, 'fake');
  });
  await savePending(store, before);
  copy.save();
  expect((await ok('token fake', store)).stdout).toBe('new\n');
  expect(readStore(store).mcpServers.fake.auth).toMatchObject({ token: 'new', refresh_token: 'new-refresh' });
});

test.each([
  { what: 'that another process is about to store', age: 0, warns: false },
  { what: 'that no process has stored for a minute', age: 60, warns: true },
])('a response $what is used: with a warning is $warns', async ({ age, warns }) => {
  const { store } = await prepareStore();
  const pending = await savePending(store, await openAt(store).read());
  utimesSync(pending, now() - age, now() - age);
  const token = await ok('token fake', store);
  expect(token.stdout).toBe('late\n');
  expect(token.stderr.includes('The newest tokens were restored.')).toBe(warns);
});

test('of a login that was renewed hundreds of times, the latest copies are recognised', async () => {
  const { store } = await prepareStore();
  await ok('refresh fake', store);
  const newest = JSON.parse(readFileSync(kept(store), 'utf8')) as object;
  const replaced = Array.from({ length: 600 }, (_, number) => `older-${number}`);
  writeFileSync(kept(store), JSON.stringify({ ...newest, replaced }));
  const copy = copyOf(store);
  await ok('refresh fake', store);
  copy.save();
  expect((await ok('token fake', store)).stdout).toBe('access-2\n');
  expect((JSON.parse(readFileSync(kept(store), 'utf8')) as { replaced: string[] }).replaced).toHaveLength(500);
});

test('there is no warning while another process is between writing the two files', async () => {
  const { store } = await prepareStore();
  const before = readFileSync(store);
  await ok('refresh fake', store);
  const after = readFileSync(store);
  writeFileSync(store, before);
  const opened = openFileStore(() => store, { signal: new AbortController().signal, clock: systemClock });
  const reading = opened.read();
  writeFileSync(store, after);
  expect((await reading).mcpServers?.['fake']?.auth?.token).toBe('access-1');
  expect(opened.getWarnings()).toEqual([]);
});

test('settings that the user changes in an older copy stay, and settings from in between are restored', async () => {
  const { store } = await prepareStore();
  const edited = (options: object) => {
    const document = readStore(store);
    Object.assign(document.mcpServers.fake, { login_options: options, headers: { 'X-Team': 'a' } });
    return () => writeFileSync(store, JSON.stringify(document));
  };
  const saveFirst = edited({ scope: 'first', theirs: 1 });
  await ok('refresh fake', store);
  saveFirst();
  await ok('refresh fake', store);
  expect(readStore(store).mcpServers.fake).toMatchObject({
    ...{ login_options: { scope: 'first', theirs: 1 }, headers: { 'X-Team': 'a' }, auth: { token: 'access-2' } },
  });
  const saveAgain = edited({ scope: 'first' });
  edited({ scope: 'second' })();
  await ok('refresh fake', store);
  saveAgain();
  await ok('list', store);
  expect(readStore(store).mcpServers.fake).toMatchObject({ login_options: { scope: 'second' }, auth: { token: 'access-3' } });
});

test('the newest tokens are restored, too, if the URL in the older copy has changed but is still one that they are for', async () => {
  const { server, store } = await prepareStore();
  const document = readStore(store);
  await ok('refresh fake', store);
  document.mcpServers.fake.url = `${server.url}?toolsets=all`;
  writeFileSync(store, JSON.stringify(document));
  expect((await ok('token fake', store)).stdout).toBe('access-1\n');
  expect(readStore(store).mcpServers.fake.url).toBe(`${server.url}?toolsets=all`);
});

test('a program that empties the file, and fills it with an older copy, ends no login', async () => {
  const { store } = await prepareStore();
  const text = readFileSync(store);
  await ok('refresh fake', store);
  writeFileSync(store, '');
  await ok('list', store);
  writeFileSync(store, text);
  expect((await ok('token fake', store)).stdout).toBe('access-1\n');
});

test('the files of a store with a longer name belong to another store', async () => {
  const [one, other] = [await prepareStore(), await prepareStore()];
  const longer = `${one.store}.work`;
  renameSync(other.store, longer);
  const copy = copyOf(longer);
  await ok('refresh fake', longer);
  await ok('add other https://other.example/mcp', one.store);
  copy.save();
  expect((await ok('token fake', longer)).stdout).toBe('access-1\n');
  expect((await ok('token fake', one.store)).stdout).toBe('old\n');
});

test('a file next to the store that is too large is not read', async () => {
  const { store } = await prepareStore();
  writeFileSync(kept(store), '');
  truncateSync(kept(store), 64 * 1024 * 1024 * 1024);
  expect((await ok('token fake', store)).stdout).toBe('old\n');
});

test('the newest tokens are not kept longer than a day without a change', async () => {
  const { store } = await prepareStore();
  await ok('refresh fake', store);
  const dayAgo = now() - 24 * 60 * 60 - 60;
  utimesSync(kept(store), dayAgo, dayAgo);
  await ok('add other https://other.example/mcp', store);
  expect(existsSync(kept(store))).toBe(false);
  expect(readStore(store).mcpServers.fake.auth.token).toBe('access-1');
});

test.each([
  '',
  '{',
  '[]',
  '{"name":"fake","replaced":"x","server":{"auth":{"token":7}}}',
  '{"name":"fake","replaced":[1],"server":"x"}',
  '{"name":"\\ud800","replaced":[]}',
  `{"name":"fake","replaced":[],"server":{"auth":{"token":"x","deep":${'['.repeat(9999)}${']'.repeat(9999)}}}}`,
])('a file beside the store that says something else is not followed: %s', async (text) => {
  const { store } = await prepareStore();
  writeFileSync(kept(store), text);
  expect((await ok('token fake', store)).stdout).toBe('old\n');
  await ok('refresh fake', store);
  expect(readStore(store).mcpServers.fake.auth.token).toBe('access-1');
});

test('a file that another program empties before writing it is read again', async () => {
  const { store, copy } = await prepareStore();
  await ok('refresh fake', store);
  writeFileSync(store, '');
  const token = run('token fake --json', { store });
  copy.save();
  expect(await token.exit, token.stderr).toBe(0);
  expect(JSON.parse(token.stdout)).toMatchObject({ access_token: 'access-1' });
});

test('no server name is too long for the files next to the store', async () => {
  const { store } = await prepareStore();
  const text = readFileSync(store, 'utf8').replaceAll('"fake"', JSON.stringify('n'.repeat(129)));
  expect(await run('import', { store, stdin: { text } }).exit).toBe(2);
  await ok('import', store, text.replace('nn', 'n'));
  await ok(`refresh ${'n'.repeat(128)}`, store);
});
