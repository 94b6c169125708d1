/**
 * `npm run stress`: tries to lose a login. It runs real processes of the built command in a random order, which `--seed N`
 * repeats. The oidc-provider rotates refresh tokens and revokes the grant if a refresh token is used twice. `--only file` runs the
 * part with a store in a file, `--only fleet` the part with a store in a database.
 *
 * CI runs `npm run stress -- --short`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { startAuthorizationServer, type AuthorizationServer } from '../test/helpers/authorization-server.js';
import build, { command } from '../test/helpers/build.js';
import { startMcpServer } from '../test/helpers/mcp-server.js';
import { Person } from '../test/helpers/person.js';
import { stressFleet, type Row } from './stress/fleet.js';
import { killBehindLock, killCommands, type Tally } from './stress/kills.js';

const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, seed: { type: 'string' }, only: { type: 'string' } },
});
if (![undefined, 'file', 'fleet'].includes(values.only)) throw new Error('--only is file or fleet.');
const seed = Number(values.seed ?? randomInt(1_000_000));
const size = values.short
  ? { processes: 24, rounds: 4, kills: 40, edits: 60, renewals: 24 }
  : { processes: 64, rounds: 50, kills: 300, edits: 400, renewals: 300 };

/** Returns a generator of numbers from 0 to 1 (mulberry32). The same seed gives the same numbers. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const random = randomFrom(seed);
const folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-stress-'));
const store = path.join(folder, 'mcp-servers.json');
const rows: Row[] = [];

await build();
process.stdout.write(`seed ${seed}\n`);
const authorizationServer = await startAuthorizationServer({ accessTokenLife: 3600 });
const mcpServer = await startMcpServer({ authorizationServer });
try {
  if (values.only !== 'fleet') {
    await storeLogin('shared');
    await manyProcesses({ authorizationServer });
    await killedHolder();
    await fullDisk();
    await kills();
    await foreignWriter();
    await staleWriter({ authorizationServer });
    await killedRenewals();
  }
  if (values.only !== 'file') rows.push(...(await stressFleet({ folder, random, isShort: values.short })));
} finally {
  await mcpServer.close();
  await authorizationServer.close();
  rmSync(folder, { recursive: true, force: true });
}
for (const { what, figure, good } of rows) process.stdout.write(`${good ? '✓' : '✗'} ${what.padEnd(74)} ${figure}\n`);
const repeated = [...(values.short ? ['--short'] : []), ...(values.only === undefined ? [] : ['--only', values.only]), '--seed', seed];
process.stdout.write(
  `\n${rows.filter(({ good }) => good).length} of ${rows.length} hold; npm run stress -- ${repeated.join(' ')} repeats it\n`,
);
process.exitCode = rows.every(({ good }) => good) ? 0 : 1;

function start(words: readonly string[], env: Record<string, string> = {}): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [command, ...words, '--store', store], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: folder, ...env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...output })));
  return { child, ended };
}

/** Logs in through a browser that reaches the loopback listener. */
async function storeLogin(name: string): Promise<void> {
  const { child, ended } = start(loginWords(name));
  await new Person().approveLogin(child);
  const { code, stderr } = await ended;
  if (code !== 0) throw new Error(`The login exited with ${code}: ${stderr}`);
}

function loginWords(name: string): string[] {
  return ['login', mcpServer.url, '--name', name, '--no-browser', '--flow', 'paste', '--no-verify', '--json'];
}

function document(): { mcpServers: Record<string, { url?: string; auth?: Record<string, unknown> }>; [key: string]: unknown } {
  return JSON.parse(readFileSync(store, 'utf8')) as ReturnType<typeof document>;
}

/** Marks the token of `name` as expired, and writes the store without our lock, as pflow does. */
function expire(name: string): void {
  const now = document();
  Object.assign(now.mcpServers[name]?.auth ?? {}, { expires_at: 1, renewals: 0 });
  writeAsPflow(now);
}

function writeAsPflow(content: object): void {
  const temporary = path.join(folder, `.pflow-${process.pid}`);
  writeFileSync(temporary, JSON.stringify(content, null, 2), { mode: 0o600 });
  renameSync(temporary, store);
}

function grants(server: AuthorizationServer): number {
  return server.log.filter((line) => line === 'grant refresh_token').length;
}

async function manyProcesses({ authorizationServer: server }: { authorizationServer: AuthorizationServer }): Promise<void> {
  const { processes, rounds } = size;
  const before = grants(server);
  let wrong = 0;
  for (let round = 0; round < rounds; round += 1) {
    expire('shared');
    const ended = await Promise.all(Array.from({ length: processes }, () => start(['token', 'shared']).ended));
    const tokens = new Set(ended.map(({ stdout }) => stdout.trim()));
    const [token = ''] = tokens;
    const good = tokens.size === 1 && ended.every(({ code }) => code === 0) && (await server.inspect(token)) !== undefined;
    if (!good) {
      wrong += 1;
      process.stdout.write(`round ${round}: ${tokens.size} tokens; ${ended.find(({ code }) => code !== 0)?.stderr ?? ''}\n`);
    }
  }
  const refreshes = grants(server) - before;
  rows.push(
    {
      what: `${processes} processes on one expired token, ${rounds} rounds: refreshes`,
      figure: `${refreshes}`,
      good: refreshes === rounds,
    },
    { what: 'rounds in which a process failed or printed a different token', figure: `${wrong}`, good: wrong === 0 },
    { what: 'grants revoked because a token was used twice', figure: `${revoked(server)}`, good: revoked(server) === 0 },
  );
}

