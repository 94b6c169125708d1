/** Commands with a sealed store: each works, and none leaves a secret in the clear. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/commands/index.js';
import { answerQuickly, findAgentQuestion } from '../../src/fast-path/quick.js';
import { createIdentity } from '../../src/store/seal/data-key.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { guarded } from '../helpers/fake-mcp.js';
import { loginAt } from '../helpers/login-at.js';
import { Person } from '../helpers/person.js';
import { run, type RunOptions } from '../helpers/run.js';
import { findInFiles, sealedStore } from '../helpers/sealed-store.js';
import { fakeServer, realServers } from '../helpers/servers.js';

const secrets = { token: 'secret-access', refresh_token: 'secret-refresh' };

/** A sealed store with one login. */
async function prepare(changes: object = {}) {
  const server = await fakeServer((origin) => [
    guarded({ status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } }),
    {
      want: 'POST /token',
      respond: () => ({
        json: { access_token: 'secret-new', refresh_token: 'secret-refresh-new', token_type: 'Bearer', expires_in: 3600 },
      }),
    },
  ]);
  const clients = {
    [server.origin]: [{ client_id: 'client-1', client_secret: 'secret-client', token_endpoint_auth_method: 'client_secret_basic' }],
  };
  const entry = { type: 'http', url: server.url, auth: loginAt(server, { ...secrets, ...changes }), headers: { 'X-Key': 'secret-header' } };
  const sealed = await sealedStore({ mcpServers: { fake: entry }, oauthClients: clients, theirs: 1 });
  const ask = (line: string | readonly string[], options: Partial<RunOptions> = {}) =>
    run(line, { store: sealed.store, ...options, env: { ...sealed.env, HOME: path.dirname(sealed.store), ...options.env } });
  return { ...sealed, server, ask };
}

async function succeed(running: ReturnType<typeof run>): Promise<ReturnType<typeof run>> {
  expect(await running.exit, running.stderr).toBe(0);
  return running;
}

const expectNoSecrets = (store: string) =>
  expect(findInFiles(store, ['secret-']).filter((file) => !file.endsWith('.json.config'))).toEqual([]);

