/** The second part of `npm run stress`: machines of a fleet that share a store in each engine. */
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startAuthorizationServer, type AuthorizationServer } from '../../test/helpers/authorization-server.js';
import { startMcpServer } from '../../test/helpers/mcp-server.js';
import { Person } from '../../test/helpers/person.js';
import { startFleetEngines, type FleetEngine } from './fleet-engines.js';
import { interruptRenewal, killHolder, stopHolder, watchMany, type OutageResult } from './fleet-trials.js';
import { startHeldServer, type HeldServer } from './held-server.js';
import { createStart, startMachines, type Machines } from './machines.js';

export interface Row {
  readonly what: string;
  readonly figure: string;
  readonly good: boolean;
}

export interface FleetOptions {
  readonly folder: string;
  readonly random: () => number;
  readonly isShort: boolean;
}

interface Fleet extends FleetOptions {
  readonly size: (typeof sizes)['short'];
  readonly machines: Machines;
  readonly engines: readonly FleetEngine[];
  readonly authorizationServer: AuthorizationServer;
  readonly heldServer: HeldServer;
  readonly mcpUrl: string;
}

const machineCount = 4;
/** Trials of one engine at a time that wait for a lease. */
const concurrency = 8;
/** Milliseconds for which a network is cut. */
const cutDuration = 20_000;
const sizes = {
  short: { processes: 16, rounds: 3, kills: 8, stops: 1, restarts: 2, logins: 300 },
  full: { processes: 64, rounds: 50, kills: 80, stops: 4, restarts: 10, logins: 10_000 },
};

/** In this order. The parts that mostly wait run for all engines at once. */
const parts: readonly ((fleet: Fleet) => Promise<Row[]>)[] = [manyProcesses, killedAndStopped, restartedEngine, cutNetwork, watchedLogins];

