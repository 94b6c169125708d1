/** `connect`: an app's own file is changed, and can be changed back; `add --from` reads it. */
import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readStore, temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';

const url = 'https://mcp.linear.app/mcp';
const auth = {
  type: 'bearer',
  token: 'secret-1',
  refresh_token: 'secret-2',
  expires_at: 4_000_000_000,
  issuer: 'https://as.example',
  client_id: 'c',
};

/** A home with a project in it, and a store with a login. */
function home() {
  const folder = temporaryFolder();
  const project = path.join(folder, 'project');
  mkdirSync(project);
  const store = temporaryStore({
    mcpServers: { linear: { type: 'http', url, auth }, env: { type: 'http', url: 'https://${HOST:-a.example}/mcp' } },
  });
  const at = (...parts: string[]) => path.join(folder, ...parts);
  const typed = (line: string, env: Record<string, string> = {}) => run(line, { store, env: { HOME: folder, ...env }, folder: project });
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(at(name)), { recursive: true });
    writeFileSync(at(name), text);
  };
  return { at, project, store, typed, write, read: (name: string) => readFileSync(at(name), 'utf8') };
}

test('Claude Code asks the helper, with the store that is used now; its file is 0600', async () => {
  const { typed, at, read, store } = home();
  const connect = typed('connect claude-code linear');
  expect(await connect.exit, connect.stderr).toBe(0);
  expect(JSON.parse(read('.claude.json'))).toEqual({
    mcpServers: { linear: { type: 'http', url, headersHelper: `/usr/bin/node /opt/mcp-auth/bin.js headers linear --store ${store}` } },
  });
  expect(statSync(at('.claude.json')).mode & 0o777).toBe(0o600);
  expect(connect.stderr).toMatch(/uses the login to linear \(helper\)[^]*Written: .*\.claude\.json/);
});

test('an existing file keeps its mode, its link and its comments, and the original is backed up', async () => {
  const { typed, at, write, read } = home();
  write('real.json', '{\n  // mine\n  "theme": "x"\n}\n');
  chmodSync(at('real.json'), 0o664);
  mkdirSync(at('.cursor'));
  symlinkSync(at('real.json'), at('.cursor/mcp.json'));
  expect(await typed('connect cursor linear').exit).toBe(0);
  expect(statSync(at('real.json')).mode & 0o777).toBe(0o664);
  expect(await typed('connect cursor linear --how header').exit).toBe(0);
  expect(lstatSync(at('.cursor/mcp.json')).isSymbolicLink()).toBe(true);
  // Now that there is a token in it, it is for its owner alone.
  expect(statSync(at('real.json')).mode & 0o777).toBe(0o600);
  expect(read('real.json')).toContain('// mine');
  expect(read('real.json')).toContain('Bearer secret-1');
  expect(read('real.json.before-mcp-auth')).toBe('{\n  // mine\n  "theme": "x"\n}\n');
  const removed = typed('connect cursor linear --remove');
  expect(await removed.exit).toBe(0);
  expect(JSON.parse(read('real.json').replace('// mine', ''))).toEqual({ theme: 'x', mcpServers: {} });
});

test('LM Studio: the folder that its pointer names', async () => {
  const { typed, at, write, read } = home();
  write('.lmstudio-home-pointer', `${at('models')}\n`);
  expect(await typed('connect lm-studio linear').exit).toBe(0);
  expect(JSON.parse(read('models/mcp.json'))).toHaveProperty('mcpServers.linear');
  const list = typed('connect --list');
  await list.exit;
  expect(list.stdout).toMatch(/^lm-studio .*\/models\/mcp\.json +linear \(bridge\)$/m);
  expect(await typed('connect lm-studio linear --remove').exit).toBe(0);
  expect(JSON.parse(read('models/mcp.json'))).toEqual({ mcpServers: {} });
});

