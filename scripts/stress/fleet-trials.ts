/** One login each, at an authorization server whose responses are held back, and what happens to the process that renews it. */
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { FleetEngine } from './fleet-engines.js';
import type { HeldLogin, HeldLoginOptions, HeldServer } from './held-server.js';
import { processesOf, signalAll, type Ended, type Machine, type Machines } from './machines.js';

export interface FleetTools {
  readonly folder: string;
  readonly random: () => number;
  readonly machines: Machines;
  readonly heldServer: HeldServer;
}

interface Trial {
  readonly name: string;
  readonly login: HeldLogin;
  readonly engine: FleetEngine;
  readonly holder: Machine;
  /** The home folder of the holder's processes only, by which they are found. */
  readonly home: string;
}

let trials = 0;

async function createTrial(engine: FleetEngine, tools: FleetTools, options: HeldLoginOptions): Promise<Trial> {
  trials += 1;
  const name = `trial-${trials}`;
  const login = tools.heldServer.createLogin(options);
  await engine.main.insert(new Map([[name, login.entry]]));
  const { list } = tools.machines;
  const home = mkdtempSync(path.join(tools.folder, 'holder-'));
  return { name, login, engine, home, holder: list[trials % list.length] ?? list[0] };
}

/** Another machine than that one. */
function another({ list }: Machines, than: Machine): Machine {
  return list[(list.indexOf(than) + 1) % list.length] ?? list[0];
}

/** Polls, because what is waited for happens in other processes. @throws if it does not happen for longer than anything takes. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, minutes = 4): Promise<void> {
  const end = performance.now() + minutes * 60_000;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`It took more than ${minutes} minutes until ${what}.`);
    await wait(10);
  }
}

/** Whether the store has the tokens that were issued last, and they work: a renewal succeeds. */
async function lives({ name, login, engine }: Trial, machine: Machine): Promise<boolean> {
  const { auth } = await engine.main.read(name);
  if (auth.refresh_token !== login.current) return false;
  const { code, stderr } = await machine.start(['refresh', name], { store: engine.main.url }).ended;
  if (code !== 0) process.stdout.write(`${engine.name}, ${name}: ${stderr}`);
  return code === 0 && !login.isRevoked;
}

export interface KillResult {
  /** Whether the killed process held the right to renew. */
  readonly wasHeld: boolean;
  readonly isLost: boolean;
  /** Whether the server had replaced the refresh token and the response was not stored yet: no client can save such a login. */
  readonly isHopeless: boolean;
  /** Milliseconds until the next machine had a token. */
  readonly duration: number;
}

/** Kills all processes of a machine that renew a login, at a random moment. Then another machine needs a token. */
export async function killHolder(engine: FleetEngine, tools: FleetTools): Promise<KillResult> {
  const { random, machines } = tools;
  const delay = random() * 1500;
  const trial = await createTrial(engine, tools, { delay });
  const { name, login, holder, home } = trial;
  const { ended } = holder.start(['token', name], { store: engine.main.url, home });
  const over = { isOver: false };
  void ended.then(() => (over.isOver = true));
  if (random() < 0.25) await wait(random() * 1500);
  else {
    await until('the refresh request arrives', () => login.requests.length > 0 || over.isOver);
    await wait(random() * delay * 1.2);
  }
  signalAll(home, 'SIGKILL');
  // The server would see that only a moment later, and use the refresh token up.
  login.abandon();
  await ended;
  const wasHeld = (await engine.main.listLeases()).includes(`renewal ${name}`);
  const next = another(machines, holder);
  const begun = performance.now();
  const { code, stdout } = await next.start(['token', name], { store: engine.main.url }).ended;
  const duration = performance.now() - begun;
  const isLost = code !== 0 || !login.accepts(stdout.trim());
  const isHopeless = isLost && login.rotations > 0;
  if (isLost && !isHopeless) process.stdout.write(`${engine.name}, ${name}: lost after a kill, with ${login.requests.length} requests\n`);
  return { wasHeld, isLost, isHopeless, duration };
}

export interface StopResult {
  readonly isGood: boolean;
  readonly refreshes: number;
  /** Milliseconds until another machine had a token. */
  readonly duration: number;
  /** Whether the stopped process printed the newer token once it was continued. Otherwise it failed. */
  readonly hasToken: boolean;
}

/**
 * Stops the processes of the holder for longer than its lease: before it asks for new tokens, or while the request is at the server.
 * In the second case the server gets the same refresh token twice, by nature, and needs a grace period.
 */
export async function stopHolder(when: 'before' | 'during', engine: FleetEngine, tools: FleetTools): Promise<StopResult> {
  const { machines } = tools;
  const trial = await createTrial(engine, tools, { asksForMetadata: when === 'before', hasGrace: when === 'during' });
  const { name, login, holder, home } = trial;
  login.hold();
  const { ended } = holder.start(['token', name], { store: engine.main.url, home });
  await until('the request arrives', () => (when === 'before' ? login.metadataRequests : login.requests.length) > 0);
  signalAll(home, 'SIGSTOP');
  login.release();
  if (when === 'during') await until('the server has responded', () => login.rotations > 0);
  const next = another(machines, holder);
  const begun = performance.now();
  const taken = await next.start(['token', name], { store: engine.main.url }).ended;
  const duration = performance.now() - begun;
  signalAll(home, 'SIGCONT');
  const continued = await ended;
  await until('the processes of the holder have ended', () => processesOf(home).length === 0);
  const refreshes = login.rotations;
  const hasToken = continued.code === 0 && continued.stdout === taken.stdout;
  const isGood =
    taken.code === 0 &&
    login.accepts(taken.stdout.trim()) &&
    (await engine.main.read(name)).auth.token === taken.stdout.trim() &&
    (hasToken || continued.code !== 0) &&
    (await lives(trial, next));
  if (!isGood) report(`stopped ${when} the request`, trial, [taken, continued]);
  else if (!hasToken) process.stdout.write(`${engine.name}, stopped ${when} the request: ${continued.stderr}`);
  return { isGood, refreshes, duration, hasToken };
}

