/** A real PostgreSQL server on a free port, in a folder of its own. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { findFreePort } from './redis.js';

export interface Postgres {
  readonly port: number;
  /** The folder of its Unix socket. */
  readonly socketFolder: string;
  /** The name and the password of a role that owns the database `store` and may create tables in it. */
  readonly role: string;
  readonly password: string;
  /** A URL of the database for the role. */
  readonly url: string;
  /** A URL of the database for the superuser. */
  readonly superuserUrl: string;
  /** Runs statements as the superuser. */
  query(sql: string, database?: string): Promise<Record<string, unknown>[]>;
  /** A session of the superuser, to the end of the test. */
  connect(): Promise<pg.Client>;
  /** Adds lines to postgresql.conf, which the next start reads. */
  configure(...lines: string[]): void;
  /** Ends its connections and itself. */
  stop(): Promise<void>;
  /** Kills all its processes. */
  crash(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

export interface PostgresOptions {
  /** A folder with cert.pem and key.pem: the server has TLS. */
  readonly certificates?: string;
}

/** PostgreSQL refuses to run as root. */
interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

const run = promisify(execFile);

/** @param program is `postgres`; `initdb` is next to it. */
export async function startPostgres(program: string, { certificates }: PostgresOptions = {}): Promise<Postgres> {
  const account = findAccount();
  // Not in the folder of the checkout, nor in TMPDIR, which only root may be able to enter.
  const folder = mkdtempSync('/tmp/mcp-auth-pg-');
  const data = path.join(folder, 'data');
  mkdirSync(data);
  for (const one of [folder, data]) giveTo(one, account);
  const [role, password, rootPassword] = ['fleet', crypto.randomUUID(), crypto.randomUUID()];
  const passwordFile = path.join(folder, 'password');
  writeFileSync(passwordFile, rootPassword, { mode: 0o600 });
  giveTo(passwordFile, account);
  const words = ['-D', data, '-U', 'root', '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8', '--locale=C', '--no-sync'];
  await run(path.join(path.dirname(program), 'initdb'), words, { ...account, cwd: folder });
  const port = await findFreePort();
  const configure = (...lines: string[]) => appendFileSync(path.join(data, 'postgresql.conf'), `${lines.join('\n')}\n`);
  configure(`port = ${port}`, "listen_addresses = '127.0.0.1'", `unix_socket_directories = '${folder}'`);
  // Faster, and nothing here is worth a disk.
  configure('fsync = off', 'synchronous_commit = off', 'full_page_writes = off', 'max_connections = 100', 'shared_buffers = 16MB');
  if (certificates !== undefined) configure(...copyCertificates(certificates, data, account));
  let child: ChildProcess | undefined;
  const connect = (database = 'store') => new pg.Client({ host: folder, port, user: 'root', password: rootPassword, database }).connect();
  const query = async (sql: string, database?: string) => {
    const client = await connect(database);
    try {
      const { rows } = await client.query<Record<string, unknown>>(sql);
      return rows;
    } finally {
      await client.end();
    }
  };
  const start = async () => {
    child = await startServer(program, { data, folder, account });
  };
  // SIGINT ends its connections, SIGQUIT itself without a checkpoint.
  const end = async (signal: 'SIGINT' | 'SIGQUIT') => {
    if (child?.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  await start();
  await query(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`, 'postgres');
  await query(`CREATE DATABASE store OWNER ${role}`, 'postgres');
  return {
    ...{ port, socketFolder: folder, role, password, query, configure, start },
    connect: async () => {
      const client = await connect();
      onTestFinished(() => client.end());
      return client;
    },
    url: `postgres://${role}:${password}@127.0.0.1:${port}/store`,
    superuserUrl: `postgres://root:${rootPassword}@127.0.0.1:${port}/store`,
    stop: () => end('SIGINT'),
    crash: () => end('SIGQUIT'),
    remove: async () => {
      await end('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function findAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [, , uid, gid] =
    ['postgres', 'nobody'].map((name) => accounts.find(([one]) => one === name)).find((one) => one !== undefined) ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

function giveTo(file: string, { uid, gid }: Account): void {
  if (uid !== undefined && gid !== undefined) chownSync(file, uid, gid);
}

function copyCertificates(from: string, data: string, account: Account): string[] {
  for (const name of ['cert.pem', 'key.pem']) {
    const file = path.join(data, name);
    copyFileSync(path.join(from, name), file);
    chmodSync(file, 0o600);
    giveTo(file, account);
  }
  return ['ssl = on', "ssl_cert_file = 'cert.pem'", "ssl_key_file = 'key.pem'"];
}

/** Resolves when it accepts connections, which it notes in a file. */
async function startServer(program: string, { data, folder, account }: { data: string; folder: string; account: Account }) {
  const child = spawn(program, ['-D', data], { ...account, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-10_000)));
  const exited = once(child, 'exit').then(() => {
    throw new Error(`PostgreSQL has ended:\n${log}`);
  });
  exited.catch(() => undefined);
  await Promise.race([exited, waitUntil(() => log.includes('database system is ready to accept connections'))]);
  return child;
}

async function waitUntil(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await wait(5);
}
