/**
 * `npm run bench`: measures the speed against an empty Node program, a relay of twenty lines and mcp-remote. Each figure is
 * the median of runs that alternate with runs of its peer. `-- --short` makes fewer runs, `-- bridge` only that part, and
 * `-- --write` puts the table into BENCHMARKS.md.
 */
import { execFileSync, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { refresherCommand } from '../src/machine/refresher-command.js';
import build, { command } from '../test/helpers/build.js';
import { listen } from '../test/helpers/listen.js';
import { loginAt } from '../test/helpers/login-at.js';
import { startAgent } from './bench/agent.js';
import { startDatabases } from './bench/database.js';
import { firstOutput } from './bench/first-output.js';
import { startLoginServer } from './bench/login-server.js';
import { measureLoad, startApp, startEcho, type Load, type Measured } from './bench/load.js';
import { inTurn, median, peakMemory, peakMemoryOf, spread, wallTime, type Figures, type Program } from './bench/pairs.js';
import { slowReader } from './bench/slow-reader.js';
import { measureWaitingLogins } from './bench/waiting-logins.js';
import { root } from './build.js';
import { ChangedPackageError, installLocked } from './locked.js';
import { npm } from './npm.js';

const { values, positionals } = parseArgs({
  options: { short: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const rounds = values.short ? 3 : 11;

const node = process.execPath;
const programs = path.join(import.meta.dirname, 'bench');
const folder = mkdtempSync(path.join(os.tmpdir(), 'mcp-auth-bench-'));
const empty: Program = { words: [node, path.join(programs, 'empty.mjs')] };

interface Row {
  readonly what: string;
  readonly ours: string;
  readonly peer: string;
  /** Ours divided by the peer's. */
  readonly ratio?: number;
  /** The target: the highest or the lowest acceptable ratio. */
  readonly most?: number;
  readonly least?: number;
}

const rows: Row[] = [];

function add(row: Row): void {
  rows.push(row);
  process.stdout.write(`${line(row)}\n`);
}

function line({ what, ours, peer, ratio, most, least }: Row): string {
  const wanted = most === undefined ? (least === undefined ? '' : `≥ ${least}`) : `≤ ${Number(most.toFixed(2))}`;
  const isReached = ratio === undefined || (ratio <= (most ?? Infinity) && ratio >= (least ?? -Infinity));
  const relation = ratio === undefined ? '' : `× ${ratio.toFixed(2)}`;
  return `| ${isReached ? ' ' : '!'} ${what.padEnd(52)} | ${ours.padEnd(19)} | ${peer.padEnd(30)} | ${relation.padEnd(7)} | ${wanted.padEnd(6)} |`;
}

const shown = (figures: Figures, unit: string) => `${round(median(figures))} ${unit} ± ${Math.round(spread(figures) * 100)} %`;
const round = (figure: number) => (figure < 10 ? figure.toFixed(1) : String(Math.round(figure)));

/** Adds a row that compares the median of our figures with the median of a peer's. */
function compare(what: string, { ours, peer, of, unit, ...bounds }: Comparison): void {
  const ratio = median(ours) / median(peer);
  add({ what, ours: shown(ours, unit), peer: `${of} ${shown(peer, unit)}`, ratio, ...bounds });
}

interface Comparison extends Pick<Row, 'most' | 'least'> {
  readonly ours: Figures;
  readonly peer: Figures;
  /** The peer's name. */
  readonly of: string;
  readonly unit: string;
}

const soon = () => Math.floor(Date.now() / 1000) + 3600;
const entryOf = (url: string, auth: object = {}) => ({
  type: 'http',
  url,
  auth: { type: 'bearer', token: 'x'.repeat(400), issued_at: soon() - 3600, expires_at: soon(), ...auth },
});

function storeOf(name: string, entries: Record<string, object>): string {
  // In a folder of its own, because a store may have files next to it.
  const file = path.join(mkdtempSync(path.join(folder, 'store-')), `${name}.json`);
  writeFileSync(file, JSON.stringify({ mcpServers: entries }), { mode: 0o600 });
  return file;
}

const ours = (store: string, ...words: string[]): Program => ({ words: [node, command, ...words], env: { MCP_AUTH_STORE: store } });

/** Installs a package into a new folder and measures the time. Undefined if npm cannot install it. */
function install(
  name: string,
  by: (at: string) => void,
): { at: string; version: string; milliseconds: number; packages: number; bytes: number } | undefined {
  const at = mkdtempSync(path.join(folder, 'installed-'));
  const since = performance.now();
  try {
    by(at);
  } catch (error) {
    if (error instanceof ChangedPackageError) throw error;
    return undefined;
  }
  const files = readdirSync(path.join(at, 'node_modules'), { recursive: true, encoding: 'utf8', withFileTypes: true });
  const isPackage = (file: (typeof files)[number]) =>
    file.name === 'package.json' && /node_modules\/(@[^/]+\/)?[^/]+$/.test(file.parentPath);
  const sizes = files.filter((file) => file.isFile()).map((file) => statSync(path.join(file.parentPath, file.name)).size);
  return {
    at,
    version: (JSON.parse(readFileSync(path.join(at, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version,
    milliseconds: performance.now() - since,
    packages: files.filter(isPackage).length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

const mcpRemote = install('mcp-remote', (at) => installLocked('mcp-remote', at));
const remoteProgram = (...words: string[]): Program => ({
  words: [node, path.join(mcpRemote?.at ?? '', 'node_modules/mcp-remote/dist/proxy.js'), ...words],
  env: { HOME: folder, MCP_REMOTE_CONFIG_DIR: path.join(folder, 'mcp-remote') },
});

/** Measures commands that use no network: a fresh token, its headers, the list, the help. */
async function startUp(): Promise<void> {
  const many = Object.fromEntries(Array.from({ length: 999 }, (_, at) => [`s${at}`, entryOf(`https://s${at}.example/mcp`)]));
  const demo = entryOf('https://demo.example/mcp');
  const stores = { one: storeOf('one', { demo }), thousand: storeOf('thousand', { ...many, demo }) };
  const commands: { what: string; program: Program; most: number; mostMemory?: number }[] = [
    { what: 'token, a store of 1', program: ours(stores.one, 'token', 'demo'), most: 1.25, mostMemory: 1.15 },
    { what: 'token, a store of 1,000', program: ours(stores.thousand, 'token', 'demo'), most: 1.25, mostMemory: 1.15 },
    { what: 'headers, a store of 1', program: ours(stores.one, 'headers', 'demo'), most: 1.25, mostMemory: 1.15 },
    { what: 'headers, a store of 1,000', program: ours(stores.thousand, 'headers', 'demo'), most: 1.25, mostMemory: 1.15 },
    { what: 'list', program: ours(stores.one, 'list'), most: 1.6 },
    { what: '--help', program: ours(stores.one, '--help'), most: 1.6 },
  ];
  for (const { what, program, most, mostMemory } of commands) {
    const time = await inTurn(rounds, { ours: () => wallTime(program), peer: () => wallTime(empty) });
    compare(what, { ...time, of: 'empty', unit: 'ms', most });
    if (mostMemory === undefined) continue;
    const memory = await inTurn(3, { ours: () => peakMemory(program), peer: () => peakMemory(empty) });
    compare(`${what}: memory`, { ...memory, of: 'empty', unit: 'MiB', most: mostMemory });
  }
  const bundles: { what: string; words: string[] }[] = [
    { what: 'mcp-auth.mjs', words: [node, path.join(root, 'bundle/mcp-auth.mjs')] },
    { what: 'mcp-auth-linux-x64', words: [path.join(root, 'bundle/mcp-auth-linux-x64')] },
  ];
  for (const { what, words } of bundles) {
    const file = words.at(-1) ?? '';
    const size = statSync(file, { throwIfNoEntry: false })?.size;
    if (size === undefined) {
      process.stdout.write(`  (${what} not found: run npm run bundle to measure it)\n`);
      continue;
    }
    add({ what: `${what}: size`, ours: `${round(size / 1024 / 1024)} MiB`, peer: '' });
    for (const args of [['token', 'demo'], ['--help']]) {
      const program = { words: [...words, ...args], env: { MCP_AUTH_STORE: stores.one } };
      const time = await inTurn(rounds, { ours: () => wallTime(program), peer: () => wallTime(ours(stores.one, ...args)) });
      compare(`${what}: ${args.join(' ')}`, { ...time, of: 'the package', unit: 'ms' });
    }
  }
}

/** Measures what needs a login: the time to the printed address, and to an app that the bridge answers meanwhile. */
async function withoutLogin(): Promise<void> {
  const server = await startLoginServer();
  const store = storeOf('login', { demo: { type: 'http', url: server.url } });
  const words = ['login', server.url, '--client-id', 'c', '--no-browser', '--flow', 'paste', '--json'];
  const untilAddress = () => server.withoutItsTime(() => firstOutput(ours(store, ...words), /"authorization_url"|"url":"[^"]*\/authorize/));
  const login = await inTurn(rounds, { ours: untilAddress, peer: () => wallTime(empty) });
  compare('login: from the start to the printed address', { ...login, of: 'empty', unit: 'ms', most: 3 });

  const echo = await startEcho('json');
  const bridge = await inTurn(rounds, {
    ours: () => server.withoutItsTime(() => untilOpen(ours(store, 'bridge', 'demo'))),
    peer: () => untilOpen(relayTo(echo.url)),
  });
  compare('bridge, without a login: start to initialize', { ...bridge, of: 'relay', unit: 'ms', most: 2 });
  echo.stop();
  await server.close();
}

/** Milliseconds from the start of a bridge to its response to `initialize`. */
async function untilOpen(program: Program): Promise<number> {
  const app = await startApp(program);
  await app.end();
  return app.started;
}

const relayTo = (url: string, script = 'relay.mjs'): Program => ({
  words: [node, path.join(programs, script), url],
  env: { TOKEN: 'x'.repeat(400) },
});

/** Compares the bridge with the relay and mcp-remote. */
async function bridge(): Promise<void> {
  const loads: Load[] = [
    { bytes: 200, width: 1, count: values.short ? 1000 : 4000, warm: 1000 },
    { bytes: 200, width: 32, count: values.short ? 5000 : 20_000, warm: 2000 },
    { bytes: 100_000, width: 1, count: values.short ? 200 : 600, warm: 300 },
    { bytes: 100_000, width: 32, count: values.short ? 400 : 1500, warm: 400 },
  ];
  for (const kind of ['json', 'sse'] as const) {
    const { url, stop } = await startEcho(kind);
    const store = storeOf('bridge', { demo: entryOf(url) });
    const relay = relayTo(url);
    const raw: number[] = [];
    for (const load of loads) {
      const all: Record<'ours' | 'peer' | 'remote', Measured[]> = { ours: [], peer: [], remote: [] };
      for (let turn = 0; turn < (values.short ? 2 : 5); turn += 1) {
        all.peer.push(await measureLoad(relay, load));
        all.ours.push(await measureLoad(ours(store, 'bridge', 'demo'), load));
        if (load === loads[0]) raw.push((await measureLoad(relayTo(url, 'raw-relay.mjs'), load)).rate);
        if (mcpRemote && kind === 'json' && turn === 0) {
          const few = { ...load, count: Math.ceil(load.count / 10), warm: 50 };
          all.remote.push(await measureLoad(remoteProgram(url, '--allow-http', '--silent'), few));
        }
      }
      const of = (name: keyof Measured) => ({
        ours: all.ours.map((one) => one[name]),
        peer: all.peer.map((one) => one[name]),
        of: 'relay',
      });
      const what = `bridge, ${kind}, ${load.bytes === 200 ? '200 B' : '100 kB'}, ${load.width === 1 ? 'one by one' : '32 at a time'}`;
      if (load === loads[0]) compare(`bridge, ${kind}: start to initialize`, { ...of('started'), unit: 'ms', most: 1.35 });
      compare(what, { ...of('rate'), unit: '/s', least: kind === 'json' && load === loads[0] ? 0.92 : load.width === 1 ? 0.85 : 0.75 });
      compare(`${what}: memory`, { ...of('memory'), unit: 'MiB', most: 1.5 });
      compare(`${what}: p99`, { ...of('p99'), unit: 'ms' });
      if (load === loads[0])
        compare('  the same by a relay with a socket of its own', { ours: raw, peer: of('rate').peer, of: 'relay', unit: '/s' });
      const [remote] = all.remote;
      if (remote) {
        const peer = `mcp-remote ${round(remote.rate)} /s, ${round(remote.memory)} MiB, start ${round(remote.started)} ms`;
        add({ what: `  the same by mcp-remote ${mcpRemote?.version ?? ''}`, ours: '', peer });
      }
    }
    stop();
  }
}

/** Measures the memory of the bridge after many messages, and with an app that does not read. */
async function memory(): Promise<void> {
  const { url, stop } = await startEcho('json');
  const app = await startApp(ours(storeOf('memory', { demo: entryOf(url) }), 'bridge', 'demo'));
  const calls = async (count: number) => {
    for (let left = count; left > 0; left -= 100) await Promise.all(Array.from({ length: 100 }, () => app.call(200)));
  };
  const total = values.short ? 20_000 : 100_000;
  await calls(total / 5);
  const before = peakMemoryOf(app.child.pid);
  await calls(total - total / 5);
  const after = peakMemoryOf(app.child.pid);
  await app.end();
  stop();
  const peer = `after the first fifth ${round(before)} MiB`;
  add({
    what: `bridge: memory after ${total.toLocaleString('en')} messages`,
    ours: `${round(after)} MiB`,
    peer,
    ratio: after / before,
    most: 1.25,
  });

  const slow = await slowReader((address) => ours(storeOf('slow', { demo: entryOf(address) }), 'bridge', 'demo'));
  const sent = `the server could send ${round(slow.sent)} of 256 MiB`;
  add({ what: 'bridge: memory with an app that does not read', ours: `${round(slow.memory)} MiB`, peer: sent });
}

/** Measures `mcp-auth relay` with a thousand logins that wait. */
async function relay(): Promise<void> {
  const approvals = values.short ? 100 : 400;
  const few = await measureWaitingLogins({ count: approvals, approvals });
  const { before, memory, took } = await measureWaitingLogins({ count: 1000, approvals });
  const p99 = (figures: readonly number[]) => figures[Math.floor(figures.length * 0.99)] ?? NaN;
  const what = 'relay, 1,000 logins waiting';
  add({
    what: `${what}: memory`,
    ours: `${round(memory)} MiB`,
    peer: `without a login ${round(before)} MiB`,
    ratio: memory / before,
    most: 3,
  });
  add({
    what: `${what}: code to terminal, median`,
    ours: `${round(median(took))} ms`,
    peer: `with ${approvals} ${round(median(few.took))} ms`,
  });
  add({ what: `${what}: code to terminal, p99`, ours: `${round(p99(took))} ms`, peer: `with ${approvals} ${round(p99(few.took))} ms` });
}

/** Compares a fresh token of a sealed store, opened with an identity file or by the agent, with one of a plain store. */
async function sealed(): Promise<void> {
  const entries = { demo: entryOf('https://mcp.example.com/mcp') };
  const [plain, store] = [storeOf('plain', entries), storeOf('sealed', entries)];
  const env = { MCP_AUTH_STORE: store, MCP_AUTH_PREFERENCES: `${store}.preferences.json` };
  execFileSync(node, [command, 'seal', '--new-identity', `${store}.identity`], { env: { ...process.env, ...env }, stdio: 'ignore' });
  const running = await startAgent({ words: [node, command, 'agent'], env });
  const throughAgent = { ...env, XDG_RUNTIME_DIR: path.dirname(path.dirname(running.socket)) };
  const words = [node, command, 'token', 'demo'];
  const {
    file,
    agent: agents,
    peer,
  } = await inTurn(rounds, {
    file: () => wallTime({ words, env: { ...env, XDG_RUNTIME_DIR: folder } }),
    agent: () => wallTime({ words, env: throughAgent }),
    peer: () => wallTime(ours(plain, 'token', 'demo')),
  });
  compare('token of a sealed store, identity file', { ours: file, peer, of: 'plain store', unit: 'ms' });
  compare('token of a sealed store, through the agent', { ours: agents, peer, of: 'plain store', unit: 'ms', most: 1.5 });
  running.stop();
}

/** Compares a login at an agent with one in the store: the bridge, and a fresh token. */
async function agent(): Promise<void> {
  const { url, stop } = await startEcho('json');
  const store = storeOf('agent', { demo: entryOf(url) });
  const running = await startAgent(ours(store, 'agent'));
  const empty = storeOf('remote', {});
  const remotely = (...words: string[]): Program => ({
    ...ours(empty, ...words),
    env: { MCP_AUTH_STORE: empty, MCP_AUTH_SOCK: running.socket },
  });
  const loads: Load[] = [
    { bytes: 200, width: 1, count: values.short ? 1000 : 4000, warm: 1000 },
    { bytes: 200, width: 32, count: values.short ? 5000 : 20_000, warm: 2000 },
    { bytes: 100_000, width: 1, count: values.short ? 200 : 600, warm: 300 },
  ];
  for (const load of loads) {
    const rates = await inTurn(values.short ? 2 : 5, {
      ours: async () => (await measureLoad(remotely('bridge', 'demo'), load)).rate,
      peer: async () => (await measureLoad(ours(store, 'bridge', 'demo'), load)).rate,
    });
    const what = `${load.bytes === 200 ? '200 B' : '100 kB'}, ${load.width === 1 ? 'one by one' : '32 at a time'}`;
    compare(`bridge through the agent, ${what}`, { ...rates, of: 'direct', unit: '/s', least: 0.8 });
  }
  const time = await inTurn(rounds, {
    ours: () => wallTime(remotely('token', 'demo')),
    peer: () => wallTime(ours(store, 'token', 'demo')),
  });
  compare('token through the agent', { ...time, of: 'from the store', unit: 'ms', most: 1.5 });
  running.stop();
  stop();
}

/** Compares a fresh token from a database on this machine with one from the file. */
async function stores(): Promise<void> {
  const demo = entryOf('https://demo.example/mcp');
  const file = storeOf('file', { demo });
  for (const database of await startDatabases({ folder, entry: demo })) {
    const { name, url } = database;
    const time = await inTurn(rounds, {
      ours: () => wallTime(ours(url, 'token', 'demo')),
      peer: () => wallTime(ours(file, 'token', 'demo')),
    });
    compare(`token, a store in ${name}`, { ...time, of: 'a file', unit: 'ms' });
    await database.stop();
  }
}

/** Measures many processes that need one token, and one process that renews many tokens. */
async function refreshes(): Promise<void> {
  let count = 0;
  const { origin, close } = await listen((_, response) => {
    count += 1;
    const body = JSON.stringify({ access_token: `new-${count}`, token_type: 'Bearer', expires_in: 3600, refresh_token: `r-${count}` });
    setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end(body), 50);
  });
  const renewable = (left: number, url: string) => entryOf(url, loginAt({ origin, url }, { expires_at: soon() - 3600 + left }));
  const all = async (left: number) => {
    const store = storeOf('shared', { demo: renewable(left, `${origin}/mcp`) });
    const before = performance.now();
    await Promise.all(Array.from({ length: 64 }, () => wallTime(ours(store, 'token', 'demo'))));
    return performance.now() - before;
  };
  const one = async () => wallTime(ours(storeOf('single', { demo: renewable(-10, `${origin}/mcp`) }), 'token', 'demo'));
  const time = await inTurn(values.short ? 2 : 5, { ours: () => all(-10), peer: () => all(3600), one });
  const peer = time.peer.map((milliseconds) => milliseconds + median(time.one) / 2);
  compare('64 processes, one expired token', { ours: time.ours, peer, of: '64 fresh ones', unit: 'ms', most: 2 });

  // The refresher alone, for comparison with a command that starts it.
  const alone = () => renewalAlone(storeOf('alone', { demo: renewable(-10, `${origin}/mcp`) }));
  const own = await inTurn(rounds, { ours: one, peer: alone });
  compare('token with an expired token', { ...own, of: 'its renewal alone', unit: 'ms', most: 1.5 });

  const names = Array.from({ length: 200 }, (_, at) => `s${at}`);
  const store = () => storeOf('many', Object.fromEntries(names.map((name) => [name, renewable(-10, `${origin}/${name}`)])));
  const tenth = 10;
  const script = path.join(folder, 'one-by-one.mjs');
  const api = pathToFileURL(path.join(root, 'dist/index.js')).href;
  writeFileSync(
    script,
    `import { getToken } from '${api}';\nfor (const name of ${JSON.stringify(names.slice(0, names.length / tenth))}) await getToken(name);\n`,
  );
  const sequential = async () => tenth * (await wallTime({ words: [node, script], env: { MCP_AUTH_STORE: store() } }));
  const parallel = () => wallTime(ours(store(), 'refresh', '--all'));
  const many = await inTurn(1, { ours: parallel, peer: sequential });
  compare('refresh --all, 200 servers of 50 ms', { ...many, of: 'ten times 20, one by one', unit: 'ms', most: 1 / 6 });
  await close();
}

/** Measures the milliseconds until the refresher has renewed the login. */
async function renewalAlone(store: string): Promise<number> {
  const began = performance.now();
  const child = fork(command, [refresherCommand], { stdio: 'ignore', execArgv: [] });
  child.send({ store, names: ['demo'] });
  await new Promise<void>((resolve) => child.on('message', (message: { is: string }) => message.is === 'ended' && resolve()));
  const time = performance.now() - began;
  await once(child, 'exit');
  return time;
}

/** Measures the size of the package and the time to install it. */
function installing(): void {
  const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root, encoding: 'utf8' });
  const [{ filename, size }] = JSON.parse(packed) as [{ filename: string; size: number }];
  const words = ['install', '--prefix', '.', '--ignore-scripts', '--omit=peer', '--no-audit', '--no-fund', '--loglevel=error'];
  const own = install('mcp-auth-cli', (at) => npm([...words, path.join(folder, filename)], { cwd: at, stdio: 'pipe' }));
  const MiB = (bytes: number) => `${round(bytes / 1024 / 1024)} MiB`;
  add({ what: 'npm pack', ours: MiB(size), peer: '' });
  if (!own || !mcpRemote) return;
  const of = ({ packages, bytes, milliseconds }: typeof own) => `${packages} in ${round(milliseconds / 1000)} s, ${MiB(bytes)}`;
  add({ what: 'installed: packages, time, size', ours: of(own), peer: `mcp-remote ${of(mcpRemote)}`, ratio: own.bytes / mcpRemote.bytes });
}

/** Writes the table into BENCHMARKS.md. */
function writeTable(): void {
  const file = path.join(root, 'BENCHMARKS.md');
  const head = ['| what | mcp-auth | peer | ratio | target |', '| --- | --- | --- | --- | --- |'];
  const table = [...head, ...rows.map(line)].join('\n');
  const text = `${new Date().toISOString().slice(0, 10)}, ${machine}. A line with \`!\` misses its target.\n\n${table}`;
  writeFileSync(file, readFileSync(file, 'utf8').replace(/(<!-- bench -->).*(<!-- \/bench -->)/s, `$1\n\n${text}\n\n$2`));
}

const parts = { startUp, withoutLogin, bridge, agent, sealed, stores, memory, relay, refreshes, installing };

await build();
mkdirSync(path.join(folder, 'mcp-remote'));
const machine = `${os.cpus().length} × ${os.cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`;
process.stdout.write(`${machine}, medians ± half the interquartile range\n`);
process.stdout.write(`| ${'what'.padEnd(54)} | ${'mcp-auth'.padEnd(19)} | ${'peer'.padEnd(30)} | ratio   | target |\n`);
process.stdout.write(`|${'-'.repeat(56)}|${'-'.repeat(21)}|${'-'.repeat(32)}|---------|--------|\n`);
for (const [name, part] of Object.entries(parts)) if (positionals.length === 0 || positionals.includes(name)) await part();
const missed = rows.filter((row) => line(row).startsWith('| !')).length;
process.stdout.write(
  `\n${rows.filter(({ most, least }) => (most ?? least) !== undefined).length} figures with a target, ${missed} missed\n`,
);
if (values.write) writeTable();
rmSync(folder, { recursive: true, force: true });
