/** Adds a flow, an app, a command, a vendor and an engine to a copy of the source, as "To add" in ARCHITECTURE.md says, and uses them. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-extending-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const flow = `import { AuthError } from '../errors.js';
import type { Flow } from './flow.js';

/** Consent by thinking of it. */
export const telepathy: Flow = {
  name: 'telepathy',
  summary: 'Think of your consent',
  grantType: 'authorization_code',
  client: 'any',
  unattended: false,
  unavailable: ({ metadata }) => ('thoughts_endpoint' in metadata ? undefined : 'the authorization server reads no thoughts'),
  run: () => Promise.reject(new AuthError('flow_refused', 'Nobody thought of it.')),
};
`;

const app = `import path from 'node:path';
import { toCommandEntry, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Notepad. */
export const notepad: App = {
  name: 'notepad',
  summary: 'Notepad',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: ({ home, folder }, project) => path.join(project ? folder : home, '.notepad', 'mcp.json'),
  entries: { bridge: toCommandEntry },
};
`;

const command = `import { listServers } from '../store/document.js';
import type { Command } from './command.js';

export const knock: Command = {
  description: 'Knocks at every server.',
  arguments: [],
  options: [],
  examples: ['knock'],
  run: async (_input, { store, ui }) => {
    for (const [name] of listServers(await store.read())) ui.print(\`Who is there? \${name}\`);
  },
};
`;

const vendor = `import { isInDomain, type Vendor } from './vendor.js';

export const acme: Vendor = {
  name: 'Acme',
  issuers: ['https://login.acme.example'],
  isIssuer: (issuer) => isInDomain(issuer, 'acme.example'),
  needs: { resource: { value: 'none', source: 'acme/sdk#1' } },
  notes: [],
};
`;

const engine = `import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Engine, EngineKind, Lease, Row } from './engine.js';

/** A shelf that one process at a time reaches into. */
function open(file: string): Engine {
  const leases = new Map<string, Lease>();
  const read = (): Row[] => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Row[]) : []);
  return {
    read: async (queries) =>
      read().filter(({ kind, key }) => queries.some((one) => one.kind === kind && (one.keys?.includes(key) ?? true))),
    write: async (changes) => {
      const rows = new Map(read().map((row) => [row.kind + row.key, row]));
      if (changes.some(({ kind, key, version }) => rows.get(kind + key)?.version !== version)) return 'changed';
      for (const { kind, key, value } of changes) {
        if (value === undefined) rows.delete(kind + key);
        else rows.set(kind + key, { kind, key, value, version: String(process.hrtime.bigint()) });
      }
      writeFileSync(file, JSON.stringify([...rows.values()]));
      return 'written';
    },
    takeLease: async ({ name }) => {
      const lease = { name, fence: String(leases.size + 1) };
      leases.set(name, lease);
      return lease;
    },
    extendLease: async () => true,
    releaseLease: async ({ name }) => void leases.delete(name),
    listLeases: async () => [],
    listen: async () => () => undefined,
    inspect: async () => [],
    close: async () => undefined,
  };
}

export const pantry: EngineKind = {
  name: 'Pantry',
  protocols: ['pantry:'],
  parameters: [],
  open: ({ url, store }) => open(\`\${url.pathname}-\${store}.json\`),
};
`;

/** Puts a file into the copy, and its lines into the list of its folder. */
function add(place: string, { file, text, into }: { file: string; text: string; into: (list: string) => string }): void {
  const list = path.join(folder, 'src', place, 'index.ts');
  const before = readFileSync(list, 'utf8');
  const after = into(before);
  expect(after).not.toBe(before);
  writeFileSync(list, after);
  writeFileSync(path.join(folder, 'src', place, file), text);
}

const withImport = (line: string, list: string) => list.replace(/^import .*\n/m, (first) => `${first}${line}\n`);
const atTheEnd = (what: RegExp, line: string, list: string) => list.replace(what, (all) => `${all.slice(0, -2)}${line}];`);

beforeAll(() => {
  for (const name of ['src', 'package.json', 'tsconfig.json']) cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
  add('flows', {
    file: 'telepathy.ts',
    text: flow,
    into: (list) => atTheEnd(/export const flows[^;]*\];/, ', telepathy', withImport("import { telepathy } from './telepathy.js';", list)),
  });
  add('apps', {
    file: 'notepad.ts',
    text: app,
    into: (list) => atTheEnd(/export const apps[^;]*\];/, '  notepad,\n', withImport("import { notepad } from './notepad.js';", list)),
  });
  add('commands', {
    file: 'knock.ts',
    text: command,
    into: (list) =>
      atTheEnd(
        /export const commands[^]*?\n\];/,
        "  { name: 'knock', summary: 'Say who is there', load: async () => (await import('./knock.js')).knock },\n",
        list,
      ),
  });
  add('oauth/vendors', {
    file: 'acme.ts',
    text: vendor,
    into: (list) => atTheEnd(/export const vendors[^;]*\];/, '  acme,\n', withImport("import { acme } from './acme.js';", list)),
  });
  add('store/engines', {
    file: 'pantry.ts',
    text: engine,
    into: (list) => atTheEnd(/export const engines[^;]*\];/, ', pantry', withImport("import { pantry } from './pantry.js';", list)),
  });
  const document = { mcpServers: { demo: { type: 'http', url: 'https://demo.example/mcp', auth: { type: 'bearer', token: 'a-token' } } } };
  writeFileSync(path.join(folder, 'mcp-servers.json'), JSON.stringify(document), { mode: 0o600 });
  mkdirSync(path.join(folder, 'home'));
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of Node in the copy. */
function node(...words: string[]): Promise<Ended> {
  const env = { PATH: '', HOME: path.join(folder, 'home'), MCP_AUTH_STORE: path.join(folder, 'mcp-servers.json') };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, words, { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.end();
  });
}

