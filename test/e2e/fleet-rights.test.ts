/** The rights that docs/fleet.md gives to the user of a store are enough for everything, and for nothing else. With real servers. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient } from '@redis/client';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHash } from 'node:crypto';
import { findServer } from '../../src/store/document.js';
import { command } from '../helpers/build.js';
import { readStore, temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { describeWith, installed } from '../helpers/installed.js';
import { Person } from '../helpers/person.js';
import { piped, type Piped } from '../helpers/piped.js';
import { startPostgres, type Postgres } from '../helpers/postgres.js';
import { findFreePort, startRedis, type Redis } from '../helpers/redis.js';
import { realServers } from '../helpers/servers.js';
import { openPlace } from '../helpers/store-places.js';

const deploy = path.resolve(import.meta.dirname, '../../deploy/fleet');
const password = 'p@ss/word';

/** A file as Kubernetes mounts a secret: behind two links, for the owner and the group to read. */
function mountSecret(name: string, content: string): string {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, '..2026_11_27'));
  const file = path.join(folder, '..2026_11_27', name);
  writeFileSync(file, `${content}\n`);
  chmodSync(file, 0o440);
  if (process.getuid?.() === 0) {
    chmodSync(folder, 0o755);
    chownSync(file, 0, 1000);
  }
  symlinkSync('..2026_11_27', path.join(folder, '..data'));
  symlinkSync(path.join('..data', name), path.join(folder, name));
  return path.join(folder, name);
}

interface Machine {
  readonly folder: string;
  run(...words: string[]): Piped;
  /** Runs a command to its end. Resolves to stdout and stderr. */
  ended(...words: string[]): Promise<string>;
}