describe('an app whose own file is the store', () => {
  const document = {
    mcpServers: {
      linear: { type: 'http', url, auth },
      mine: { command: 'node' },
      byHand: { url: `${url}/other`, auth: { token: 'secret-3' } },
    },
  };
  const files = [
    { app: 'pflow', file: '.pflow/mcp-servers.json', words: '' },
    { app: 'cursor', file: '.cursor/mcp.json', words: '' },
    { app: 'gemini', file: '.gemini/settings.json', words: '' },
    { app: 'claude-code', file: '.claude.json', words: '' },
    { app: 'claude-code', file: 'project/.mcp.json', words: '--project' },
    { app: 'windsurf', file: '.codeium/windsurf/mcp_config.json', words: '' },
  ];
  const ways = ['', '--how header', '--how bridge', '--how helper', '--remove', '--print', '--as other', '--remove --as linear'];
  const named = files.flatMap((one) => ['', 'link', 'hard link'].map((by) => ({ ...one, by })));

  test.each(named)('$file is left unchanged, and that is not an error ($by)', async ({ app, file, words, by }) => {
    const { at, write, read } = home();
    write(file, JSON.stringify(document));
    const store = by === '' ? at(file) : at('another-name');
    if (by === 'link') symlinkSync(at(file), store);
    if (by === 'hard link') linkSync(at(file), store);
    const before = read(file);
    for (const name of ['linear', 'byHand']) {
      for (const way of ways) {
        const connect = run(`connect ${app} ${name} ${words} ${way}`.trim().split(/\s+/), {
          ...{ store, env: { HOME: at() }, folder: at('project') },
        });
        expect(await connect.exit, `${name} ${way}: ${connect.stderr}`).toBe(0);
        expect(read(file), `${name} ${way}`).toBe(before);
        expect(connect.stderr, `${name} ${way}`).toMatch(/reads the (login to \S+ from the )?store/);
      }
    }
    const list = run('connect --list', { store, env: { HOME: at() }, folder: at('project') });
    expect(await list.exit).toBe(0);
    expect(list.stdout).toMatch(new RegExp(`^${app}.*reads the store directly`, 'm'));
    const doctor = run('doctor', { store, env: { HOME: at() }, folder: at('project') });
    await doctor.exit;
    expect(doctor.stdout + doctor.stderr).not.toMatch(/mcp-auth connect (pflow|cursor|gemini|claude-code|windsurf) /);
  });

  test.each([
    { app: 'vscode', file: '.config/Code/User/mcp.json' },
    { app: 'zed', file: '.config/zed/settings.json' },
  ])('$app, which would not find the servers in it, is not said to read it', async ({ app, file }) => {
    const { at, write, read } = home();
    write(file, JSON.stringify(document));
    const before = read(file);
    const typed = (line: string) => run(line, { store: at(file), env: { HOME: at() }, folder: at('project') });
    const connect = typed(`connect ${app} linear`);
    expect(await connect.exit).toBe(2);
    expect(connect.stderr).toContain('looks for its servers elsewhere in that file');
    expect(read(file)).toBe(before);
    const list = typed('connect --list');
    expect(await list.exit).toBe(0);
    expect(list.stdout).not.toContain('reads the store directly');
  });

  test('an entry of an older mcp-auth can be removed', async () => {
    const { at, write, read } = home();
    const ours = { command: '/usr/bin/node', args: ['/opt/mcp-auth/bin.js', 'bridge', 'linear'] };
    write('.pflow/mcp-servers.json', JSON.stringify({ mcpServers: { linear: ours } }));
    const remove = run('connect pflow linear --remove', { store: at('.pflow/mcp-servers.json'), env: { HOME: at() } });
    expect(await remove.exit, remove.stderr).toBe(0);
    expect(JSON.parse(read('.pflow/mcp-servers.json'))).toEqual({ mcpServers: {} });
  });

  test.each(['', '--how header', '--remove'])('a login there is not written over from another store either: %s', async (way) => {
    const { typed, write, read, at } = home();
    write('.pflow/mcp-servers.json', JSON.stringify(document));
    const before = read('.pflow/mcp-servers.json');
    const connect = typed(`connect pflow linear ${way}`.trim());
    expect(await connect.exit).toBe(2);
    expect(connect.stderr).toContain(`--store ${at('.pflow/mcp-servers.json')}`);
    expect(read('.pflow/mcp-servers.json')).toBe(before);
  });
});

test('--print shows the change, writes nothing, and prints no token', async () => {
  const { typed, at } = home();
  for (const line of ['connect gemini linear --how header --print', 'connect opencode linear --how copy --print']) {
    const printed = typed(line);
    expect(await printed.exit, printed.stderr).toBe(0);
    expect(printed.stdout).toMatch(/^\+.*linear/m);
    expect(printed.stdout + printed.stderr).not.toContain('secret-');
  }
  expect(existsSync(at('.gemini'))).toBe(false);
});

