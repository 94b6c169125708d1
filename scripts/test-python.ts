/**
 * `npm run test:python`: builds python/mcp_auth_cli.py as a wheel and tests it with the real MCP SDK, FastMCP, httpx, httpx2
 * and trio, and with a login at a real authorization server whose tokens expire after seconds.
 *
 * pip installs the newest versions, not pinned by integrity hash, because the question is whether ours works with today's
 * versions. So CI and releases do not run this script. Run it on a machine where that is acceptable. If pip cannot install the
 * packages, the script prints SKIPPED and exits with 0.
 */
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { startAuthorizationServer } from '../test/helpers/authorization-server.js';
import build, { command } from '../test/helpers/build.js';
import { startMcpServer } from '../test/helpers/mcp-server.js';
import { Person } from '../test/helpers/person.js';

const run = promisify(execFile);
/** Lifetime of an access token in seconds: longer than a program takes to start, even on a busy machine. */
const tokenLifetime = 15;
/** Milliseconds for one run of pip or of a checker. */
const toolTimeout = 300_000;

const repository = path.resolve(import.meta.dirname, '..');
const root = mkdtempSync(path.join(tmpdir(), 'mcp-auth-python-'));
const say = (text: string) => void process.stdout.write(`${text}\n`);

/** Returns the last line that a failed program printed to stderr, or else the message of the error. */
function describeError(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  const last = (stderr ?? '').trim().split('\n').at(-1) ?? '';
  return last === '' ? message : last;
}

/** Creates a virtual environment with these packages. Returns the path of its Python. */
async function createVenv(name: string, packages: readonly string[]): Promise<string> {
  const folder = path.join(root, 'venvs', name);
  await run('python3', ['-m', 'venv', folder], { timeout: toolTimeout });
  const python = path.join(folder, 'bin/python');
  const words = ['-m', 'pip', 'install', '--quiet', '--retries', '1', ...packages];
  if (packages.length > 0) await run(python, words, { timeout: toolTimeout, cwd: root });
  return python;
}

/** Logs in with a new store. Returns the path of the store. */
async function storeLogin(name: string): Promise<string> {
  const store = path.join(root, 'stores', name, 'mcp-servers.json');
  mkdirSync(path.dirname(store), { recursive: true });
  const words = [command, 'login', mcpServer.url, '--name', 'demo', '--no-browser', '--flow', 'paste', '--json', '--store', store];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await new Person().approveLogin(child);
  if ((await ended) !== 0) throw new Error('The login failed.');
  return store;
}

let held = 0;
let tried = 0;
function reportCheck(what: string, isSo: boolean, seen = ''): void {
  tried += 1;
  if (isSo) held += 1;
  say(`${isSo ? '✓' : '✗'} ${what}${isSo || seen === '' ? '' : `: ${seen}`}`);
}

interface Check {
  readonly what: string;
  /** The function of test-python.py. */
  readonly name: string;
  readonly python: string;
  readonly result: unknown;
  /** How often the login must be renewed. Undefined if any number is right. */
  readonly renewals?: number;
  readonly env?: (store: string) => Promise<Record<string, string>>;
}

async function check({ what, name, python, result, renewals, env }: Check): Promise<void> {
  try {
    const store = await storeLogin(name);
    const before = authorizationServer.log.length;
    const more = (await env?.(store)) ?? {};
    const words = { URL: mcpServer.url, STORE: store, COMMAND: JSON.stringify([process.execPath, command]), LIFE: String(tokenLifetime) };
    const options = { env: { ...process.env, ...words, ...more }, cwd: root, timeout: 120_000 };
    const { stdout } = await run(python, [path.join(import.meta.dirname, 'test-python.py'), name], options);
    const seen: unknown = JSON.parse(stdout);
    const log = authorizationServer.log.slice(before);
    // Python may only renew the login. It must not register a client or log in again.
    const refreshes = log.filter((line) => line === 'grant refresh_token').length;
    const others = log.filter((line) => /registration|grant (?!refresh_token)|refused/.test(line));
    const isSo = JSON.stringify(seen) === JSON.stringify(result) && others.length === 0 && [undefined, refreshes].includes(renewals);
    reportCheck(what, isSo, JSON.stringify({ seen, refreshes, others }));
  } catch (error) {
    reportCheck(what, false, describeError(error));
  }
}