/** A machine of the fleet: a home of its own, and the URL of the store in a file. */
function createMachine(url: string): Machine {
  const folder = temporaryFolder();
  const env = { PATH: process.env['PATH'], HOME: folder, NO_COLOR: '1', MCP_AUTH_STORE_FILE: mountSecret('store-url', url) };
  const run = (...words: string[]) => piped(spawn(process.execPath, [command, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  return {
    folder,
    run,
    ended: async (...words) => {
      const { exit, output } = run(...words);
      expect(await exit, output.stderr + output.stdout).toBe(0);
      return output.stdout + output.stderr;
    },
  };
}

async function expire(url: string): Promise<void> {
  const store = openPlace(url);
  await store.update((document) => Object.assign(findServer(document, 'demo')?.auth ?? {}, { expires_at: 1, renewals: 0 }), 'demo');
  await store.close();
}

/** Everything that a store is used for. */
async function useEverything(url: string): Promise<void> {
  const { mcpServer, authorizationServer } = await realServers();
  const [one, two] = [createMachine(url), createMachine(url)];
  const file = temporaryStore({});
  await one.ended('copy', '--from', file, '--plaintext');
  const start = one.run('login', mcpServer.url, '--name', 'demo', '--flow', 'paste', '--start', '--json');
  expect(await start.exit, start.output.stderr).toBe(0);
  const { url: approval } = JSON.parse(start.output.stdout) as { url: string };
  await two.ended('login', 'demo', '--finish', await new Person().approve(approval));
  expect(await one.ended('list')).toContain('in 59 minutes');

  await expire(url);
  const tokens = await Promise.all([one, two, one, two].map((machine) => machine.ended('token', 'demo')));
  expect(new Set(tokens).size).toBe(1);
  expect(authorizationServer.log.filter((line) => line === 'grant refresh_token')).toHaveLength(1);
  expect(await two.ended('refresh', 'demo')).toContain('Renewed');

  const report = await one.ended('doctor', 'demo');
  expect(report).toContain('has 1 server');
  expect(report).toContain('✓ Store: writing: writable');
  expect(report).not.toContain('superuser');

  await one.ended('copy', 'demo', '--to', file);
  expect(readStore(file).mcpServers.demo.auth.token).toMatch(/\S+/);
  expect(await two.ended('list')).toContain('none');
  await one.ended('copy', 'demo', '--from', file);
  expect(await two.ended('token', 'demo')).toMatch(/\S+/);

  await two.ended('logout', 'demo');
  expect(authorizationServer.log).toContain('refresh token revoked');
  await one.ended('remove', 'demo');
  expect(await two.ended('list')).toContain('No servers');
}

describeWith('postgres', 'the role of postgres.sql', (program) => {
  let server: Postgres;
  let url: string;
  /** Runs SQL by psql as the superuser, as the page says. */
  const psql = (words: readonly string[], input = '') =>
    execFileSync(installed('psql') ?? 'psql', ['-v', 'ON_ERROR_STOP=1', '-q', ...words], {
      input,
      env: { ...process.env, PGHOST: '127.0.0.1', PGPORT: String(server.port), PGUSER: 'root', PGPASSWORD: rootPassword() },
      encoding: 'utf8',
    });
  const rootPassword = () => new URL(server.superuserUrl).password;

  beforeAll(async () => {
    server = await startPostgres(program);
    psql(['-d', 'postgres', '-f', path.join(deploy, 'postgres.sql')]);
    const folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-test-'));
    const secret = path.join(folder, 'role-password');
    writeFileSync(secret, `${password}\n`);
    psql(['-d', 'postgres'], readFileSync(path.join(deploy, 'password.sql'), 'utf8').replace('/run/secrets/role-password', secret));
    rmSync(folder, { recursive: true });
    psql(['-d', 'mcp_auth'], 'CREATE TABLE other (secret text)');
    url = `postgres://mcp_auth:${encodeURIComponent(password)}@127.0.0.1:${server.port}/mcp_auth`;
  });
  afterAll(() => server.remove());

  test('is enough for everything that a store is used for', () => useEverything(url));

  test.each([
    'CREATE TABLE mine (a int)',
    'CREATE TEMP TABLE mine (a int)',
    'CREATE SCHEMA mine',
    'CREATE ROLE mine',
    'CREATE DATABASE mine',
    'CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    'SELECT * FROM pg_authid',
    'SELECT * FROM other',
    "SELECT pg_read_file('/etc/passwd')",
    "COPY mcp_auth_rows TO PROGRAM 'cat'",
    "SELECT setval('mcp_auth_versions', 1)",
    'TRUNCATE mcp_auth_rows',
    'DROP TABLE mcp_auth_rows',
    'ALTER TABLE mcp_auth_leases ADD mine int',
    'ALTER SYSTEM SET fsync = off',
  ])('does not allow: %s', async (statement) => {
    const client = new pg.Client(url);
    await client.connect();
    try {
      const error = await client.query(statement).then(
        () => undefined,
        (refused: unknown) => refused as { code: string },
      );
      // insufficient_privilege, or a table of another owner.
      expect(error?.code, statement).toBe('42501');
    } finally {
      await client.end();
    }
  });

  test('doctor says so if the role is a superuser, and if the server may lose what it confirms', async () => {
    const report = await createMachine(server.superuserUrl.replace('/store', '/mcp_auth')).ended('doctor');
    expect(report).toContain('! Store: database: The role of the store is a superuser.');
    expect(report).toContain('fsync is off in PostgreSQL: logins can be lost when it crashes.');
  });

  test.skipIf(installed('bwrap') === undefined)(
    'as in a pod: another user, secrets of root, and no folder that can be written',
    async () => {
      const { mcpServer, authorizationServer } = await realServers();
      const there = createMachine(url);
      await there.ended('copy', '--from', temporaryStore({}), '--plaintext');
      const login = there.run('login', mcpServer.url, '--name', 'demo', '--no-browser', '--flow', 'paste', '--json');
      await new Person().approveLogin(login.child);
      expect(await login.exit, login.output.stderr).toBe(0);
      await expire(url);
      const file = mountSecret('store-url', url);
      const pod = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--unshare-user', '--uid', '1000', '--gid', '1000'];
      const variables = { HOME: '/nonexistent', MCP_AUTH_STORE_FILE: file, TMPDIR: '/' };
      const env = Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value]);
      const inPod = async (...words: string[]) => {
        const { exit, output } = piped(
          spawn(installed('bwrap') ?? '', [...pod, ...env, process.execPath, command, ...words], { stdio: ['ignore', 'pipe', 'pipe'] }),
        );
        expect(await exit, output.stderr).toBe(0);
        expect(output.stderr).toBe('');
        return output.stdout;
      };
      const token = await inPod('token', 'demo');
      expect(authorizationServer.log.filter((line) => line === 'grant refresh_token')).toHaveLength(1);
      expect(await inPod('exec', 'demo', '--', 'sh', '-c', 'echo $MCP_AUTH_TOKEN')).toBe(token);
      await there.ended('remove', 'demo');
    },
  );
});

describeWith('redis-server', 'the user of redis.acl', (program) => {
  let server: Redis;
  let folder: string;
  let port: number;
  const userUrl = () => `redis://mcp-auth:${encodeURIComponent(password)}@127.0.0.1:${port}`;
  const adminPassword = crypto.randomUUID();

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-redis-'));
    port = await findFreePort();
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    const acl = readFileSync(path.join(deploy, 'redis.acl'), 'utf8').replace('SHA256-OF-THE-PASSWORD', hash(password));
    const file = path.join(folder, 'users.acl');
    writeFileSync(file, `${acl}user admin on #${hash(adminPassword)} ~* &* +@all\n`);
    // As the page says.
    const words = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction', '--aclfile', file];
    server = await startRedis(program, port, [...words, '--dir', folder]);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function send(url: string, words: readonly string[]): Promise<unknown> {
    const client = createClient({ url, disableClientInfo: true, RESP: 2 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await client.sendCommand([...words]);
    } finally {
      client.destroy();
    }
  }

  test('is enough for everything that a store is used for, and doctor finds nothing', async () => {
    await useEverything(userUrl());
    expect(await createMachine(userUrl()).ended('doctor')).toContain('✓ Store: database: Redis keeps what it is given');
  });

  const refused = [
    ['KEYS', '*'],
    ['SCAN', '0'],
    ['CONFIG', 'GET', '*'],
    ['FLUSHALL'],
    ['FLUSHDB'],
    ['GET', 'another'],
    ['GET', 'mcp-auth:{another}:last'],
    ['SET', 'mcp-auth:{another}:last', '1'],
    ['DEL', 'mcp-auth:{default}:last'],
    ['EVAL', "return redis.call('GET', KEYS[1])", '1', 'another'],
    ['EVAL', "return redis.call('FLUSHALL')", '0'],
    ['PUBLISH', 'another', 'text'],
    ['SUBSCRIBE', 'mcp-auth:{another}'],
    ['ACL', 'LIST'],
    ['CLIENT', 'LIST'],
    ['MONITOR'],
    ['SHUTDOWN'],
    ['SELECT', '1'],
    ['REPLICAOF', 'NO', 'ONE'],
  ].map((words) => ({ words, line: words.join(' ') }));
  test.each(refused)('does not allow: $line', async ({ words }) => {
    await expect(send(userUrl(), words)).rejects.toThrow(/NOPERM|can't (run|access)/);
  });

  test('the user without a password is off', async () => {
    await expect(send(`redis://127.0.0.1:${port}`, ['PING'])).rejects.toThrow(/NOAUTH/);
  });

  test('doctor says so if nothing is written to disk, and if logins are evicted', async () => {
    const admin = `redis://admin:${adminPassword}@127.0.0.1:${port}`;
    const change = async (...pairs: [string, string][]) => {
      for (const pair of pairs) await send(admin, ['CONFIG', 'SET', ...pair]);
    };
    await change(['appendonly', 'no'], ['maxmemory', '100mb'], ['maxmemory-policy', 'allkeys-lru']);
    const report = await createMachine(userUrl()).ended('doctor');
    expect(report).toContain('has no append-only file: it forgets the newest logins when it restarts.');
    expect(report).toContain('removes logins when its memory is full (maxmemory-policy).');
    await change(['appendonly', 'yes'], ['maxmemory', '0'], ['maxmemory-policy', 'noeviction']);
  });
});