/** Runs all of it, and returns the rows for the table. */
export async function stressFleet(options: FleetOptions): Promise<Row[]> {
  const closing: (() => Promise<void>)[] = [];
  try {
    const authorizationServer = await startAuthorizationServer({ accessTokenLife: 3600 });
    closing.push(() => authorizationServer.close());
    const mcpServer = await startMcpServer({ authorizationServer });
    closing.push(() => mcpServer.close());
    const heldServer = await startHeldServer();
    closing.push(() => heldServer.close());
    const ports = [authorizationServer.issuer, mcpServer.url].map((url) => Number(new URL(url).port));
    const { folder } = options;
    const machines = await startMachines({ folder, count: machineCount, ports: [...ports, heldServer.port] });
    closing.push(() => machines.close());
    if (machines.problem !== undefined) process.stdout.write(`no namespaces, so all processes are on one machine: ${machines.problem}\n`);
    const engines = await startFleetEngines(machines.engineHost);
    for (const engine of engines) closing.push(() => engine.remove());
    const size = options.isShort ? sizes.short : sizes.full;
    const fleet = { ...options, size, machines, engines, authorizationServer, heldServer, mcpUrl: mcpServer.url };
    const rows: Row[] = [];
    for (const part of parts) {
      const begun = performance.now();
      rows.push(...(await part(fleet)));
      process.stdout.write(`fleet, ${part.name}: ${formatSeconds(performance.now() - begun)}\n`);
    }
    return rows;
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

function describeMachines({ machines }: Fleet): string {
  return machines.problem === undefined ? `${machines.list.length} network namespaces` : 'one namespace';
}

/** Logs in on this machine, through a browser that reaches the loopback listener. */
async function logIn(name: string, engine: FleetEngine, { folder, mcpUrl }: Fleet): Promise<void> {
  const start = createStart([], path.join(folder, 'here'));
  const words = ['login', mcpUrl, '--name', name, '--no-browser', '--flow', 'paste', '--no-verify', '--json'];
  const { child, ended } = start(words, { store: engine.localUrl });
  await new Person().approveLogin(child);
  const { code, stderr } = await ended;
  if (code !== 0) throw new Error(`The login exited with ${code}: ${stderr}`);
}

function grants({ log }: AuthorizationServer): number {
  return log.filter((line) => line === 'grant refresh_token').length;
}

function revoked({ log }: AuthorizationServer): number {
  return log.filter((line) => line.startsWith('grant revoked') || line.startsWith('refused')).length;
}

async function manyProcesses(fleet: Fleet): Promise<Row[]> {
  const rows: Row[] = [];
  for (const engine of fleet.engines) rows.push(...(await manyProcessesIn(engine, fleet)));
  return rows;
}

async function manyProcessesIn(engine: FleetEngine, fleet: Fleet): Promise<Row[]> {
  const { authorizationServer: server, machines, size } = fleet;
  const { processes, rounds } = size;
  await logIn('shared', engine, fleet);
  const before = { grants: grants(server), revoked: revoked(server) };
  const durations: number[] = [];
  let wrong = 0;
  for (let round = 0; round < rounds; round += 1) {
    await engine.main.expire('shared');
    const begun = performance.now();
    const started = Array.from({ length: processes }, (_, index) => {
      const machine = machines.list[index % machines.list.length] ?? machines.list[0];
      return machine.start(['token', 'shared'], { store: engine.main.url }).ended;
    });
    const ended = await Promise.all(started);
    durations.push(performance.now() - begun);
    const tokens = new Set(ended.map(({ stdout }) => stdout.trim()));
    const [token = ''] = tokens;
    const good = tokens.size === 1 && ended.every(({ code }) => code === 0) && (await server.inspect(token)) !== undefined;
    if (good) continue;
    wrong += 1;
    process.stdout.write(`round ${round}: ${tokens.size} tokens; ${ended.find(({ code }) => code !== 0)?.stderr ?? ''}\n`);
  }
  const refreshes = grants(server) - before.grants;
  const lost = revoked(server) - before.revoked;
  const where = `${engine.name}: ${processes} processes in ${describeMachines(fleet)}`;
  return [
    {
      what: `${where}, ${rounds} rounds: refreshes`,
      figure: `${refreshes}, longest round ${Math.round(Math.max(...durations))} ms`,
      good: refreshes === rounds,
    },
    {
      what: `${engine.name}: rounds with a failure or another token; grants revoked`,
      figure: `${wrong}, ${lost}`,
      good: wrong === 0 && lost === 0,
    },
  ];
}

/** Runs `work` that many times, some of them at once. */
async function repeat<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let begun = 0;
  const workOn = async () => {
    while (begun < count) {
      begun += 1;
      results.push(await work());
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, workOn));
  return results;
}

/** Each waits for a lease of a holder that is gone, so they wait together. */
async function killedAndStopped(fleet: Fleet): Promise<Row[]> {
  const found = await Promise.all(
    fleet.engines.map((engine) => Promise.all([killedHolders(engine, fleet), stoppedHolders(engine, fleet)])),
  );
  return found.flat(2);
}

async function killedHolders(engine: FleetEngine, fleet: Fleet): Promise<Row[]> {
  const results = await repeat(fleet.size.kills, () => killHolder(engine, fleet));
  const held = results.filter(({ wasHeld, isLost }) => wasHeld && !isLost).map(({ duration }) => duration);
  const lost = results.filter(({ isLost, isHopeless }) => isLost && !isHopeless).length;
  const hopeless = results.filter(({ isHopeless }) => isHopeless).length;
  return [
    {
      what: `${engine.name}: ${results.length} kills of a renewal: logins lost that could be saved`,
      figure: `${lost}; ${held.length} held the lease, the next had a token after ${formatRange(held)}`,
      good: lost === 0,
    },
    // By nature, a login is lost whose refresh token the server has replaced, if the response died with its process.
    { what: `${engine.name}: killed between the server’s response and the store: lost`, figure: `${hopeless}`, good: true },
  ];
}

async function stoppedHolders(engine: FleetEngine, fleet: Fleet): Promise<Row[]> {
  const tryBoth = (['before', 'during'] as const).map(async (when): Promise<Row> => {
    const results = await repeat(fleet.size.stops, () => stopHolder(when, engine, fleet));
    const bad = results.filter(({ isGood }) => !isGood).length;
    const refreshes = results.reduce((sum, result) => sum + result.refreshes, 0);
    const continued = results.filter(({ hasToken }) => hasToken).length;
    const where = when === 'before' ? 'before its request' : 'in it (server with a grace period)';
    return {
      what: `${engine.name}: stopped past its lease ${where}: lost`,
      figure: `${bad} of ${results.length}; ${refreshes} refreshes; next token after ${formatRange(results.map((one) => one.duration))}; continued, ${continued} had the new token`,
      // Without a request, it must not send one afterwards.
      good: bad === 0 && (when === 'during' || refreshes === results.length),
    };
  });
  return Promise.all(tryBoth);
}

/** The server responds while the engine is down, or when it is back. */
async function restartedEngine(fleet: Fleet): Promise<Row[]> {
  const found = fleet.engines.map(async (engine): Promise<Row> => {
    const results: OutageResult[] = [];
    for (let trial = 0; trial < fleet.size.restarts; trial += 1) {
      const isEarly = trial % 2 === 0;
      const restart = async (respond: () => void) => {
        await engine.stop();
        if (isEarly) respond();
        await engine.start();
        respond();
      };
      results.push(await interruptRenewal(engine, fleet, restart));
    }
    return toOutageRow(`${engine.name}: restarted in mid-refresh`, results);
  });
  return Promise.all(found);
}

/** One cut at a time, for all engines together. */
async function cutNetwork(fleet: Fleet): Promise<Row[]> {
  const { machines, engines } = fleet;
  if (machines.problem !== undefined) {
    process.stdout.write('cut networks: SKIPPED, there are no namespaces\n');
    return [];
  }
  const rows: Row[] = [];
  for (const of of [machines.list[0], 'engines'] as const) {
    const cut = meet(engines.length, async () => {
      machines.setNetwork(of, false);
      await wait(cutDuration);
      machines.setNetwork(of, true);
    });
    const cutOnce = async (respond: () => void) => {
      const over = cut();
      respond();
      await over;
    };
    const side = of === 'engines' ? 'the engine’s side' : 'the holder’s side';
    const results = engines.map(async (engine) =>
      toOutageRow(`${engine.name}: ${cutDuration / 1000} s without network on ${side}`, [await interruptRenewal(engine, fleet, cutOnce)]),
    );
    rows.push(...(await Promise.all(results)));
  }
  return rows;
}

/** Runs `work` once, as soon as so many have called. */
function meet(count: number, work: () => Promise<void>): () => Promise<void> {
  let called = 0;
  let begin: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (begin = resolve)).then(work);
  return () => {
    called += 1;
    if (called === count) begin();
    return over;
  };
}

