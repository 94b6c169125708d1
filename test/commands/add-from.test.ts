/** `add --from`: names, variables and headers as apps have them, and what `connect` makes of them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readStore, temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';

/** A folder that is home and project, with `servers` in its `.mcp.json`. */
function project(servers: object = {}, stored: object = {}) {
  const folder = temporaryFolder();
  const store = temporaryStore({ mcpServers: stored });
  const write = (name: string, content: string | object) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  };
  write('.mcp.json', { mcpServers: servers });
  const typed = async (line: string | string[], env: Record<string, string> = {}) => {
    const command = run(line, { store, folder, env: { HOME: folder, ...env } });
    return { code: await command.exit, said: command.stderr + command.stdout };
  };
  const urls = () =>
    Object.fromEntries(
      Object.entries(readStore(store).mcpServers as Record<string, { url: string }>).map(([name, { url }]) => [name, url]),
    );
  return {
    ...{ store, write, typed, urls },
    read: (name: string) => readFileSync(path.join(folder, name), 'utf8'),
    entries: () => readStore(store).mcpServers as Record<string, Record<string, unknown>>,
  };
}

const at = (host: string) => `https://${host}.example/mcp`;

describe('names', () => {
  test.each([
    ['My Server', 'my-server'],
    ['my.server', 'my-server'],
    ['a/b', 'a-b'],
    ['@scope/x', 'scope-x'],
    ['Büro Größe', 'buro-grosse'],
    ['Ærø ②', 'aero-2'],
    ['服务器', 'host'],
    ['📝', 'host'],
    ['…', 'host'],
    ['', 'host'],
    ['-x', 'x'],
    ['line\nend\u001b[31m', 'line-end-31m'],
    ['n'.repeat(300) + ' n', 'n'.repeat(64)],
    ['__proto__ ', 'host'],
    ['constructor.', 'constructor'],
  ])('%j becomes %s, and is the same server the next time', async (theirs, ours) => {
    const { typed, urls } = project({ [theirs]: { url: at('host') } });
    const first = await typed('add --from .mcp.json');
    expect(first.code, first.said).toBe(0);
    expect(first.said).toContain(`was added as ${ours}.`);
    expect(first.said).toContain(`Log in with: mcp-auth login ${ours}`);
    expect(first.said).not.toContain('\u001b');
    const again = await typed('add --from .mcp.json');
    expect(again.said).toContain('already in the store.');
    for (const only of [theirs, ours]) {
      const one = await typed(['add', '--from', '.mcp.json', '--', only]);
      expect(one.code, one.said).toBe(0);
      expect(one.said).toContain('already in the store.');
    }
    expect(urls()).toEqual({ [ours]: at('host') });
  });

  test('that fit to the same, or to another server’s, get a number, and have it again', async () => {
    const servers = {
      'My Server': { url: at('a') },
      'my.server': { url: at('b') },
      'my/server': { url: at('b') },
      'my-server': { url: at('c') },
      'Other One': { url: at('d') },
      'taken.': { url: at('e') },
    };
    const { typed, urls } = project(servers, { taken: { url: 'https://mine.example' }, 'other-one-2': { url: at('d') } });
    const expected = {
      ...{ taken: 'https://mine.example', 'other-one-2': at('d'), 'my-server-2': at('a'), 'my-server-3': at('b') },
      ...{ 'my-server-4': at('b'), 'my-server': at('c'), 'taken-2': at('e') },
    };
    for (let time = 0; time < 2; time += 1) {
      expect((await typed('add --from .mcp.json')).code).toBe(0);
      expect(urls()).toEqual(expected);
    }
    const one = await typed(['add', 'my.server', '--from', '.mcp.json']);
    expect(one.said).toContain('“my.server” was added as my-server-3.');
  });

  test('a name that fits is never another server’s', async () => {
    const { typed, urls } = project({ mine: { url: at('theirs') } }, { mine: { url: at('mine') } });
    const add = await typed('add --from .mcp.json');
    expect(add.said).toContain('was not added. The name mine is taken by https://mine.example/mcp. Run: mcp-auth add mine-2 URL');
    expect(urls()).toEqual({ mine: at('mine') });
  });

  test('that do not exist: the error lists those that do', async () => {
    const { typed } = project({ 'My Server': { url: at('a') } });
    const none = await typed('add other --from .mcp.json');
    expect(none.code).toBe(2);
    expect(none.said).toMatch(/has no remote server called other\.\s+Its servers are “My Server”\./);
  });

  test('a login in the app’s cache is found by the app’s name', async () => {
    const { typed, write, entries } = project();
    write('.codex/config.toml', `[mcp_servers."My Server"]\nurl = "${at('a')}"\n`);
    write('.codex/.credentials.json', { x: { server_name: 'My Server', server_url: at('a'), access_token: 'theirs' } });
    expect((await typed('add --from codex --tokens')).code).toBe(0);
    expect(entries()['my-server']).toMatchObject({ auth: { token: 'theirs' } });
  });
});