test('--print shows nothing of what others have in the file', async () => {
  const { typed, write } = home();
  const theirs = { command: 'x', args: ['--api-key', 'sk-NEIGHBOUR1'], env: { GITHUB_PAT: 'ghp_NEIGHBOUR2', NUMBER: 12345678901234 } };
  write('.cursor/mcp.json', JSON.stringify({ mcpServers: { other: theirs } }, null, 2));
  write(
    '.config/goose/config.yaml',
    'extensions:\n  other:\n    envs:\n      TOKEN_OF_THEIRS: ghp_NEIGHBOUR3\n      - ghp_NEIGHBOUR4\n'.replace(
      '      - ghp_NEIGHBOUR4\n',
      '',
    ),
  );
  write('.gemini/settings.json', JSON.stringify({ mcpServers: { other: theirs }, note: 'NEIGHBOUR5: yes' }));
  for (const app of ['cursor', 'goose', 'gemini']) {
    const printed = typed(`connect ${app} linear --print`);
    expect(await printed.exit, printed.stderr).toBe(0);
    expect(printed.stdout).toMatch(/^\+.*linear/m);
    expect(printed.stdout).toContain('/opt/mcp-auth/bin.js');
    expect(printed.stdout).not.toMatch(/NEIGHBOUR|1234567/);
  }
});

test('a DPoP-bound token can be used only by the bridge', async () => {
  const { typed, read, store } = home();
  const document = readStore(store) as { mcpServers: { linear: { auth: object } } };
  document.mcpServers.linear.auth = { ...auth, type: 'dpop' };
  writeFileSync(store, JSON.stringify(document));
  expect(await typed('connect claude-code linear --how helper').exit).toBe(1);
  expect(await typed('connect claude-code linear').exit).toBe(0);
  expect(read('.claude.json')).toContain('"bridge"');
});

test('if the default path of the store depends on a variable, the app’s entry has --store', async () => {
  const { typed, read, at } = home();
  const config = at('xdg');
  mkdirSync(path.join(config, 'mcp-auth'), { recursive: true });
  const store = path.join(config, 'mcp-auth', 'mcp-servers.json');
  writeFileSync(store, JSON.stringify({ mcpServers: { linear: { url, auth } } }), { mode: 0o600 });
  expect(await typed(`connect codex linear --store ${store}`, { XDG_CONFIG_HOME: config }).exit).toBe(0);
  expect(read('.codex/config.toml')).toContain(store);
});

test('removing a server reports a copy of the login that the app still has', async () => {
  const { typed, at } = home();
  expect(await typed('connect opencode linear --how copy').exit).toBe(0);
  const removed = typed('connect opencode linear --remove');
  expect(await removed.exit, removed.stderr).toBe(0);
  expect(removed.stderr).toContain(`still has a copy of the login in ${at('.local/share/opencode/mcp-auth.json')}`);
});

test('copy fills the app’s own cache, and says what two who renew do to each other', async () => {
  const { typed, at, read } = home();
  const copy = typed('connect opencode linear --how copy');
  expect(await copy.exit).toBe(0);
  expect(JSON.parse(read('.local/share/opencode/mcp-auth.json'))).toMatchObject({
    linear: { serverUrl: url, tokens: { refreshToken: 'secret-2' } },
  });
  expect(statSync(at('.local/share/opencode/mcp-auth.json')).mode & 0o777).toBe(0o600);
  expect(copy.stderr).toContain('ends the other’s login');
});

test('--project, --as and json', async () => {
  const { typed, read, at } = home();
  expect(await typed('connect vscode linear --project --as work').exit).toBe(0);
  expect(JSON.parse(read('project/.vscode/mcp.json'))).toMatchObject({ servers: { work: { type: 'stdio', command: '/usr/bin/node' } } });
  const json = typed('connect json linear');
  expect(await json.exit).toBe(0);
  expect(JSON.parse(json.stdout)).toMatchObject({ mcpServers: { linear: { command: '/usr/bin/node' } } });
  expect(existsSync(at('mcp.json'))).toBe(false);
});

