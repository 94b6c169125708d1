/** What holds for every app: a newcomer's file is tested the moment that it is listed. */
import { describe, expect, test } from 'vitest';
import type { Connection, ConnectionMethod, AppEnvironment } from '../../src/apps/app.js';
import { addConnection, removeConnection, readServers } from '../../src/apps/configuration.js';
import { findApp, apps } from '../../src/apps/index.js';

const ours = '/opt/mcp auth/bin.js';
const file = 'FILE';
const connection: Connection = {
  name: 'linear',
  url: 'https://mcp.linear.app/mcp',
  helper: ['/usr/bin/node', ours, 'headers', 'linear'],
  bridge: ['/usr/bin/node', ours, 'bridge', 'linear'],
  token: 'secret-1',
};
const place: AppEnvironment = { home: '/home/ada', folder: '/work', platform: 'linux', variables: {}, texts: new Map() };

const writtenForContinue = `# mine
name: mine
version: 1.0.0   # keep
mcpServers:
    # the other one
    -   name: other
        command: x
        args: []   # spaces
    - uses: someone/something
# about the rest
rest: [1,   2]
`;

/** A file written by hand, with another server in it. */
function written(app: (typeof apps)[number]): string {
  const key = app.servers[0] ?? '';
  if (app.format.syntax === 'JSON') {
    return `// mine\n{\n\t"theme": "dark", // keep\n\t"${key}": {\n\t\t/* the other one */\n\t\t"other": { "command": "x",   "args": [] },\n\t},\n}\n`;
  }
  if (app.format.syntax === 'TOML')
    return `# mine\nmodel = "o9"  # keep\n\n[${key}.other]\ncommand = "x"   # spaces\nargs = []\n\n# about the rest\n[tools]\nweb = true\n`;
  if (app.name === 'continue') return writtenForContinue;
  return `# mine\nmodel: o9  # keep\n${key}:\n    # the other one\n    other:\n        cmd: x\n        args: []   # spaces\n# about the rest\nrest: [1,   2]\n`;
}

const configured = apps.filter((app) => app.servers.length > 0);