/** A command line for each command; undefined for one that has nothing to do with a store. */
const lines: Record<string, { readonly line: string; readonly shows?: RegExp } | undefined> = {
  login: { line: 'login fake --start --json', shows: /device_code/ },
  token: { line: 'token fake', shows: /^secret-access\n$/ },
  headers: { line: 'headers fake', shows: /secret-header.*Bearer secret-access/ },
  bridge: { line: 'bridge fake' },
  connect: { line: 'connect claude-code fake' },
  list: { line: 'list --json', shows: /"name":"fake".*"refresh_token":true/ },
  logout: { line: 'logout fake' },
  refresh: { line: 'refresh fake' },
  exec: { line: 'exec fake -- true' },
  ssh: undefined,
  export: { line: 'export fake', shows: /secret-access.*secret-client/ },
  import: { line: 'import' },
  // It has two stores: test/commands/copy.test.ts.
  copy: undefined,
  add: { line: 'add other https://mcp.example/mcp' },
  remove: { line: 'remove fake' },
  doctor: { line: 'doctor --json', shows: /Store: seal","[^\n]*verdict":"fine|"verdict":"fine","seen":"sealed to 1 recipient/ },
  agent: undefined,
  relay: undefined,
  completion: undefined,
  skill: undefined,
  seal: { line: 'seal' },
  unseal: undefined,
  config: undefined,
};

test('every command is listed', () => {
  expect(Object.keys(lines)).toEqual(commands.map(({ name }) => name));
});

const used = Object.entries(lines).flatMap(([name, one]) => (one === undefined ? [] : [{ name, ...one }]));

test.each(used)('$line', async ({ name, line, shows }) => {
  const { store, ask, server } = await prepare();
  const arriving = { mcpServers: { other: { url: 'https://mcp.example/mcp', auth: { type: 'bearer', token: 'secret-other' } } } };
  const stdin = name === 'import' ? { text: JSON.stringify(arriving) } : name === 'bridge' ? { text: '' } : ('none' as const);
  const done = ask(line.replace('URL', server.url), { stdin });
  const code = await done.exit;
  // The fake server has no metadata for a login and a check.
  expect(['login', 'doctor'].includes(name) || code === 0, done.stderr).toBe(true);
  if (shows && code === 0) expect(done.stdout).toMatch(shows);
  expect(done.stderr).not.toMatch(/secret-|seal_broken|Unexpected/);
  expectNoSecrets(store);
  expect(readStore(store)).toMatchObject({ theirs: 1, seal: { recipients: [expect.stringMatching(/^age1/) as string] } });
});

test.each(used.filter(({ name }) => !['import', 'seal'].includes(name)))(
  'without an identity, an error and nothing else: $line',
  async ({ line }) => {
    const { store, ask } = await prepare();
    const before = readFileSync(store, 'utf8');
    const done = ask(line, { env: { MCP_AUTH_IDENTITY_FILE: '' }, stdin: { text: '' } });
    expect(await done.exit).not.toBe(0);
    expect(done.stdout + done.stderr).toContain('no identity to open it is configured');
    expect(done.stdout).not.toContain('secret-');
    expect(readFileSync(store, 'utf8')).toBe(before);
  },
);

test('with another identity, an error that names it', async () => {
  const { ask, identity } = await prepare();
  writeFileSync(identity, (await createIdentity(0)).text);
  const token = ask('token fake');
  expect(await token.exit).toBe(1);
  expect(token.stderr).toContain(`The identity file ${identity} (MCP_AUTH_IDENTITY_FILE) does not open the store.`);
});

describe('a whole life at real servers', () => {
  test('login, renewal, two steps and move leave no secret in any file', async () => {
    const { mcpServer } = await realServers();
    const { store, env } = await sealedStore();
    const ask = (line: string | readonly string[], options: Partial<RunOptions> = {}) => run(line, { store, env, ...options });
    const seen: string[] = [];
    const note = async () => {
      const { mcpServers, oauthClients } = JSON.parse((await succeed(ask('export demo'))).stdout) as Record<
        string,
        Record<string, { auth?: Record<string, string> }>
      >;
      const auth = mcpServers?.['demo']?.auth ?? {};
      seen.push(auth['token'] ?? '', auth['refresh_token'] ?? '');
      const [client] = Object.values(oauthClients ?? {}).flat() as { client_secret?: string }[];
      if (client?.client_secret !== undefined) seen.push(client.client_secret);
      expect(seen.every((one) => one.length > 10)).toBe(true);
      expect(findInFiles(store, seen)).toEqual([]);
    };
    const started = await succeed(ask(`login ${mcpServer.url} --name demo --flow paste --start --json`));
    const [attempt = ''] = readdirSync(path.dirname(store)).filter((name) => name.endsWith('.attempt'));
    const text = readFileSync(path.join(path.dirname(store), attempt), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ server: 'demo', sealed: expect.stringMatching(/^v1\./) as string });
    expect(text).not.toMatch(/verifier|state"/);
    const address = await new Person().approve(String(started.events[0]?.['url']));
    await succeed(ask(['login', 'demo', '--finish', address]));
    await note();
    await succeed(ask('refresh demo'));
    await note();
    expect(readdirSync(path.dirname(store)).filter((name) => name.endsWith('.newest'))).toHaveLength(1);
    await succeed(ask('export demo --move'));
    expect(readdirSync(path.dirname(store)).filter((name) => name.endsWith('.moved'))).toHaveLength(1);
    expect(findInFiles(store, seen)).toEqual([]);
    // The sealed copy is a document that import takes.
    await succeed(ask('import', { stdin: { text: readFileSync(`${store}.demo.moved`, 'utf8') } }));
    await succeed(ask('refresh demo'));
    await note();
  });

  test('an older copy of the file, saved by another program, ends no login', async () => {
    const { mcpServer } = await realServers();
    const { store, env } = await sealedStore();
    const start = await succeed(run(`login ${mcpServer.url} --name demo --flow paste --start --json`, { store, env }));
    await succeed(run(['login', 'demo', '--finish', await new Person().approve(String(start.events[0]?.['url']))], { store, env }));
    const older = readFileSync(store);
    await succeed(run('refresh demo', { store, env }));
    const token = (await succeed(run('token demo', { store, env }))).stdout;
    writeFileSync(store, older);
    const after = await succeed(run('token demo', { store, env }));
    expect(after.stdout).toBe(token);
    expect(after.stderr).toContain('The newest tokens were restored.');
  });
});

describe('sealing', () => {
  test('seals what is next to the store, too, and unseal opens it again', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    const { text } = await createIdentity(0);
    writeFileSync(`${store}.identity`, text, { mode: 0o600 });
    const env = { MCP_AUTH_IDENTITY_FILE: `${store}.identity` };
    const start = await succeed(run(`login ${mcpServer.url} --name demo --flow paste --start --json`, { store }));
    await succeed(run(['login', 'demo', '--finish', await new Person().approve(String(start.events[0]?.['url']))], { store }));
    await succeed(run('refresh demo', { store }));
    await succeed(run(`login ${mcpServer.url} --name other --flow paste --start --json`, { store }));
    const { token, refresh_token: refresh } = readStore(store).mcpServers.demo.auth as Record<string, string>;
    const attempt = readdirSync(path.dirname(store)).find((name) => name.endsWith('.attempt')) ?? '';
    const verifier = /"code_?verifier":"([^"]+)"/i.exec(readFileSync(path.join(path.dirname(store), attempt), 'utf8'))?.[1];
    const texts = [token, refresh, verifier].filter((one) => one !== undefined);
    expect(texts.length).toBeGreaterThan(1);
    expect(findInFiles(store, texts).length).toBeGreaterThan(2);
    const sealing = await succeed(run('seal', { store, env }));
    for (const said of ['Sealed: ', 'In the clear: ', 'Programs that read the store themselves', 'mcp-auth headers NAME', 'Backups'])
      expect(sealing.stderr).toContain(said);
    expect(findInFiles(store, texts)).toEqual([]);
    expect((await succeed(run('token demo', { store, env }))).stdout).toBe(`${token}\n`);
    const refused = run('unseal', { store, env });
    expect(await refused.exit).toBe(2);
    expect(findInFiles(store, texts)).toEqual([]);
    await succeed(run('unseal --yes', { store, env }));
    expect(readStore(store).mcpServers.demo.auth.token).toBe(token);
    expect(readStore(store)).not.toHaveProperty('seal');
    expect((await succeed(run('token demo', { store }))).stdout).toBe(`${token}\n`);
    expect(await run('login --finish', { store, stdin: { text: 'http://127.0.0.1:1/callback?code=c\n' } }).exit).toBe(1);
  });

  test('a new identity is created once, and used from then on', async () => {
    const store = temporaryStore({
      mcpServers: { a: { url: 'https://a.example/', auth: { token: 'secret-a', expires_at: 4_000_000_000 } } },
    });
    const file = `${store}.new`;
    const none = run('seal', { store });
    expect(await none.exit).toBe(1);
    expect(none.stderr).toContain('mcp-auth seal --new-identity FILE');
    const done = await succeed(run(['seal', '--new-identity', file], { store }));
    expect(done.stderr).toMatch(/Keep a copy/);
    expect(done.stdout + done.stderr).not.toContain('AGE-SECRET-KEY');
    expect((await succeed(run('token a', { store }))).stdout).toBe('secret-a\n');
    const again = run(['seal', '--new-identity', file], { store });
    expect(await again.exit).toBe(2);
    await succeed(run('config identity-file --unset', { store }));
    const overwriting = run(['seal', '--new-identity', file], { store });
    expect(await overwriting.exit).toBe(1);
    expect(overwriting.stderr).toContain('EEXIST');
  });

  test('a store that this machine could not open is not sealed', async () => {
    const { recipient } = await createIdentity(0);
    const store = temporaryStore({ mcpServers: {} });
    const { text } = await createIdentity(0);
    writeFileSync(`${store}.identity`, text, { mode: 0o600 });
    const before = readFileSync(store, 'utf8');
    const refused = run(['seal', '--recipient', recipient], { store, env: { MCP_AUTH_IDENTITY_FILE: `${store}.identity` } });
    expect(await refused.exit).toBe(1);
    expect(refused.stderr).toContain('could not open it afterwards');
    expect(readFileSync(store, 'utf8')).toBe(before);
  });

  test('recipients are added and taken away, with a new key', async () => {
    const { store, ask, recipient, identity } = await prepare();
    const other = await createIdentity(0);
    const otherFile = `${identity}.other`;
    writeFileSync(otherFile, other.text, { mode: 0o600 });
    const theirs = { MCP_AUTH_IDENTITY_FILE: otherFile, MCP_AUTH_PREFERENCES: `${store}.theirs.json` };
    await succeed(ask(['seal', '--recipient', other.recipient]));
    expect((await succeed(ask('token fake', { env: theirs }))).stdout).toBe('secret-access\n');
    const sealed = readStore(store).mcpServers.fake.auth.sealed as string;
    const removed = await succeed(ask(['seal', '--remove-recipient', recipient], { env: theirs }));
    expect(removed.stderr).toContain('can still read older copies');
    expect(readStore(store).mcpServers.fake.auth.sealed).not.toBe(sealed);
    expect((await succeed(ask('token fake', { env: theirs }))).stdout).toBe('secret-access\n');
    // The first machine is told, and has no identity for it.
    const old = ask('token fake');
    expect(await old.exit).toBe(1);
    expect(old.stderr).toContain('does not open the store');
    const last = ask(['seal', '--remove-recipient', other.recipient], { env: theirs });
    expect(await last.exit).toBe(2);
  });

  test('another machine accepts a new key only if it is told to', async () => {
    const { store, ask, recipient } = await prepare();
    const other = await createIdentity(0);
    const another = { MCP_AUTH_PREFERENCES: `${store}.another.json` };
    await succeed(ask('token fake', { env: another }));
    await succeed(ask(['seal', '--recipient', other.recipient]));
    await succeed(ask('token fake', { env: another }));
    await succeed(ask(['seal', '--remove-recipient', other.recipient]));
    const refused = ask('token fake', { env: another });
    expect(await refused.exit).toBe(1);
    expect(refused.stderr).toContain('has another data key than this machine knows');
    await succeed(ask('seal --accept', { env: another }));
    expect((await succeed(ask('token fake', { env: another }))).stdout).toBe('secret-access\n');
    expect(readStore(store).seal.recipients).toEqual([recipient]);
  });
});

