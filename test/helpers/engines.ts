/** The servers of all engines, so that the same tests run on each. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient } from '@redis/client';
import { startPostgres } from './postgres.js';
import { findFreePort, startRedis, type Redis } from './redis.js';

export interface EngineServer {
  /** With the password. */
  readonly url: string;
  readonly password: string;
  /** The URL of a user who exists and may do nothing. */
  readonly strangerUrl: string;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends all connections of the store's user from the side of the server. */
  disconnect(): Promise<void>;
  /** From then on, new connections cannot write. */
  setReadOnly(isReadOnly: boolean): Promise<void>;
  /** Lets the store's user have one connection only. */
  limitConnections(isLimited: boolean): Promise<void>;
  remove(): Promise<void>;
}

export interface EngineStarter {
  readonly program: 'postgres' | 'redis-server';
  start(program: string): Promise<EngineServer>;
}

/** By the name of the engine. */
export const engineStarters: Readonly<Record<string, EngineStarter>> = {
  PostgreSQL: { program: 'postgres', start: startPostgresServer },
  Redis: { program: 'redis-server', start: startRedisServer },
};

async function startPostgresServer(program: string): Promise<EngineServer> {
  const server = await startPostgres(program);
  const { role, password, port, query } = server;
  await query(`CREATE ROLE stranger LOGIN PASSWORD '${password}'`);
  return {
    ...{ url: server.url, password, stop: server.stop, start: server.start, remove: server.remove },
    strangerUrl: `postgres://stranger:${password}@127.0.0.1:${port}/store`,
    disconnect: async () => {
      await query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`);
    },
    setReadOnly: async (isReadOnly) => {
      await query(`ALTER ROLE ${role} SET default_transaction_read_only = ${isReadOnly ? 'on' : 'off'}`);
      await query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`);
    },
    limitConnections: async (isLimited) => {
      await query(`ALTER ROLE ${role} CONNECTION LIMIT ${isLimited ? 1 : -1}`);
    },
  };
}

async function startRedisServer(program: string): Promise<EngineServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-redis-'));
  const password = crypto.randomUUID();
  const port = await findFreePort();
  const rights = ['~mcp-auth:*', '&mcp-auth:*', '-@all', '+@read', '+@write', '+@scripting', '+@pubsub', '+time', '+info', '+select'];
  const words = [
    ...['--appendonly', 'yes', '--dir', folder, '--requirepass', password],
    ...['--user', 'fleet', 'on', `>${password}`, ...rights],
    ...['--user', 'stranger', 'on', `>${password}`, '-@all'],
  ];
  let server: Redis = await startRedis(program, port, words);
  const connect = () => createClient({ url: `redis://:${password}@127.0.0.1:${port}` }).connect();
  const command = async (...one: string[]) => {
    const client = await connect();
    await client.sendCommand(one);
    await client.close();
  };
  let limiter: Awaited<ReturnType<typeof connect>> | undefined;
  return {
    url: `redis://fleet:${password}@127.0.0.1:${port}`,
    password,
    strangerUrl: `redis://stranger:${password}@127.0.0.1:${port}`,
    stop: () => server.stop(),
    start: async () => {
      server = await startRedis(program, port, words);
    },
    disconnect: () => command('CLIENT', 'KILL', 'USER', 'fleet'),
    setReadOnly: async (isReadOnly) => {
      await command('REPLICAOF', ...(isReadOnly ? ['127.0.0.1', '1'] : ['NO', 'ONE']));
    },
    limitConnections: async (isLimited) => {
      // It needs the other connection itself, to end the limit.
      limiter ??= await connect();
      await limiter.sendCommand(['CONFIG', 'SET', 'maxclients', isLimited ? '2' : '1000']);
      if (isLimited) return;
      await limiter.close();
      limiter = undefined;
    },
    remove: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