function toOutageRow(what: string, results: readonly OutageResult[]): Row {
  const lost = results.filter(({ isLost }) => isLost).length;
  const sum = (member: 'refreshes' | 'failed' | 'waiting') => results.reduce((total, result) => total + result[member], 0);
  const figure = `${lost} of ${results.length}; ${sum('refreshes')} refreshes; ${sum('failed')} of ${sum('waiting')} processes gave up`;
  return { what: `${what}: logins lost`, figure, good: lost === 0 && sum('refreshes') === results.length };
}

async function watchedLogins(fleet: Fleet): Promise<Row[]> {
  const engine = fleet.engines.find(({ name }) => name === 'PostgreSQL');
  if (engine === undefined) return [];
  const { perMachine, twice, missing, duration } = await watchMany(fleet.size.logins, engine, fleet);
  const share = fleet.machines.problem === undefined ? perMachine.join(' + ') : 'not known by machine';
  return [
    {
      what: `${engine.name}: ${fleet.size.logins} logins, refresh --watch on 3 machines: twice, not stored`,
      figure: `${twice}, ${missing}; ${share} in ${formatSeconds(duration)}`,
      good: twice === 0 && missing === 0,
    },
  ];
}

function formatRange(durations: readonly number[]): string {
  if (durations.length === 0) return 'no time';
  const sorted = [...durations].sort((one, other) => one - other);
  const [first = 0, middle = 0, last = 0] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  return [first, middle, last].map(formatSeconds).join(' / ');
}

function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