describe.each(configured.map((app) => ({ name: app.name, app })))('$name', ({ app }) => {
  const ways = (Object.keys(app.entries) as ConnectionMethod[]).filter((how) => how !== 'copy');

  test.each(ways)('by %s: connect, connect again and remove leave everything else in the file unchanged', (how) => {
    for (const before of ['', written(app)]) {
      const text = addConnection(before, { app, connection, how, file, ours });
      expect(readServers(text, { app, file, ours })).toContainEqual(expect.objectContaining({ name: 'linear', how }));
      expect(addConnection(text, { app, connection, how, file, ours })).toBe(text);
      const removed = removeConnection(text, { app, name: 'linear', url: connection.url, file, ours });
      if (before !== '') expect(removed).toBe(before);
      expect(readServers(removed, { app, file, ours }).map(({ name }) => name)).toEqual(before === '' ? [] : ['other']);
    }
  });

  test('one way takes the place of another', () => {
    for (const first of ways) {
      for (const second of ways) {
        const before = addConnection(written(app), { app, connection, how: first, file, ours });
        const now = addConnection(before, { app, connection, how: second, file, ours });
        expect(app.format.parse(now, file)).toEqual(
          app.format.parse(addConnection(written(app), { app, connection, how: second, file, ours }), file),
        );
      }
    }
  });

  test('a token is written only where that was asked for', () => {
    for (const how of ways) expect(addConnection('', { app, connection, how, file, ours }).includes('secret-1')).toBe(how === 'header');
  });

  test('a file that cannot be parsed is left alone, and its place is named, not what stands there', () => {
    const broken = app.format.syntax === 'JSON' ? '{\n  "a": secret-2\n}' : 'a = 1\nb = [secret-2: {\n';
    const attempt = () => addConnection(broken, { app, connection, how: ways[0] ?? 'bridge', file, ours });
    expect(attempt).toThrow(/^FILE is not valid \w+: see line \d+, column \d+\. It was not changed\.$/);
    expect(attempt).not.toThrow('secret-2');
  });

  test('another server’s name is rejected', () => {
    const local = () =>
      addConnection(written(app), { app, connection: { ...connection, name: 'other' }, how: ways[0] ?? 'bridge', file, ours });
    expect(local).toThrow('has a local server called other');
    const remote = app.entries.header?.({ ...connection, url: 'https://elsewhere.example/mcp' });
    const text = app.format.put('', [...app.servers, 'linear'], { entry: remote ?? {}, replaced: [] });
    if (remote)
      expect(() => addConnection(text, { app, connection, how: ways[0] ?? 'bridge', file, ours })).toThrow('another server called linear');
    expect(() => removeConnection(written(app), { app, name: 'other', url: connection.url, file, ours })).toThrow(
      'was not connected by mcp-auth',
    );
    expect(() => removeConnection(written(app), { app, name: 'none', url: connection.url, file, ours })).toThrow(
      'has no server named none',
    );
  });

  test('its files are in the user’s home folder and in the project’s folder', () => {
    expect(app.configPath(place, false) ?? '/home/ada/').toMatch(/^\/home\/ada\//);
    expect(app.configPath(place, true) ?? '/work/').toMatch(/^\/work\//);
    expect(app.summary).not.toBe('');
  });
});

describe('where the files are', () => {
  const userFile = (name: string, where: Partial<AppEnvironment> = {}) => findApp(name).configPath({ ...place, ...where }, false);
  const on = (file: string, text = '{}') => ({ texts: new Map([[file, text]]) });

  test.each([
    { app: 'copilot', variables: { COPILOT_HOME: '/data/copilot' }, file: '/data/copilot/mcp-config.json' },
    { app: 'continue', variables: { CONTINUE_GLOBAL_DIR: '/data/continue' }, file: '/data/continue/config.yaml' },
    { app: 'kilo', variables: { XDG_CONFIG_HOME: '/data' }, file: '/data/kilo/kilo.jsonc' },
    { app: 'amp', variables: { XDG_CONFIG_HOME: '/data' }, file: '/data/amp/settings.json' },
    { app: 'code-server', variables: { XDG_DATA_HOME: '/data' }, file: '/data/code-server/User/mcp.json' },
    { app: 'devin', variables: { XDG_CONFIG_HOME: '/data' }, file: '/data/devin/mcp_config.json' },
  ])('$app: a variable moves them to $file', ({ app, variables, file: moved }) => {
    expect(userFile(app, { variables })).toBe(moved);
  });

  test('LM Studio: the folder that its pointer names', () => {
    const pointer = '/home/ada/.lmstudio-home-pointer';
    expect(findApp('lm-studio').pathsDependOn?.(place)).toEqual([pointer]);
    expect(userFile('lm-studio')).toBe('/home/ada/.lmstudio/mcp.json');
    expect(userFile('lm-studio', on(pointer, '/data/models\n'))).toBe('/data/models/mcp.json');
    for (const text of ['', 'relative/folder']) expect(userFile('lm-studio', on(pointer, text))).toBe('/home/ada/.lmstudio/mcp.json');
  });

  test.each([
    { app: 'kilo', first: '.config/kilo/kilo.jsonc', other: '.config/kilo/kilo.json' },
    { app: 'opencode', first: '.config/opencode/opencode.json', other: '.config/opencode/opencode.jsonc' },
    { app: 'mcporter', first: '.mcporter/mcporter.json', other: '.mcporter/mcporter.jsonc' },
  ])('$app: $other, if only that exists', ({ app, first, other }) => {
    expect(userFile(app)).toBe(`/home/ada/${first}`);
    expect(userFile(app, on(`/home/ada/${other}`))).toBe(`/home/ada/${other}`);
    const both = new Map([first, other].map((one) => [`/home/ada/${one}`, '{}']));
    expect(userFile(app, { texts: both })).toBe(`/home/ada/${first}`);
  });

  test.each([
    { app: 'vscode', folder: 'Code', remote: '.vscode-server' },
    { app: 'vscode-insiders', folder: 'Code - Insiders', remote: '.vscode-server-insiders' },
    { app: 'vscodium', folder: 'VSCodium', remote: '.vscodium-server' },
  ])('$app has folders of its own, and the file of a project in common', ({ app, folder, remote }) => {
    expect(userFile(app)).toBe(`/home/ada/.config/${folder}/User/mcp.json`);
    expect(userFile(app, { platform: 'darwin' })).toBe(`/home/ada/Library/Application Support/${folder}/User/mcp.json`);
    const variables = { SSH_CONNECTION: 'x', VSCODE_IPC_HOOK_CLI: '/run/x.sock' };
    expect(userFile(app, { variables })).toBe(`/home/ada/${remote}/data/User/mcp.json`);
    expect(findApp(app).configPath(place, true)).toBe('/work/.vscode/mcp.json');
  });

  test('Devin Desktop has the URL in url, the older Windsurf in serverUrl', () => {
    expect(findApp('devin').entries.header?.(connection)).toHaveProperty('url', connection.url);
    expect(findApp('devin').configPath(place, true)).toBe('/work/.devin/mcp_config.json');
    expect(findApp('windsurf').entries.header?.(connection)).toHaveProperty('serverUrl', connection.url);
  });
});

describe('the list of servers in Continue’s YAML', () => {
  const app = findApp('continue');
  const connect = (text: string) => addConnection(text, { app, connection, how: 'bridge', file, ours });
  const entry = `- name: linear\n    command: /usr/bin/node\n    args:\n      - ${ours}\n      - bridge\n      - linear\n`;

  test('a new file has the name and the version that Continue requires', () => {
    expect(connect('')).toBe(`name: Local Config\nversion: 1.0.0\nschema: v1\nmcpServers:\n  ${entry}`);
  });

  test('an item is added, changed and removed without touching the others', () => {
    const before = writtenForContinue.replace(
      '    - uses',
      '    - name: linear\n      url: https://mcp.linear.app/mcp # theirs\n      connectionTimeout: 5\n    - uses',
    );
    const now = connect(before);
    expect(now).toContain('    # the other one\n    -   name: other\n        command: x\n        args: []   # spaces\n');
    expect(now).toMatch(/- linear\n {6}connectionTimeout: 5\n {4}- uses: someone\/something\n# about the rest\n/);
    expect(removeConnection(now, { app, name: 'linear', url: connection.url, file, ours })).toBe(writtenForContinue);
  });

  test.each([
    'mcpServers:\n',
    'mcpServers: []\n',
    'mcpServers: [{name: other, command: x}]\nrest: 1\n',
    'mcpServers:\n- name: other\n  command: x',
  ])('%j is added to', (text) => {
    const now = connect(`name: x\n${text}`);
    expect(readServers(now, { app, file, ours })).toContainEqual(
      expect.objectContaining({ name: 'linear', how: 'bridge', login: 'linear' }),
    );
    expect(now.includes('other')).toBe(text.includes('other'));
  });

  test('a mapping, which Continue does not read, and an item that others point at are left to their owner', () => {
    for (const text of ['mcpServers:\n  other:\n    command: x\n', 'mcpServers: text\n']) {
      expect(() => connect(text)).toThrow('without changing other parts of the file');
    }
    const pointed = connect('').replace('- name: linear', '- &mine\n    name: linear').concat('copy: *mine\n');
    expect(() => removeConnection(pointed, { app, name: 'linear', url: connection.url, file, ours })).toThrow(
      'without changing other parts of the file',
    );
  });

  test('of two items with one name, the first counts', () => {
    const text = 'mcpServers:\n  - name: a\n    url: https://a.example\n  - name: a\n    url: https://b.example\n';
    expect(readServers(text, { app, file, ours }).map(({ url }) => url)).toEqual(['https://a.example']);
  });
});

test('keys of the app’s own in an entry stay when its connection changes', () => {
  const app = findApp('cline');
  const before =
    '{"mcpServers": {"linear": {"type": "streamableHttp", "url": "https://mcp.linear.app/mcp", "disabled": false, "autoApprove": ["x"]}}}';
  const text = addConnection(before, { app, connection, how: 'bridge', file, ours });
  expect(JSON.parse(text)).toEqual({
    mcpServers: { linear: { disabled: false, autoApprove: ['x'], command: '/usr/bin/node', args: [ours, 'bridge', 'linear'] } },
  });
});

test('the helper’s words are one line for a shell, whatever is in them', () => {
  const { headersHelper } = findApp('claude-code').entries.helper?.(connection) ?? {};
  expect(headersHelper).toBe(`/usr/bin/node '/opt/mcp auth/bin.js' headers linear`);
});

test('what was written by other programs is read: mcp-remote, env files, spellings of a URL', () => {
  const text = JSON.stringify({
    mcpServers: {
      remote: { command: 'npx', args: ['-y', 'mcp-remote@latest', 'https://a.example/mcp', '--header', 'X: y'] },
      gemini: { httpUrl: 'https://b.example' },
      windsurf: { serverUrl: 'https://c.example' },
      local: { command: 'node', args: ['server.js', 'https://d.example'] },
      header: { url: 'https://e.example', headers: { Authorization: 'Bearer x' } },
      odd: 7,
    },
  });
  expect(readServers(text, { app: findApp('claude-code'), file, ours }).map(({ name, url, how }) => [name, url, how])).toEqual([
    ['remote', 'https://a.example/mcp', 'own'],
    ['gemini', 'https://b.example', 'own'],
    ['windsurf', 'https://c.example', 'own'],
    ['local', undefined, undefined],
    ['header', 'https://e.example', 'header'],
  ]);
});

test.each([
  {
    what: 'the first, before a comment about the next',
    text: '{\n  "mcpServers": {\n    "linear": LINEAR,\n    // about other\n    "other": {} // end\n  }\n}\n',
    left: '{\n  "mcpServers": {\n    // about other\n    "other": {} // end\n  }\n}\n',
  },
  {
    what: 'the last, after a comment of the one before',
    text: '{\n  "mcpServers": {\n    "other": {}, // about other\n    "linear": LINEAR\n  }\n}\n',
    left: '{\n  "mcpServers": {\n    "other": {} // about other\n  }\n}\n',
  },
  {
    what: 'one of several on a line',
    text: '{"mcpServers": {"a": {}, "linear": LINEAR, "b": {}}}',
    left: '{"mcpServers": {"a": {},  "b": {}}}',
  },
  { what: 'the only one', text: '{"mcpServers": {"linear": LINEAR}}', left: '{"mcpServers": {}}' },
  {
    what: 'with line ends of Windows',
    text: '{\r\n  "mcpServers": {\r\n    "linear": LINEAR\r\n  }\r\n}\r\n',
    left: '{\r\n  "mcpServers": {\r\n  }\r\n}\r\n',
  },
  {
    what: 'one with another behind it, below a comment,',
    text: '{\n  "mcpServers": {\n    // linear\n    "linear": LINEAR, "other": { "command": "x" }\n  }\n}\n',
    left: '{\n  "mcpServers": {\n    // linear\n     "other": { "command": "x" }\n  }\n}\n',
  },
  {
    what: 'one in braces that begin with a comment',
    text: '{ "mcpServers": { // servers\n  "linear": LINEAR } }\n',
    left: '{ "mcpServers": { // servers\n   } }\n',
  },
])('JSON: $what is taken out, and the comments of the others stay', ({ text, left }) => {
  const app = findApp('cursor');
  const entry = JSON.stringify({ command: 'node', args: [ours, 'bridge', 'linear'] });
  expect(removeConnection(text.replace('LINEAR', entry), { app, name: 'linear', url: connection.url, file, ours })).toBe(left);
});

test('JSON whose entry has a comment in its first line is changed, and stays JSON', () => {
  const app = findApp('cursor');
  const text = `{ "mcpServers": { "linear": { // notes\n  "type": "http", "url": "${connection.url}", "disabled": false } } }`;
  const now = addConnection(text, { app, connection, how: 'bridge', file, ours });
  expect(app.format.parse(now, file)).toMatchObject({ mcpServers: { linear: { command: '/usr/bin/node', disabled: false } } });
  expect(now).toContain('// notes');
});

describe('headers and variables that the user added to a server', () => {
  const app = findApp('cursor');
  const text = (entry: object) => JSON.stringify({ mcpServers: { linear: { url: connection.url, ...entry } } });
  const entryIn = (written: string) => (app.format.parse(written, file)['mcpServers'] as { linear: object }).linear;

  test('stays where it has a place: headers with a token, variables with a command', () => {
    const headers = { 'X-Workspace': 'acme', Authorization: 'Bearer old' };
    const withHeader = addConnection(text({ headers }), { app, connection, how: 'header', file, ours });
    expect(entryIn(withHeader)).toMatchObject({ headers: { 'X-Workspace': 'acme', Authorization: 'Bearer secret-1' } });
    const started = addConnection(text({ env: { NODE_EXTRA_CA_CERTS: '/ca.pem' } }), { app, connection, how: 'bridge', file, ours });
    expect(entryIn(started)).toMatchObject({ env: { NODE_EXTRA_CA_CERTS: '/ca.pem' } });
  });

  test('a server with another URL is not removed, although it has a token', () => {
    const theirs = text({ headers: { Authorization: 'Bearer theirs' } });
    const remove = (url: string | undefined) => () => removeConnection(theirs, { app, name: 'linear', url, file, ours });
    for (const url of ['https://elsewhere.example/mcp', undefined]) expect(remove(url)).toThrow('was not connected by mcp-auth');
    expect(remove(connection.url)).not.toThrow();
  });
});

describe('YAML', () => {
  const app = findApp('goose');
  const connect = (text: string) => addConnection(text, { app, connection, how: 'bridge', file, ours });

  test('what a removal leaves can be connected again, as can an empty mapping', () => {
    const removed = removeConnection(connect('GOOSE_MODE: auto\n'), { app, name: 'linear', url: connection.url, file, ours });
    for (const text of [removed, 'extensions:\n', 'extensions: # mine\nother: 1\n', 'extensions: {}\n']) {
      expect(readServers(connect(text), { app, file, ours }).map(({ name }) => name)).toEqual(['linear']);
    }
  });

  test('aliases that stand for nothing, or for too much, and an entry that others point at, are left to their owner', () => {
    expect(() => connect('extensions:\n  other: *nope\n')).toThrow('was not changed');
    const bomb = `a: &a [x]\n${'bcdefghij'
      .split('')
      .map((name, index) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefghij'.charAt(index)}`).join(', ')}]`)
      .join('\n')}\n`;
    expect(() => connect(bomb)).toThrow('was not changed');
    const pointed = connect('').replace('linear:', 'linear: &mine').concat('  other: *mine\n');
    expect(() => removeConnection(pointed, { app, name: 'linear', url: connection.url, file, ours })).toThrow(
      'without changing other parts of the file',
    );
  });
});