describe('another program changes the store', () => {
  test('it removes the seal: nothing is read or written, and seal puts it back', async () => {
    const { store, ask } = await prepare();
    const stripped = readStore(store) as Record<string, unknown>;
    delete stripped['seal'];
    writeFileSync(store, JSON.stringify(stripped));
    for (const line of ['token fake', 'refresh fake', 'list']) {
      const done = ask(line);
      expect(await done.exit).toBe(1);
      expect(done.stderr).toContain('another program has removed its seal');
    }
    expect(readStore(store)).toEqual(stripped);
    await succeed(ask('seal'));
    expect((await succeed(ask('token fake'))).stdout).toBe('secret-access\n');
    expectNoSecrets(store);
  });

  test('it puts plain text in the place of a sealed store: also the fast path prints nothing', async () => {
    const { store, ask, server } = await prepare();
    const auth = loginAt(server, { token: 'planted', expires_at: 4_000_000_000 });
    writeFileSync(store, JSON.stringify({ mcpServers: { fake: { url: server.url, auth } } }), { mode: 0o600 });
    const variables = { MCP_AUTH_STORE: store, MCP_AUTH_PREFERENCES: `${store}.preferences.json` };
    expect(answerQuickly({ argv: ['token', 'fake'], variables, now: Date.now() })).toBeUndefined();
    const done = ask('token fake');
    expect(await done.exit).toBe(1);
    expect(done.stdout).toBe('');
    await succeed(ask('unseal --yes'));
    expect((await succeed(ask('token fake'))).stdout).toBe('planted\n');
  });

  test('it changes the URL: an error that says to log in, which is possible, as is to remove it', async () => {
    const { store, ask } = await prepare();
    const document = readStore(store);
    document.mcpServers.fake.url = 'https://evil.example/mcp';
    writeFileSync(store, JSON.stringify(document));
    for (const line of ['token fake', 'headers fake', 'refresh fake']) {
      const done = ask(line);
      expect(await done.exit).toBe(1);
      expect(done.stderr).toContain('cannot be opened');
      expect(done.stdout).toBe('');
    }
    const listed = await succeed(ask('list'));
    expect(listed.stdout).toContain('sealed (broken)');
    const unseal = ask('unseal --yes');
    expect(await unseal.exit).toBe(1);
    await succeed(ask('remove fake'));
    expect(readStore(store).mcpServers).toEqual({});
  });
});