function report(what: string, { engine, name, login }: Trial, ended: readonly Ended[]): void {
  const state = `${login.requests.length} requests, ${login.rotations} responses, ${login.isRevoked ? 'revoked' : 'not revoked'}`;
  process.stdout.write(`${engine.name}, ${name}, ${what}: ${state}\n`);
  for (const { code, stdout, stderr } of ended) process.stdout.write(`  exit code ${code}: ${stdout}${stderr}\n`);
}

export interface OutageResult {
  readonly isLost: boolean;
  readonly refreshes: number;
  /** Processes that gave up in the meantime, of those that wait, and the duration of the whole. */
  readonly failed: number;
  readonly waiting: number;
  readonly duration: number;
}

/** Processes of the other machines that wait for the holder. */
const waitingPerMachine = 2;

/**
 * Begins a renewal on the first machine, while processes of all machines wait for it. When the request has arrived at the server, `interrupt`
 * is called. It lets the server respond when it wants.
 */
export async function interruptRenewal(
  engine: FleetEngine,
  tools: FleetTools,
  interrupt: (respond: () => void) => Promise<void>,
): Promise<OutageResult> {
  const [first] = tools.machines.list;
  const trial = { ...(await createTrial(engine, tools, { asksForMetadata: true })), holder: first };
  const { name, login, home } = trial;
  login.hold();
  const begun = performance.now();
  const start = (machine: Machine, ownHome?: string) => machine.start(['token', name], { store: engine.main.url, home: ownHome });
  const holder = start(first, home);
  // It has the right to renew now. Its refresh request, which has a time limit, is sent once the others wait.
  await until('the request for metadata arrives', () => login.metadataRequests > 0);
  const others = tools.machines.list.slice(1).flatMap((machine) => Array.from({ length: waitingPerMachine }, () => start(machine)));
  // They wait once they have asked for the lease that each machine has for its own processes.
  const isWaiting = async () => (await engine.main.listLeases()).filter((lease) => lease.startsWith(`request ${name} `)).length;
  await until(
    'the others wait',
    async () => (await isWaiting()) >= (tools.machines.problem === undefined ? tools.machines.list.length : 1),
  );
  login.release();
  login.hold();
  await until('the refresh request arrives', () => login.requests.length > 0);
  await interrupt(() => login.release());
  const [held, ...ended] = await Promise.all([holder.ended, ...others.map((other) => other.ended)]);
  const duration = performance.now() - begun;
  await until('the processes of the holder have ended', () => processesOf(home).length === 0);
  const failed = ended.filter(({ code }) => code !== 0).length;
  const refreshes = login.requests.length;
  // The machine of the holder, too, has the token now.
  const after = await start(first).ended;
  const tokens = new Set([after, held, ...ended].filter(({ code }) => code === 0).map(({ stdout }) => stdout.trim()));
  const isSame = tokens.size === 1 && [...tokens].every((token) => login.accepts(token));
  const isLost = after.code !== 0 || !isSame || refreshes !== login.requests.length || !(await lives(trial, first));
  if (isLost || refreshes !== 1) report('interrupted', trial, [after, held, ...ended]);
  else for (const { code, stderr } of [held, ...ended]) if (code !== 0) process.stdout.write(`${engine.name}, gave up: ${stderr}`);
  return { isLost, refreshes, failed: failed + Number(held.code !== 0), waiting: others.length + 1, duration };
}

export interface WatchResult {
  readonly perMachine: readonly number[];
  readonly twice: number;
  readonly missing: number;
  readonly duration: number;
}

/** Many logins that are all due, and `refresh --watch` on three machines. */
export async function watchMany(count: number, engine: FleetEngine, { machines, heldServer, folder }: FleetTools): Promise<WatchResult> {
  const logins = new Map(Array.from({ length: count }, (_, index) => [`many-${index}`, heldServer.createLogin()] as const));
  const store = await engine.createStore('many');
  await store.insert(new Map([...logins].map(([name, { entry }]) => [name, entry])));
  const watching = machines.list.slice(0, 3);
  const begun = performance.now();
  const homes = watching.map(({ name }) => mkdtempSync(path.join(folder, `${name}-`)));
  const started = watching.map((machine, index) => machine.start(['refresh', '--watch'], { store: store.url, home: homes[index] }));
  const all = [...logins.values()];
  const output = () => started.map(({ said }) => said().length).join(' ');
  await until('all logins are renewed', () => all.every(({ rotations }) => rotations > 0), 30);
  const duration = performance.now() - begun;
  // Each goes on through its list. Whoever renews a login twice does that now.
  let [last, since] = [output(), performance.now()];
  await until('they have nothing more to do', () => {
    const now = output();
    if (now !== last) [last, since] = [now, performance.now()];
    return performance.now() - since > 5000;
  });
  for (const home of homes) signalAll(home, 'SIGTERM');
  await Promise.all(started.map(({ ended }) => ended));
  const stored = await store.readAll();
  await store.close();
  const missing = [...logins].filter(([name, login]) => stored.get(name)?.auth.refresh_token !== login.current).length;
  const requests = all.flatMap((login) => login.requests);
  return {
    perMachine: watching.map(({ address }) => requests.filter((from) => from.endsWith(address)).length),
    twice: all.filter((login) => login.requests.length > 1).length,
    missing,
    duration,
  };
}