describe('TOML that is written otherwise', () => {
  const app = findApp('codex');
  test.each([
    { what: 'an inline table', text: 'mcp_servers = { other = { url = "x" } }\n' },
    { what: 'dotted keys', text: 'mcp_servers.other.url = "x"\n' },
  ])('$what is left to its owner where it cannot be added to', ({ text }) => {
    let result: string | undefined;
    try {
      result = addConnection(text, { app, connection, how: 'helper', file, ours });
    } catch (error) {
      expect(error).toMatchObject({ code: 'file_invalid' });
    }
    if (result !== undefined)
      expect(
        readServers(result, { app, file, ours })
          .map(({ name }) => name)
          .sort(),
      ).toEqual(['linear', 'other']);
  });

  test('quoted names, comments after headers and subtables are parsed correctly', () => {
    const text =
      '[mcp_servers."a.b"] # mine\nurl = "https://x"\n\n[mcp_servers.linear] # ours\nurl = "https://mcp.linear.app/mcp"\n[mcp_servers.linear.env]\nA = "1"\n\n[[list]]\nn = 1\n';
    const connected = addConnection(text, { app, connection, how: 'helper', file, ours });
    expect(connected).toContain('[mcp_servers."a.b"] # mine');
    expect(connected).toContain('[[list]]');
    expect(readServers(connected, { app, file, ours }).find(({ name }) => name === 'linear')?.how).toBe('helper');
  });
});