function revoked(server: AuthorizationServer): number {
  return server.log.filter((line) => line.startsWith('grant revoked') || line.startsWith('refused')).length;
}

/** Kills a process while it holds the lock of the login, and measures how long the next process takes. */
async function killedHolder(): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    expire('shared');
    const holder = start(['token', 'shared']);
    const lock = `${store}.shared.lock`;
    while (!exists(lock)) await wait(1);
    holder.child.kill('SIGSTOP');
    await wait(20);
    holder.child.kill('SIGKILL');
    await holder.ended;
    // The killed process may have used the refresh token. Log in again, because this tests only the lock.
    await storeLogin('shared');
    mkdirSync(lock, { recursive: true });
    writeFileSync(path.join(lock, 'owner.json'), deadOwner(holder.child.pid ?? 0));
    expire('shared');
    const begun = performance.now();
    const { code, stderr } = await start(['token', 'shared']).ended;
    if (code !== 0) throw new Error(stderr);
    times.push(performance.now() - begun);
  }
  const longest = Math.max(...times);
  rows.push({
    what: 'killed lock holder: longest wait of the next process',
    figure: `${Math.round(longest)} ms`,
    good: longest < 5000,
  });
}

function deadOwner(pid: number): string {
  const [boot, namespace] = [readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(), namespaceOfPids()];
  return JSON.stringify({ id: 'dead', place: [hostname(), boot, namespace].join(' '), pid, began: '1' });
}

function exists(file: string): boolean {
  return readdirSync(path.dirname(file)).includes(path.basename(file));
}

function hostname(): string {
  return readFileSync('/proc/sys/kernel/hostname', 'utf8').trim();
}

function namespaceOfPids(): string {
  return readlinkSync('/proc/self/ns/pid');
}

/** Simulates a disk that is full when the new tokens arrive. It sets a file size limit, because /dev/full cannot hold a folder. */
async function fullDisk(): Promise<void> {
  expire('shared');
  const before = readFileSync(store, 'utf8');
  const limited = spawn('/bin/sh', ['-c', `ulimit -f 0; exec "$0" "$@"`, process.execPath, command, 'token', 'shared', '--store', store], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: folder, NODE_DISABLE_COMPILE_CACHE: '1' },
  });
  const code = await new Promise((resolve) => limited.on('close', resolve));
  const isUnchanged = readFileSync(store, 'utf8') === before;
  const next = await start(['token', 'shared']).ended;
  rows.push({
    what: 'full disk: exit code, store unchanged, next token works',
    figure: `${String(code)}, ${isUnchanged}, ${next.code === 0}`,
    good: code !== 0 && isUnchanged && next.code === 0,
  });
}

/** Kills commands with SIGKILL at random moments, each while another process writes to the store. */
async function kills(): Promise<void> {
  const intact = {
    mcpServers: { kept: { type: 'http', url: 'https://kept.example/mcp', auth: { type: 'bearer', token: 'kept', note: 1 } } },
  };
  const all = document();
  Object.assign(all.mcpServers, intact.mcpServers);
  writeAsPflow(all);
  let broken = 0;
  let killed = 0;
  for (let round = 0; round < size.kills; round += 1) {
    const kinds = [
      ['add', `added-${round}`, 'https://added.example/mcp'],
      ['refresh', 'shared'],
      ['token', 'shared', '--min-ttl', '99999'],
      loginWords('other'),
      ['logout', 'other'],
      ['remove', `added-${round - 1}`],
    ];
    const words = kinds[Math.floor(random() * kinds.length)] ?? [];
    const [one, other] = [start(words), start(['add', `neighbour-${round}`, 'https://neighbour.example/mcp'])];
    // The approval fails if the login is killed first.
    if (words[0] === 'login') void new Person().approveLogin(one.child).catch(() => undefined);
    await wait(random() * (words[0] === 'login' ? 900 : 300));
    if (one.child.exitCode === null) killed += Number(one.child.kill('SIGKILL'));
    await one.ended;
    const neighbour = await other.ended;
    const now = documentOrReason();
    const reasons = [
      neighbour.code !== 0 && `the other writer exited with ${neighbour.code}: ${neighbour.stderr}`,
      typeof now === 'string' && now,
      typeof now === 'object' && !isDeepStrictEqual(now.mcpServers['kept'], intact.mcpServers.kept) && 'an entry has changed',
      typeof now === 'object' && now.mcpServers[`neighbour-${round}`] === undefined && 'the other writer’s entry is lost',
    ].filter(Boolean);
    if (reasons.length > 0) broken += 1;
    for (const reason of reasons) process.stdout.write(`kill ${round}, ${words.join(' ')}: ${reason as string}\n`);
  }
  const leftovers = readdirSync(folder).filter((name) => name.endsWith('.lock'));
  rows.push(
    { what: `${size.kills} commands next to another writer: killed`, figure: `${killed}`, good: killed > size.kills / 4 },
    { what: 'kills that broke the store, lost an entry or failed the other writer', figure: `${broken}`, good: broken === 0 },
    { what: 'locks left by killed commands; the next process takes them over', figure: `${leftovers.length}`, good: true },
  );
}