describe('variables', () => {
  test.each([
    ['.mcp.json', { mcpServers: { a: { url: '${env:BASE}/mcp' } } }],
    ['.cursor/mcp.json', { mcpServers: { a: { url: '${env:BASE}/mcp' } } }],
    ['opencode.json', { mcp: { a: { type: 'remote', url: '{env:BASE}/mcp' } } }],
    ['.gemini/settings.json', { mcpServers: { a: { httpUrl: '$BASE/$KIND' } } }],
    ['c.toml', '[mcp_servers.a]\nurl = "${BASE}/mcp"\n'],
  ])('of %s are those of the store, set or not, and the server is the same the next time', async (file, content) => {
    const { typed, write, urls } = project();
    write(file, content);
    const stored = { a: file.startsWith('.gemini') ? '${BASE}/${KIND}' : '${BASE}/mcp' };
    const first = await typed(`add --from ${file}`);
    expect(first.code, first.said).toBe(0);
    expect(first.said).toContain('a contains ${BASE}: its value is sent to that server.');
    expect(first.said).toContain('The environment variable BASE is not set here');
    for (const env of [{}, { BASE: 'https://b.example', KIND: 'mcp' }] as Record<string, string>[]) {
      const again = await typed(`add --from ${file}`, env);
      expect(again.said).toContain('already in the store.');
      if ('BASE' in env) expect(again.said).not.toContain('not set');
    }
    expect(urls()).toEqual(stored);
  });

  test.each([
    ['https://${input:tenant}.example/mcp', '“${input:tenant}”, which the app asks you for'],
    ['{file:/etc/passwd}', '“{file:/etc/passwd}”, which the app reads from a file'],
    ['https://a.example/${workspaceFolder}', '“${workspaceFolder}”, which only the app can resolve'],
  ])('%s is left out, and told with what to do', async (url, said) => {
    const { typed, urls } = project({ a: { url } });
    const add = await typed('add --from .mcp.json');
    expect(add.said).toContain(`was not added. Its URL has ${said}.`);
    expect(add.said).toContain('run: mcp-auth add a URL');
    expect(urls()).toEqual({});
  });

  test.each(['http://${HOST}.far.example/mcp', 'ftp://${HOST}/mcp', 'http://far.example/${X}', 'https://u:${WORD}@a.example'])(
    '%s is no server, whatever is in the variable',
    async (url) => {
      const { typed, urls } = project({ a: { url } });
      expect((await typed('add --from .mcp.json')).said).toContain('was not added.');
      expect(urls()).toEqual({});
    },
  );

  test.each(['https://${HOST}/mcp', 'https://a.example:${PORT}/mcp', '${SCHEME}://a.example/mcp', 'http://${HOST}:${PORT}/mcp'])(
    '%s may be one',
    async (url) => {
      const { typed, urls } = project({ a: { url } });
      expect((await typed('add --from .mcp.json')).code).toBe(0);
      expect(urls()).toEqual({ a: url });
    },
  );

  test('an app’s entry with a variable is the server of the store', async () => {
    const { typed, write, read } = project({}, { a: { type: 'http', url: '${BASE}/mcp' } });
    write('.cursor/mcp.json', { mcpServers: { a: { url: '${env:BASE}/mcp' } } });
    const listed = await typed('connect --list');
    expect(listed.said).toContain('a (its own login)');
    const connect = await typed('connect cursor a --project', { BASE: 'https://b.example' });
    expect(connect.code, connect.said).toBe(0);
    expect(JSON.parse(read('.cursor/mcp.json'))).toMatchObject({
      mcpServers: { a: { args: expect.arrayContaining(['bridge', 'a']) as string[] } },
    });
  });
});