/** Checks that a program exits with 0. */
async function checkExit(what: string, file: string, words: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  try {
    await run(file, words, { timeout: toolTimeout, ...options });
    reportCheck(what, true);
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string };
    reportCheck(what, false, `${stdout.trim().split('\n').slice(-8).join('\n')}\n${describeError(error)}`);
  }
}

/** Installs everything that comes from the network, which may fail. */
async function installPackages() {
  return {
    builder: await createVenv('builder', ['build', 'hatchling']),
    all: await createVenv('all', ['mcp>=2', 'fastmcp', 'httpx', 'httpx2', 'trio', 'mypy', 'pyright', 'ruff']),
    httpx: await createVenv('httpx', ['httpx', 'trio']),
    httpx2: await createVenv('httpx2', ['httpx2', 'trio']),
    bare: await createVenv('bare', []),
  };
}

/** Builds the wheel and installs it into each virtual environment. */
async function installWheel(builder: string, pythons: readonly string[]): Promise<void> {
  const wheels = path.join(root, 'wheels');
  const source = path.join(root, 'source');
  cpSync(path.join(repository, 'python'), source, { recursive: true });
  await run(builder, ['-m', 'build', '--no-isolation', '--wheel', '--outdir', wheels, source], { timeout: toolTimeout });
  const wheel = path.join(wheels, readdirSync(wheels)[0] ?? '');
  for (const python of pythons) await run(python, ['-m', 'pip', 'install', '--quiet', '--no-index', wheel], { timeout: toolTimeout });
}