function documentOrReason(): ReturnType<typeof document> | string {
  try {
    return document();
  } catch (error) {
    return `the store does not parse: ${String(error)}`;
  }
}

/** Edits the store from a program that does not use our lock, as pflow does. Our writes must not lose any of its edits. */
async function foreignWriter(): Promise<void> {
  const ending = new AbortController();
  const ours = (async () => {
    let count = 0;
    while (!ending.signal.aborted) {
      const { code } = await start(['add', `ours-${count}`, 'https://ours.example/mcp']).ended;
      if (code === 0) count += 1;
    }
    return count;
  })();
  let lost = 0;
  for (let edit = 0; edit < size.edits; edit += 1) {
    const now = document();
    now['pflow'] = { edit };
    writeAsPflow(now);
    await wait(5 + random() * 40);
    if (JSON.stringify(document()['pflow']) !== JSON.stringify({ edit })) lost += 1;
  }
  ending.abort();
  const written = await ours;
  rows.push({
    what: `${size.edits} edits by a program without our lock, during ${written} of ours: lost`,
    figure: `${lost}`,
    good: lost === 0 && written > 0,
  });
}

/**
 * Saves old copies of the store, as pflow does when it reads the store, works for a while and writes it back. Meanwhile our
 * commands rotate refresh tokens.
 */
async function staleWriter({ authorizationServer: server }: { authorizationServer: AuthorizationServer }): Promise<void> {
  // Several logins, because mcp-auth refuses to renew one login more than 20 times in 30 s.
  const names = Array.from({ length: 10 }, (_, at) => `stale-${at}`);
  for (const name of names) await storeLogin(name);
  const copies = [document()];
  const before = grants(server);
  let saved = 0;
  const saveStale = () => {
    const copy = copies[Math.floor(random() * copies.length)];
    writeAsPflow({ ...copy, pflow: { saved } });
    saved += 1;
  };
  const failures: string[] = [];
  for (let renewal = 0; renewal < 100; renewal += 1) {
    const name = names[renewal % names.length] ?? '';
    const { ended } = start(['refresh', name]);
    await wait(random() * 250);
    saveStale();
    const { code, stderr } = await ended;
    if (code !== 0) failures.push(stderr);
    if (random() < 0.5) saveStale();
    copies.push(document());
    if (copies.length > 30) copies.shift();
  }
  const renewals = grants(server) - before;
  let lost = 0;
  for (const name of names) {
    saveStale();
    const { code, stdout, stderr } = await start(['token', name]).ended;
    const lives = code === 0 && (await server.inspect(stdout.trim())) !== undefined;
    if (!lives || (await start(['refresh', name]).ended).code !== 0) lost += 1;
    if (code !== 0) failures.push(stderr);
  }
  for (const failure of failures.slice(0, 5)) process.stdout.write(failure);
  rows.push({
    what: `${saved} old copies saved by a program without our lock, ${renewals} renewals: logins lost`,
    figure: `${lost}, ${failures.length} failures`,
    good: lost === 0 && failures.length === 0 && renewals >= 100,
  });
}

/** Kills commands while they renew a token. */
async function killedRenewals(): Promise<void> {
  if (process.platform !== 'linux') {
    process.stdout.write('killed renewals: SKIPPED, /proc is needed to find the processes of a command\n');
    return;
  }
  const killing = { folder, random };
  const formatTally = ({ trials, reached, lost }: Tally) => `${lost} of ${reached} (${trials} tried)`;
  const one = await killCommands({ aims: ['alone', 'group'], wanted: size.renewals }, killing);
  rows.push({
    what: 'refresh, token, headers, bridge killed with their process group: logins lost',
    figure: formatTally(one),
    good: one.lost === 0 && one.reached >= size.renewals,
  });
  const behind = await killBehindLock(values.short ? 5 : 20, killing);
  rows.push({
    what: 'all killed after the response, while the store is locked: logins lost',
    figure: formatTally(behind),
    good: behind.lost === 0 && behind.reached > 0,
  });
  const all = await killCommands({ aims: ['all'], wanted: Math.ceil(size.renewals / 4) }, killing);
  // A login can be lost between the request and its response, whatever this machine does. So this row always passes.
  rows.push({
    what: 'all killed at any moment, as in a stopped container: logins lost',
    figure: `${formatTally(all)}; after the response: ${all.lostAfterResponse}`,
    good: true,
  });
}
