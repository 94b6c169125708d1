/** Real servers of each engine, which the machines of a fleet reach, and the rows of the store in them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../../src/machine/clock.js';
import type { EngineKind, RowChange } from '../../src/store/engines/engine.js';
import { engines } from '../../src/store/engines/index.js';
import { installed } from '../../test/helpers/installed.js';
import { startPostgres } from '../../test/helpers/postgres.js';
import { findFreePort } from '../../test/helpers/redis.js';

interface EngineServer {
  /** The URL for the machines, and the one for this machine. Both have the password. */
  readonly url: string;
  readonly localUrl: string;
  /** Ends it at once, as a crash or a hasty restart does. */
  stop(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

type StartServer = (program: string, host: string) => Promise<EngineServer>;

export interface FleetEngine extends EngineServer {
  readonly name: string;
  /** The store that has no other name. */
  readonly main: FleetStore;
  /** A store of that name, which is empty. */
  createStore(name: string): Promise<FleetStore>;
}

/** The rows of a store, by the code of the product and a connection of this process. */
export interface FleetStore {
  /** For the machines. */
  readonly url: string;
  /** Puts logins into the store, by their names. */
  insert(entries: ReadonlyMap<string, object>): Promise<void>;
  read(name: string): Promise<Entry>;
  /** All logins, by their names. */
  readAll(): Promise<ReadonlyMap<string, Entry>>;
  /** Lets the token of a login expire. */
  expire(name: string): Promise<void>;
  /** The names of the leases that are held. */
  listLeases(): Promise<string[]>;
  close(): Promise<void>;
}

export interface Entry {
  readonly auth: { readonly token?: string; readonly refresh_token?: string };
}

const starters: Readonly<Record<string, { program: 'postgres' | 'redis-server'; start: StartServer }>> = {
  PostgreSQL: { program: 'postgres', start: startPostgresServer },
  Redis: { program: 'redis-server', start: startRedisServer },
};

/** Rows of one write. */
const writtenAtOnce = 500;

/** Starts a server of each engine of the list. @param host is the address where the machines reach it. */
export async function startFleetEngines(host: string): Promise<FleetEngine[]> {
  const started: FleetEngine[] = [];
  for (const kind of engines) {
    const starter = starters[kind.name];
    if (starter === undefined) throw new Error(`scripts/stress/fleet-engines.ts cannot start ${kind.name}.`);
    const program = installed(starter.program);
    if (program === undefined) {
      if (process.env['CI']) throw new Error(`${starter.program} is not installed, which CI does`);
      process.stdout.write(`fleet in ${kind.name}: SKIPPED, ${starter.program} is not installed\n`);
      continue;
    }
    const server = await starter.start(program, host);
    const createStore = (store: string) => openStore({ kind, server, store });
    const main = await createStore('default');
    const remove = async () => {
      await main.close();
      await server.remove();
    };
    started.push({ name: kind.name, ...server, main, createStore, remove });
  }
  return started;
}

interface OpenOptions {
  readonly kind: EngineKind;
  readonly server: EngineServer;
  readonly store: string;
}

async function openStore({ kind, server, store }: OpenOptions): Promise<FleetStore> {
  const engine = kind.open({ url: new URL(server.localUrl), store, clock: systemClock, variables: {} });
  const url = new URL(server.url);
  url.searchParams.set('store', store);
  const write = async (changes: readonly RowChange[]) => {
    const result = await engine.write(changes);
    if (result !== 'written') throw new Error(`The store could not be written: ${result}`);
  };
  const find = async (name: string) => {
    const [row] = await engine.read([{ kind: 'server', keys: [name] }]);
    if (row === undefined) throw new Error(`The store has no ${name}.`);
    return row;
  };
  // The logins are in plain text.
  await write([{ kind: 'member', key: 'plaintext', version: undefined, value: 'true' }]);
  return {
    url: url.href,
    insert: async (entries) => {
      const toChange = ([key, entry]: [string, object]): RowChange => ({
        ...{ kind: 'server', key, version: undefined, value: JSON.stringify(entry) },
      });
      const all = [...entries].map(toChange);
      for (let at = 0; at < all.length; at += writtenAtOnce) await write(all.slice(at, at + writtenAtOnce));
    },
    read: async (name) => JSON.parse((await find(name)).value) as Entry,
    readAll: async () => new Map((await engine.read([{ kind: 'server' }])).map(({ key, value }) => [key, JSON.parse(value) as Entry])),
    expire: async (name) => {
      const row = await find(name);
      const entry = JSON.parse(row.value) as Entry;
      Object.assign(entry.auth, { expires_at: 1, renewals: 0 });
      await write([{ ...row, value: JSON.stringify(entry) }]);
    },
    listLeases: async () => (await engine.listLeases()).map(({ name }) => name),
    close: () => engine.close(),
  };
}

async function startPostgresServer(program: string, host: string): Promise<EngineServer> {
  const server = await startPostgres(program);
  const { role, password, port, socketFolder } = server;
  const accessFile = path.join(socketFolder, 'access.conf');
  writeFileSync(accessFile, 'local all all scram-sha-256\nhost all all all scram-sha-256\n', { mode: 0o644 });
  server.configure(`hba_file = '${accessFile}'`, `listen_addresses = '127.0.0.1,${host}'`, 'max_connections = 200');
  // What it has confirmed is there after a crash. `fsync` is needed only if the whole machine crashes.
  server.configure('synchronous_commit = on', 'full_page_writes = on');
  await server.stop();
  await server.start();
  return {
    url: `postgres://${role}:${password}@${host}:${port}/store?sslmode=disable`,
    localUrl: server.url,
    stop: () => server.crash(),
    start: () => server.start(),
    remove: () => server.remove(),
  };
}

async function startRedisServer(program: string, host: string): Promise<EngineServer> {
  const folder = mkdtempSync('/tmp/mcp-auth-redis-');
  const password = crypto.randomUUID();
  const port = await findFreePort();
  const addresses = [...new Set(['127.0.0.1', host])];
  const words = ['--port', `${port}`, '--bind', ...addresses, '--requirepass', password, '--dir', folder];
  let child: ChildProcess;
  const start = async () => {
    const one = spawn(program, [...words, '--save', '', '--appendonly', 'yes'], { stdio: ['ignore', 'pipe', 'ignore'] });
    child = one;
    for await (const line of createInterface({ input: one.stdout })) if (line.includes('Ready to accept connections')) break;
    one.stdout.resume();
  };
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  };
  await start();
  return {
    url: `redis://:${password}@${host}:${port}?plaintext=allow`,
    localUrl: `redis://:${password}@127.0.0.1:${port}`,
    stop,
    start,
    remove: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