await build();
say('Installing the Python packages …');
const pythons = await installPackages().catch((error: unknown) => {
  say(`SKIPPED: pip cannot install the packages: ${describeError(error)}`);
  rmSync(root, { recursive: true, force: true });
  process.exit(0);
});
const { builder, all, httpx, httpx2, bare } = pythons;
await installWheel(builder, [all, httpx, httpx2, bare]);
const authorizationServer = await startAuthorizationServer({ accessTokenLife: tokenLifetime });
const mcpServer = await startMcpServer({ authorizationServer });
try {
  const { stdout: versions } = await run(all, ['-m', 'pip', 'list', '--format=freeze', '--disable-pip-version-check']);
  say(versions.match(/^(anyio|fastmcp|httpx2?|mcp|mcp-auth-cli|trio)==.*$/gm)?.join(', ') ?? '');
  const session = [['greet', 'time'], 10];
  const fine = [200, 200];
  const checks: Check[] = [
    { what: 'MCP SDK: a session that outlives its token, ten concurrent calls', name: 'sdk', python: all, result: session, renewals: 1 },
    { what: 'MCP SDK with OAuthClientProvider', name: 'provider', python: all, result: session, renewals: 1 },
    { what: 'MCP SDK on trio', name: 'sdk_trio', python: all, result: session, renewals: 1 },
    { what: 'FastMCP with McpAuth', name: 'fastmcp', python: all, result: session, renewals: 1 },
    { what: 'fact: FastMCP never renews auth="TOKEN"', name: 'fastmcp_token', python: all, result: [['greet', 'time'], 0], renewals: 0 },
    {
      what: 'fact: FastMCP rejects the store file, because of auth',
      name: 'fastmcp_store',
      python: all,
      result: ['ValidationError', ['auth']],
    },
    {
      what: 'FastMCP accepts the output of connect json',
      name: 'fastmcp_config',
      python: all,
      result: session[0],
      env: async (store) => ({
        CONFIG: (await run(process.execPath, [command, 'connect', 'json', 'demo', '--store', store])).stdout,
      }),
    },
    { what: 'fact: stdio_client does not pass on MCP_AUTH_STORE', name: 'stdio_without_store', python: all, result: [false, 'failed'] },
    { what: 'the bridge with --store, started by stdio_client', name: 'stdio_with_store', python: all, result: session[0] },
    { what: 'httpx alone, async', name: 'httpx_async', python: httpx, result: fine, renewals: 1 },
    { what: 'httpx alone, sync', name: 'httpx_sync', python: httpx, result: fine, renewals: 1 },
    { what: 'httpx alone, trio', name: 'httpx_trio', python: httpx, result: fine, renewals: 1 },
    { what: 'httpx2 alone, async', name: 'httpx2_async', python: httpx2, result: fine, renewals: 1 },
    { what: 'httpx2 alone, sync', name: 'httpx2_sync', python: httpx2, result: fine, renewals: 1 },
    { what: 'httpx2 alone, trio', name: 'httpx2_trio', python: httpx2, result: fine, renewals: 1 },
    { what: 'token() and headers() without httpx and httpx2', name: 'neither', python: bare, result: [[], true] },
    {
      what: 'a stand-in for pflow reads the store and saves it (pflow itself is not tested)',
      name: 'pflow_stand_in',
      python: all,
      result: ['taken', true, ['demo', 'other']],
    },
  ];
  for (const one of checks) await check(one);

  const page = readFileSync(path.join(repository, 'docs/in-code.md'), 'utf8');
  const bin = path.join(root, 'bin');
  mkdirSync(bin);
  writeFileSync(path.join(bin, 'mcp-auth'), `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n`, { mode: 0o755 });
  const store = await storeLogin('page');
  writeFileSync(store, readFileSync(store, 'utf8').replace('"demo"', '"example"'));
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, MCP_AUTH_STORE: store };
  for (const [index, [, code = '']] of [...page.matchAll(/```python\n([^]*?)```/g)].entries()) {
    const words = ['-c', code.replaceAll('https://mcp.example.com/mcp', mcpServer.url)];
    await checkExit(`docs/in-code.md, Python block ${index + 1}`, /mcp import|fastmcp/.test(code) ? all : httpx2, words, {
      env,
      cwd: root,
    });
  }

  const vitest = path.join(repository, 'node_modules/vitest/vitest.mjs');
  for (const library of ['httpx', 'httpx2']) {
    const real = { ...process.env, REAL_PYTHON: library === 'httpx' ? httpx : httpx2, LIBRARY: library };
    const options = { cwd: repository, env: real };
    await checkExit(`the tests of test/python, with the real ${library}`, process.execPath, [vitest, 'run', 'test/python'], options);
  }
  const file = path.join(root, 'source/mcp_auth_cli.py');
  const cwd = path.dirname(file);
  await checkExit('mypy --strict', all, ['-m', 'mypy', file], { cwd });
  await checkExit('mypy --strict, without the libraries', all, ['-m', 'mypy', '--python-executable', bare, file], { cwd });
  await checkExit('pyright', all, ['-m', 'pyright', '--pythonpath', all, file], { cwd });
  await checkExit('ruff', all, ['-m', 'ruff', 'check', file], { cwd });
  await checkExit('ruff format', all, ['-m', 'ruff', 'format', '--check', file], { cwd });
  writeFileSync(path.join(root, 'typed.py'), 'from mcp_auth_cli import token\n\ntext: str = token("demo")\n');
  await checkExit('mypy --strict of a program that uses the wheel', all, ['-m', 'mypy', '--strict', 'typed.py'], { cwd: root });
  await createVenv('one', ['mcp<2']).then(
    () => say('MCP SDK 1.x can be installed, but has no checks yet.'),
    (error: unknown) => say(`SKIPPED: pip cannot install MCP SDK 1.x: ${describeError(error)}`),
  );
  say(`\n${held} of ${tried} hold`);
  process.exitCode = held === tried ? 0 : 1;
} finally {
  await mcpServer.close();
  await authorizationServer.close();
  rmSync(root, { recursive: true, force: true });
}
