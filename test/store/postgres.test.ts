/** What only a store in PostgreSQL has: its tables, passwords and TLS. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/machine/clock.js';
import type { Engine } from '../../src/store/engines/engine.js';
import { postgres } from '../../src/store/engines/postgres.js';
import { createTables } from '../../src/store/engines/postgres-statements.js';
import { makeCertificates } from '../helpers/certificates.js';
import { temporaryFolder } from '../helpers/folder.js';
import { describeWith } from '../helpers/installed.js';
import { startPostgres, type Postgres } from '../helpers/postgres.js';

function openAt(url: string, variables: Record<string, string> = {}): Engine {
  const engine = postgres.open({ url: new URL(url), store: 'default', clock: systemClock, variables });
  onTestFinished(() => engine.close());
  return engine;
}
const read = (engine: Engine) => engine.read([{ kind: 'server' }]);

describeWith('postgres', 'a store in PostgreSQL', (program) => {
  let server: Postgres;
  beforeAll(async () => void (server = await startPostgres(program)));
  afterAll(() => server.remove());
  const withoutPassword = () => server.url.replace(`:${server.password}@`, '@');

  test('is reached through a Unix socket, in both notations', async () => {
    const user = `${server.role}:${server.password}`;
    const folder = encodeURIComponent(server.socketFolder);
    expect(await read(openAt(`postgres://${user}@${folder}:${server.port}/store`))).toEqual([]);
    const url = `postgres://${user}@localhost:${server.port}/store?host=${folder}`;
    expect(await read(openAt(url))).toEqual([]);
  });

  test('takes the password from PGPASSWORD, or from a file that only its owner can read', async () => {
    const file = path.join(temporaryFolder(), 'a file');
    const password = server.password.replaceAll('-', '\\-');
    writeFileSync(file, `# all\nother:*:*:*:no\n127.0.0.1:${server.port}:*:${server.role}:${password}\n*:*:*:*:last\n`, { mode: 0o600 });
    expect(await read(openAt(withoutPassword(), { PGPASSWORD: server.password }))).toEqual([]);
    expect(await read(openAt(withoutPassword(), { PGPASSFILE: file }))).toEqual([]);
    writeFileSync(path.join(path.dirname(file), '.pgpass'), `*:*:store:*:${password}`, { mode: 0o600 });
    expect(await read(openAt(withoutPassword(), { HOME: path.dirname(file) }))).toEqual([]);
    const open = path.join(path.dirname(file), 'open');
    writeFileSync(open, `*:*:*:*:${password}`, { mode: 0o644 });
    await expect(read(openAt(withoutPassword(), { PGPASSFILE: open }))).rejects.toThrow('requires a password');
  });

  test('in a database that is not found says so', async () => {
    const error = { code: 'store_unreadable', message: expect.stringContaining('does not have that database') };
    await expect(read(openAt(server.url.replace(/store$/, 'none')))).rejects.toMatchObject(error);
  });

  test('whose tables are missing and may not be created says so', async () => {
    await server.query('CREATE DATABASE bare');
    const engine = openAt(server.url.replace(/store$/, 'bare'));
    const hint = expect.stringContaining('docs/fleet.md') as string;
    await expect(read(engine)).rejects.toMatchObject({ code: 'store_unreadable', hint });
    await expect(engine.write([{ kind: 'server', key: 'a', version: undefined, value: '' }])).rejects.toMatchObject({
      ...{ code: 'store_unwritable', hint },
    });
  });

  test('can be used by a role that may not create tables, once an administrator has created them', async () => {
    await server.query(`CREATE DATABASE prepared; `);
    const asAdministrator = (sql: string) => server.query(sql, 'prepared');
    await asAdministrator(createTables);
    await asAdministrator(`GRANT SELECT, INSERT, UPDATE, DELETE ON mcp_auth_rows, mcp_auth_leases TO ${server.role};
      GRANT USAGE ON SEQUENCE mcp_auth_versions TO ${server.role}`);
    const engine = openAt(server.url.replace(/store$/, 'prepared'));
    const heard: (string | undefined)[] = [];
    await engine.listen((topic) => heard.push(topic));
    expect(await engine.write([{ kind: 'server', key: 'a', version: undefined, value: '' }])).toBe('written');
    const lease = await engine.takeLease({ name: 'a', owner: 'x', duration: 60_000 });
    await engine.releaseLease({ name: 'a', ...lease });
    const [row] = await read(engine);
    expect(await engine.write([{ kind: 'server', key: 'a', version: row?.version, value: undefined }])).toBe('written');
    expect(heard.slice(0, 2)).toEqual(['server a', 'lease a']);
  });

  /** Resolves when so many statements of the store wait for a lock, or when `work` is done. */
  const waitForLocks = async (count: number, work: Promise<unknown>) => {
    const state = { isDone: false };
    void work.then(() => (state.isDone = true));
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE usename = '${server.role}' AND wait_event_type = 'Lock'`;
    while (!state.isDone && (await server.query(waiting)).length < count);
    return state.isDone;
  };

  test('gives no lease away while its holder writes', async () => {
    const [holder, other, administrator] = [openAt(server.url), openAt(server.url), await server.connect()];
    await holder.write([{ kind: 'member', key: 'a', version: undefined, value: '1' }]);
    const [row] = await holder.read([{ kind: 'member' }]);
    const { fence } = await holder.takeLease({ name: 'busy', owner: 'x', duration: 60_000 });
    await administrator.query("BEGIN; SELECT FROM mcp_auth_rows WHERE kind = 'member' FOR UPDATE");
    const writing = holder.write([{ kind: 'member', key: 'a', version: row?.version, value: '2' }], { name: 'busy', fence });
    expect(await waitForLocks(1, writing)).toBe(false);
    const taking = other.takeLease({ name: 'busy', owner: 'y', duration: 60_000, after: fence });
    expect(await waitForLocks(2, taking)).toBe(false);
    await administrator.query('COMMIT');
    expect(await writing).toBe('written');
    expect((await taking).fence).not.toBe(fence);
  });

  test('gives a lease a fence above that of a process which had it while this one waited', async () => {
    const [engine, administrator] = [openAt(server.url), await server.connect()];
    const first = await engine.takeLease({ name: 'waited', owner: 'x', duration: 60_000 });
    await administrator.query("BEGIN; SELECT FROM mcp_auth_leases WHERE name = 'waited' FOR UPDATE");
    const taking = engine.takeLease({ name: 'waited', owner: 'y', duration: 60_000, after: first.fence });
    expect(await waitForLocks(1, taking)).toBe(false);
    const { rows } = await administrator.query<{ fence: string }>(
      "UPDATE mcp_auth_leases SET fence = nextval('mcp_auth_versions'), ends_at = to_timestamp(0) WHERE name = 'waited' RETURNING fence",
    );
    await administrator.query('COMMIT');
    expect(BigInt((await taking).fence)).toBeGreaterThan(BigInt(rows[0]?.fence ?? ''));
  });

  test('leaves no transaction, no lock and one connection with a name behind', async () => {
    const engine = openAt(server.url);
    await engine.takeLease({ name: 'a', owner: 'x', duration: 60_000 });
    const sessions = await server.query(
      `SELECT state, application_name FROM pg_stat_activity WHERE usename = '${server.role}' AND datname = 'store'`,
    );
    expect(sessions.filter(({ application_name }) => application_name === 'mcp-auth').map(({ state }) => state)).toContain('idle');
    expect(
      await server.query(`SELECT 1 FROM pg_locks WHERE locktype <> 'virtualxid' AND pid <> pg_backend_pid() AND mode <> 'AccessShareLock'`),
    ).toEqual([]);
  });

  test('says what can lose logins, and that its role is a superuser', async () => {
    const problems = async (engine: Engine) => (await engine.inspect()).map(({ problem }) => problem).join('\n');
    expect(await problems(openAt(server.url))).toContain('fsync is off in PostgreSQL');
    expect(await problems(openAt(server.url))).not.toMatch(/superuser|standby|encrypted/);
    await server.query(`ALTER ROLE ${server.role} SUPERUSER`);
    onTestFinished(() => server.query(`ALTER ROLE ${server.role} NOSUPERUSER`).then(() => undefined));
    expect(await problems(openAt(server.url))).toContain('The role of the store is a superuser.');
  });

  test('without TLS is refused where TLS is required', async () => {
    const error = { code: 'store_unreadable', message: expect.stringContaining('does not support TLS') };
    for (const mode of ['require', 'verify-full']) await expect(read(openAt(`${server.url}?sslmode=${mode}`))).rejects.toMatchObject(error);
  });
});

describeWith('postgres', 'a store in PostgreSQL with TLS', (program) => {
  describeWith('openssl', 'and a certificate for localhost from a CA of its own', () => {
    let server: Postgres;
    const open = (host: string, parameters: string) => openAt(server.url.replace('127.0.0.1', host) + `?${parameters}`);
    const isEncrypted = async () =>
      (
        await server.query(
          `SELECT bool_and(ssl) AS yes FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = '${server.role}'`,
        )
      )[0]?.['yes'];

    test('is reached as its sslmode says', async () => {
      const folder = temporaryFolder();
      makeCertificates(folder, ['localhost']);
      const file = path.join(folder, 'ca.pem');
      server = await startPostgres(program, { certificates: folder });
      onTestFinished(() => server.remove());
      for (const [host, parameters] of [
        ['localhost', `sslmode=verify-full&sslrootcert=${file}`],
        ['127.0.0.1', `sslmode=verify-ca&sslrootcert=${file}`],
        ['127.0.0.1', `sslmode=require&sslrootcert=${file}`],
        ['127.0.0.1', 'sslmode=require'],
      ] as const) {
        const engine = open(host, parameters);
        expect(await read(engine)).toEqual([]);
        expect(await isEncrypted()).toBe(true);
        await engine.close();
      }
      for (const [host, parameters, reason] of [
        ['localhost', 'sslmode=verify-full', 'certificate'],
        ['127.0.0.1', `sslmode=verify-full&sslrootcert=${file}`, 'its certificate is for other host names: “localhost”'],
        ['localhost', `sslmode=verify-full&sslrootcert=${path.join(folder, 'cert.pem')}`, 'certificate'],
      ] as const) {
        const error = {
          code: 'store_unreadable',
          message: expect.stringContaining(reason),
          hint: expect.stringContaining('sslrootcert=FILE'),
        };
        await expect(read(open(host, parameters))).rejects.toMatchObject(error);
      }
      await expect(read(open('localhost', 'sslmode=verify-full&sslrootcert=/none'))).rejects.toMatchObject({ code: 'file_unreadable' });
    });
  });
});