test('--list shows which servers use a login, and how', async () => {
  const { typed, write } = home();
  expect(await typed('connect codex linear').exit).toBe(0);
  write('.cursor/mcp.json', JSON.stringify({ mcpServers: { theirs: { url }, other: { url: 'https://o.example' } } }));
  write('.gemini/settings.json', '{');
  const list = typed('connect --list');
  expect(await list.exit).toBe(0);
  expect(list.stdout).toMatch(/^codex +\S+config\.toml +linear \(helper\)$/m);
  expect(list.stdout).toMatch(/^cursor +\S+ +theirs \(its own login\)$/m);
  expect(list.stdout).toMatch(/^gemini +\S+ +cannot be read$/m);
  expect(list.stdout).toMatch(/^zed +\S+ +no such file$/m);
  const json = typed('connect --list --json');
  expect(await json.exit).toBe(0);
  expect(json.events[0]).toContainEqual(expect.objectContaining({ app: 'codex', servers: [{ name: 'linear', url, how: 'helper' }] }));
});

test('in a terminal of VS Code over SSH, the files are its server’s', async () => {
  const { typed, read } = home();
  const env = { SSH_CONNECTION: '1 2 3 22', VSCODE_IPC_HOOK_CLI: '/run/x.sock' };
  expect(await typed('connect vscode linear', env).exit).toBe(0);
  expect(JSON.parse(read('.vscode-server/data/User/mcp.json'))).toHaveProperty('servers.linear');
});

test('the file that several builds of VS Code share is listed once', async () => {
  const { typed } = home();
  expect(await typed('connect vscodium linear --project').exit).toBe(0);
  const list = typed('connect --list');
  await list.exit;
  expect(list.stdout.match(/^.*\.vscode\/mcp\.json.*$/gm)).toEqual([expect.stringMatching(/^vscode .* linear \(bridge\)$/)]);
});

test.each([
  { line: 'connect', code: 2, said: 'An app and a server are required' },
  { line: 'connect emacs linear', code: 2, said: 'Unknown app "emacs"' },
  { line: 'connect codex none', code: 3, said: 'The store has no server named none' },
  { line: 'connect gemini linear --how helper', code: 2, said: 'does not support --how helper' },
  { line: 'connect gemini linear --how magic', code: 2, said: '--how must be one of' },
  { line: 'connect codex linear --project', code: 2, said: 'does not support a project configuration' },
  { line: 'connect codex linear --remove', code: 2, said: 'has no server named linear' },
  { line: 'connect mcp-remote linear --remove', code: 2, said: 'no configuration file that mcp-auth can change' },
])('$line: $said', async ({ line, code, said }) => {
  const { typed } = home();
  const wrong = typed(line);
  expect(await wrong.exit).toBe(code);
  expect(wrong.stderr).toContain(said);
});

test('headers finds the server by its URL, as Claude Code names it', async () => {
  const { typed } = home();
  for (const [line, env] of [
    ['headers linear', {}],
    [`headers --url ${url}`, {}],
    ['headers', { CLAUDE_CODE_MCP_SERVER_URL: `${url}#x` }],
  ] as const) {
    const headers = typed(line, env);
    expect(await headers.exit, headers.stderr).toBe(0);
    expect(headers.stdout).toBe('{"Authorization":"Bearer secret-1"}\n');
  }
  const none = typed('headers --url https://none.example');
  expect(await none.exit).toBe(3);
  expect(none.stdout).toBe('');
  expect(await typed('headers').exit).toBe(2);
});