test('connect refuses an app that reads the store itself', async () => {
  const { server } = await prepare();
  const home = path.dirname(temporaryStore());
  const store = path.join(home, '.pflow', 'mcp-servers.json');
  mkdirSync(path.dirname(store), { mode: 0o700 });
  writeFileSync(store, JSON.stringify({ mcpServers: { fake: { type: 'http', url: server.url, auth: loginAt(server) } } }), { mode: 0o600 });
  const env = { HOME: home };
  await succeed(run('connect pflow fake', { store, env }));
  await succeed(run(['seal', '--new-identity', path.join(home, 'identity')], { store, env }));
  const refused = run('connect pflow fake', { store, env });
  expect(await refused.exit).toBe(2);
  expect(refused.stderr).toContain('The store is sealed, so pflow cannot read its logins.');
});

test('the fast path prints nothing of a sealed store, and asks the agent of that store', async () => {
  const { store, server } = await prepare();
  const variables = { MCP_AUTH_STORE: store };
  const request = { argv: ['token', 'fake'], variables, now: Date.now() };
  expect(answerQuickly(request)).toBeUndefined();
  expect(findAgentQuestion(request)).toEqual({ command: 'token', name: 'fake', sealedIn: store });
  const plain = temporaryStore({ mcpServers: { fake: { url: server.url, auth: loginAt(server) } } });
  expect(findAgentQuestion({ ...request, variables: { MCP_AUTH_STORE: plain } })).toBeUndefined();
});
