/** The second part of `npm run stress`: machines of a fleet that share a store in each engine. */
import path from 'node:path';
import { startAuthorizationServer, type AuthorizationServer } from '../../test/helpers/authorization-server.js';
import { startMcpServer } from '../../test/helpers/mcp-server.js';
import { Person } from '../../test/helpers/person.js';
import { startFleetEngines, type FleetEngine } from './fleet-engines.js';
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
const sizes = {
  short: { processes: 24, rounds: 3 },
  full: { processes: 64, rounds: 50 },
};

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
    for (const engine of engines) rows.push(...(await manyProcesses(engine, fleet)));
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

async function manyProcesses(engine: FleetEngine, fleet: Fleet): Promise<Row[]> {
  const { authorizationServer: server, machines, size } = fleet;
  const { processes, rounds } = size;
  await logIn('shared', engine, fleet);
  const before = { grants: grants(server), revoked: revoked(server) };
  const durations: number[] = [];
  let wrong = 0;
  for (let round = 0; round < rounds; round += 1) {
    await engine.expire('shared');
    const begun = performance.now();
    const started = Array.from({ length: processes }, (_, index) => {
      const machine = machines.list[index % machines.list.length] ?? machines.list[0];
      return machine.start(['token', 'shared'], { store: engine.url }).ended;
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