test.each([
  ['letters of another script', 'https://а.example/mcp'],
  ['a fragment with a line end', 'https://a.example/mcp#\nx'],
])('a URL with %s is stored as it is used', async (_, url) => {
  const { typed, urls } = project({ a: { url }, b: { url: `${url}\${X:-x}` } });
  const add = await typed('add --from .mcp.json');
  expect(add.code).toBe(0);
  for (const stored of Object.values(urls())) expect(stored).toMatch(/^[\x21-\x7e]+$/);
  expect(urls()['a']).toBe(new URL(url).href.replace(/#.*/, ''));
});

test('a URL that is too long is reported, and the others are added', async () => {
  const { typed, urls } = project({ a: { url: `https://${'${X:-'.repeat(30_000)}` }, b: { url: at('b') } });
  const add = await typed('add --from .mcp.json');
  expect(add.code).toBe(0);
  expect(add.said).toContain('has more than 65536 characters');
  expect(urls()).toEqual({ b: at('b') });
});

describe('headers', () => {
  const secret = 'sk-0123456789abcdef0123456789abcdef';
  const headers = {
    'X-Tenant': '${env:TENANT}',
    'X-Api-Key': secret,
    Accept: '*/*',
    Authorization: 'Bearer theirs',
    'X-Asked': '${input:x}',
  };

  test('are imported; a secret in plain text and headers that cannot be imported are reported', async () => {
    const { typed, entries } = project({ a: { url: at('a'), headers } });
    const add = await typed('add --from .mcp.json');
    expect(entries()['a']).toEqual({ type: 'http', url: at('a'), headers: { 'X-Tenant': '${TENANT}', 'X-Api-Key': secret } });
    expect(add.said).toContain('The app’s headers are sent to a: “X-Tenant”, “X-Api-Key”.');
    expect(add.said).toContain('a contains ${TENANT}: its value is sent to that server.');
    expect(add.said).toContain('The header “X-Api-Key” of a seems to contain a secret, which is now in the store.');
    expect(add.said).toContain('The header “Authorization” of a was not imported: the login replaces it.');
    expect(add.said).toContain("which the app asks you for. Run: mcp-auth login a --header 'X-Asked: VALUE'");
    expect(add.said).not.toContain(secret);
    expect(add.said).not.toContain('theirs');
  });

  test('of a server that is already in the store are not changed, but reported', async () => {
    const mine = { type: 'http', url: at('a'), headers: { 'x-tenant': 'mine' } };
    const { typed, entries } = project({ a: { url: at('a'), headers: { 'X-Tenant': 'theirs', 'X-More': 'm' } } }, { a: mine });
    const add = await typed('add --from .mcp.json');
    expect(entries()['a']).toEqual(mine);
    expect(add.said).toContain(
      "“X-More” of a was not imported: the server is already in the store. Run: mcp-auth login a --header 'X-More: VALUE'",
    );
    expect(add.said).not.toContain('X-Tenant');
  });
});

describe('connect, where the app has the server under a name of its own', () => {
  const entry = (text: string) => JSON.parse(text) as { mcpServers: Record<string, { args?: string[]; url?: string }> };
  const namesIn = (text: string) => Object.keys(entry(text).mcpServers);

  test('changes that entry, each time, and takes it out again', async () => {
    const { typed, write, read } = project({}, { 'my-server': { type: 'http', url: at('a') } });
    write('.cursor/mcp.json', { mcpServers: { 'My Server': { url: at('a') }, other: { command: 'x' } } });
    for (let time = 0; time < 2; time += 1) {
      const connect = await typed('connect cursor my-server');
      expect(connect.code, connect.said).toBe(0);
      expect(connect.said).toContain('It already has this server as “My Server”. That entry was changed.');
      expect(entry(read('.cursor/mcp.json')).mcpServers['My Server']?.args).toEqual(expect.arrayContaining(['bridge', 'my-server']));
      expect(namesIn(read('.cursor/mcp.json'))).toEqual(['My Server', 'other']);
    }
    const removed = await typed('connect cursor my-server --remove');
    expect(removed.said).toContain('“My Server” was removed from Cursor.');
    expect(namesIn(read('.cursor/mcp.json'))).toEqual(['other']);
  });

  test('in TOML, by the helper', async () => {
    const { typed, write, read } = project({}, { linear: { type: 'http', url: at('a') } });
    write('.codex/config.toml', `[mcp_servers."My Server.x"] # mine\nurl = "${at('a')}"\n`);
    for (let time = 0; time < 2; time += 1) expect((await typed('connect codex linear')).code).toBe(0);
    expect(read('.codex/config.toml').match(/^\[.*\]/gm)).toEqual(['[mcp_servers."My Server.x"]']);
    expect(read('.codex/config.toml')).toContain('headers linear');
  });

  test('--as adds another one all the same', async () => {
    const { typed, write, read } = project({}, { linear: { type: 'http', url: at('a') } });
    write('.cursor/mcp.json', { mcpServers: { Mine: { url: at('a') } } });
    expect((await typed('connect cursor linear --as second')).code).toBe(0);
    expect(namesIn(read('.cursor/mcp.json'))).toEqual(['Mine', 'second']);
  });

  test('several such names: the user has to choose one', async () => {
    const { typed, write, read } = project({}, { linear: { type: 'http', url: at('a') } });
    const before = { mcpServers: { 'One A': { url: at('a') }, 'Two B': { url: at('a') } } };
    write('.cursor/mcp.json', before);
    const connect = await typed('connect cursor linear');
    expect(connect.code).toBe(2);
    expect(connect.said).toContain('Cursor has linear under 2 names: “One A”, “Two B”.');
    expect(connect.said).toContain('--as');
    expect(JSON.parse(read('.cursor/mcp.json'))).toEqual(before);
    expect((await typed(['connect', 'cursor', 'linear', '--as', 'One A'])).code).toBe(0);
  });

  test.each([
    ['another login’s', { home: { command: '/usr/bin/node', args: ['/opt/mcp-auth/bin.js', 'bridge', 'home'] } }],
    ['another login’s, not connected yet', { home: { url: at('a') } }],
    ['one with a token of its own', { Company: { url: at('a'), headers: { Authorization: 'Bearer theirs' } } }],
    ['another server', { Other: { url: at('b') } }],
  ])('%s is not touched', async (_, theirs) => {
    const { typed, write, read } = project({}, { work: { type: 'http', url: at('a') }, home: { type: 'http', url: at('a') } });
    write('.cursor/mcp.json', { mcpServers: theirs });
    expect((await typed('connect cursor work')).code).toBe(0);
    expect(entry(read('.cursor/mcp.json')).mcpServers).toMatchObject({
      ...theirs,
      work: { args: expect.arrayContaining(['work']) as string[] },
    });
  });

  test.each(['claude-code', 'codex'])('%s rejects names with other characters', async (app) => {
    const { typed } = project({}, { linear: { type: 'http', url: at('a') } });
    const wrong = await typed(['connect', app, 'linear', '--as', 'My Server']);
    expect(wrong.code).toBe(2);
    expect(wrong.said).toContain('accepts only letters, digits');
  });

  test('headers that the bridge would not send are reported', async () => {
    const stored = { type: 'http', url: at('a'), headers: { 'x-tenant': 'acme' } };
    const { typed, write } = project({}, { a: stored });
    write('.cursor/mcp.json', { mcpServers: { a: { url: at('a'), headers: { 'X-Tenant': 'acme', 'X-More': 'm', Authorization: 'x' } } } });
    const connect = await typed('connect cursor a');
    expect(connect.said).toContain(
      "sent the header “X-More” to this server. The bridge sends only headers in the store. To add it, run: mcp-auth login a --header 'X-More: VALUE'",
    );
    expect(connect.said).not.toMatch(/“X-Tenant”|“Authorization”/);
  });
});