describe('add --from', () => {
  test('what Claude Code has for this project alone, and a file of any size', async () => {
    const { typed, write, project, store } = home();
    const mine = { type: 'http', url: 'https://local.example/mcp' };
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_, number) => [`s${number}`, { command: 'x'.repeat(40) }]));
    write(
      '.claude.json',
      JSON.stringify({
        mcpServers: many,
        projects: { [project]: { mcpServers: { local: mine } }, '/elsewhere': { mcpServers: { not: mine } } },
      }),
    );
    const added = typed('add --from claude-code');
    expect(await added.exit, added.stderr).toBe(0);
    expect(Object.keys((readStore(store) as { mcpServers: object }).mcpServers)).toEqual(['linear', 'env', 'local']);
    write('project/big.json', JSON.stringify({ mcpServers: { ...many, big: { url: 'https://big.example/mcp' } } }));
    expect(await typed('add --from big.json').exit).toBe(0);
    expect((readStore(store) as { mcpServers: object }).mcpServers).toHaveProperty('big');
  });

  test('an app: variables stay as they are, and only remote servers are added', async () => {
    const { typed, write, store } = home();
    write(
      '.claude.json',
      JSON.stringify({
        mcpServers: {
          linear: { type: 'http', url },
          notion: { type: 'sse', url: 'https://mcp.notion.com/${KIND:-sse}' },
          remote: { command: 'npx', args: ['-y', 'mcp-remote', 'https://mcp.sentry.dev/mcp'] },
          local: { command: 'x' },
          unsafe: { url: 'http://plain.example' },
          unset: { url: 'https://${NOT_SET}/mcp' },
          'a b': { url: 'https://b.example' },
        },
      }),
    );
    const add = typed('add --from claude-code');
    expect(await add.exit, add.stderr).toBe(0);
    const { mcpServers } = readStore(store);
    expect(Object.keys(mcpServers)).toEqual(['linear', 'env', 'notion', 'remote', 'unset', 'a-b']);
    expect(mcpServers.notion.url).toBe('https://mcp.notion.com/${KIND:-sse}');
    expect(mcpServers.linear.auth.token).toBe('secret-1');
    expect(add.stderr).toMatch(/linear .*already in the store/);
    expect(add.stderr).toMatch(/! unsafe .* was not added\. .*plain http/);
    expect(add.stderr).toContain('The environment variable NOT_SET is not set here');
    expect(add.stderr).toContain('“a b” was added as a-b.');
  });

  test('a project’s .mcp.json, and one server of it', async () => {
    const { typed, write, store } = home();
    write(
      'project/.mcp.json',
      JSON.stringify({ mcpServers: { a: { type: 'http', url: 'https://a.example' }, b: { url: 'https://b.example' } } }),
    );
    expect(await typed('add b --from .mcp.json').exit).toBe(0);
    expect(Object.keys(readStore(store).mcpServers)).toEqual(['linear', 'env', 'b']);
  });

  test('a TOML or YAML file of any app', async () => {
    const { typed, write, store } = home();
    write('project/c.toml', '[mcp_servers.x]\nurl = "https://x.example"\n');
    write('project/g.yaml', 'extensions:\n  y:\n    type: streamable_http\n    uri: https://y.example\n');
    expect(await typed('add --from c.toml').exit).toBe(0);
    expect(await typed('add --from g.yaml').exit).toBe(0);
    expect(Object.keys(readStore(store).mcpServers)).toEqual(['linear', 'env', 'x', 'y']);
  });

  test('--tokens takes the logins over, and leaves those that are there', async () => {
    const { typed, write, store } = home();
    write('.codex/config.toml', `[mcp_servers.linear]\nurl = "${url}"\n[mcp_servers.other]\nurl = "https://o.example/mcp"\n`);
    const cached = {
      server_name: 'other',
      server_url: 'https://o.example/mcp',
      issuer: 'https://as.example',
      client_id: 'c2',
      access_token: 'theirs',
      refresh_token: 'r',
    };
    write('.codex/.credentials.json', JSON.stringify({ a: cached, b: { ...cached, server_name: 'linear', server_url: url } }));
    const add = typed('add --from codex --tokens');
    expect(await add.exit, add.stderr).toBe(0);
    expect(add.stderr).not.toContain('theirs');
    const { mcpServers, oauthClients } = readStore(store);
    expect(mcpServers.other.auth).toMatchObject({
      type: 'bearer',
      token: 'theirs',
      refresh_token: 'r',
      issuer: 'https://as.example',
      client_id: 'c2',
    });
    expect(mcpServers.linear.auth.token).toBe('secret-1');
    expect(oauthClients['https://as.example']).toEqual([expect.objectContaining({ client_id: 'c2' })]);
  });

  test.each([
    { line: 'add --from codex', said: 'has no remote server' },
    { line: 'add --from none.json', said: 'Neither an app nor a file' },
    { line: 'add --from zed --tokens', said: 'mcp-auth cannot read the tokens of Zed' },
    { line: 'add a https://a.example --tokens', said: 'or --from APP' },
    { line: 'add a https://a.example --from codex', said: '--from takes no URL' },
  ])('$line: $said', async ({ line, said }) => {
    const { typed } = home();
    const wrong = typed(line);
    expect(await wrong.exit).not.toBe(0);
    expect(wrong.stderr).toContain(said);
  });
});

test('a URL with a variable is used with its value, and stored as it is', async () => {
  const { typed } = home();
  const bridge = typed('connect json env', { HOST: 'h.example' });
  expect(await bridge.exit).toBe(0);
  const unset = run('bridge x', { store: temporaryStore({ mcpServers: { x: { type: 'http', url: 'https://${NOT_SET}/mcp' } } }) });
  expect(await unset.exit).toBe(2);
  expect(unset.stderr).toContain('${NOT_SET}, which is not set');
});