const mcpAuth = (...words: string[]) => node('--import', 'tsx', 'src/bin.ts', ...words);

test('the types hold', async () => {
  expect(await node('node_modules/typescript/bin/tsc', '-p', '.')).toEqual({ code: 0, stdout: '', stderr: '' });
});

describe('the flow', () => {
  test('is in the help, and among the names that --flow takes', async () => {
    expect((await mcpAuth('login', '--help')).stdout).toContain('telepathy');
    const wrong = await mcpAuth('login', 'https://demo.example/mcp', '--flow', 'shouting');
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('telepathy');
  });
});

describe('the app', () => {
  test('is in the list, and is connected to a login', async () => {
    expect((await mcpAuth('connect', '--list')).stdout).toMatch(/notepad .*no such file/);
    expect(await mcpAuth('connect', 'notepad', 'demo')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Notepad now uses the login'),
    });
    const written = JSON.parse(readFileSync(path.join(folder, 'home/.notepad/mcp.json'), 'utf8'));
    expect(written.mcpServers.demo.args).toEqual(expect.arrayContaining(['bridge', 'demo']));
    expect((await mcpAuth('connect', '--list')).stdout).toContain('demo (bridge)');
  });
});

describe('the command', () => {
  test('is in the help, and runs', async () => {
    expect((await mcpAuth('--help')).stdout).toMatch(/knock +Say who is there/);
    expect(await mcpAuth('knock')).toEqual({ code: 0, stdout: 'Who is there? demo\n', stderr: '' });
  });
});

test('the vendor is known by its issuer, and what it needs is done', async () => {
  const script = `import { findDialect } from './src/oauth/dialect.ts';
    console.log(JSON.stringify(findDialect('https://login.acme.example', {}).vendor), findDialect('https://acme.example.org', {}).vendor);`;
  writeFileSync(path.join(folder, 'vendor.mts'), script);
  expect(await node('--import', 'tsx', 'vendor.mts')).toEqual({
    code: 0,
    stdout: '{"name":"Acme","applied":["no resource"]} undefined\n',
    stderr: '',
  });
});

test('a store is in the engine that its URL names', async () => {
  const url = `pantry://shelf${folder}/rows`;
  expect(await mcpAuth('copy', '--to', url, '--keep', '--plaintext')).toMatchObject({ code: 0, stdout: '' });
  expect(await mcpAuth('token', 'demo', '--store', url)).toEqual({ code: 0, stdout: 'a-token\n', stderr: '' });
  expect((await mcpAuth('doctor', '--store', url)).stdout).toContain(`${url} (Pantry) has 1 server`);
});
