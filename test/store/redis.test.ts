/** What only a store in Redis has: its rights, its memory and TLS. */
import path from 'node:path';
import { createClient } from '@redis/client';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/machine/clock.js';
import type { Engine } from '../../src/store/engines/engine.js';
import { redis } from '../../src/store/engines/redis.js';
import { makeCertificates } from '../helpers/certificates.js';
import { temporaryFolder } from '../helpers/folder.js';
import { describeWith } from '../helpers/installed.js';
import { findFreePort, startRedis } from '../helpers/redis.js';

function openAt(url: string, variables: Record<string, string> = {}): Engine {
  const engine = redis.open({ url: new URL(url), store: 'default', clock: systemClock, variables });
  onTestFinished(() => engine.close());
  return engine;
}
const read = (engine: Engine) => engine.read([{ kind: 'server' }]);
const write = (engine: Engine, key: string) => engine.write([{ kind: 'server', key, version: undefined, value: '{}' }]);
const problemsOf = async (engine: Engine) => (await engine.inspect()).map(({ problem }) => problem).join('\n');

async function connectAsAdministrator(url: string) {
  const client = await createClient({ url }).connect();
  onTestFinished(() => client.close());
  return (...words: string[]) => client.sendCommand(words);
}

describeWith('redis-server', 'a store in Redis', (program) => {
  const start = async (...words: string[]) => {
    const server = await startRedis(program, undefined, words);
    onTestFinished(() => server.stop());
    return server.url;
  };

  test('takes the password from REDISCLI_AUTH', async () => {
    const url = await start('--requirepass', 'secret');
    expect(await read(openAt(url, { REDISCLI_AUTH: 'secret' }))).toEqual([]);
    await expect(read(openAt(url))).rejects.toThrow('requires a password');
    await expect(read(openAt(url, { REDISCLI_AUTH: 'wrong' }))).rejects.toThrow('rejected the user name or the password');
  });

  test('writes nothing when its memory is full, and says so', async () => {
    const url = await start();
    const command = await connectAsAdministrator(url);
    const engine = openAt(url);
    expect(await write(engine, 'a')).toBe('written');
    await command('CONFIG', 'SET', 'maxmemory', '1');
    const error = { code: 'store_unwritable', message: expect.stringContaining('has no memory left') };
    await expect(write(engine, 'b')).rejects.toMatchObject(error);
    await expect(engine.takeLease({ name: 'a', owner: 'x', duration: 1 })).rejects.toMatchObject(error);
    expect(await read(engine)).toHaveLength(1);
  });

  test('writes nothing for a user who may not publish, and says so', async () => {
    const url = await start('--user', 'quiet', 'on', 'nopass', '~*', 'resetchannels', '+@all');
    const engine = openAt(url.replace('redis://', 'redis://quiet:x@'));
    await expect(write(engine, 'a')).rejects.toMatchObject({ code: 'store_unwritable', hint: expect.stringContaining('docs/fleet.md') });
    expect(await read(engine)).toEqual([]);
  });

  test('gives no number twice, even if it has lost the last ones', async () => {
    const url = await start();
    const command = await connectAsAdministrator(url);
    const engine = openAt(url);
    const versions: (string | undefined)[] = [];
    for (let round = 0; round < 5; round += 1) {
      await write(engine, 'a');
      versions.push((await read(engine))[0]?.version);
      const lease = await engine.takeLease({ name: 'a', owner: 'x', duration: 60_000 });
      versions.push(lease.fence);
      await command('FLUSHALL');
    }
    expect(new Set(versions).size).toBe(10);
    expect(versions).toEqual([...versions].sort());
  });

  test('has all keys of a store in one place of a cluster', async () => {
    const url = await start();
    const command = await connectAsAdministrator(url);
    const engine = openAt(url);
    await write(engine, 'a');
    await engine.takeLease({ name: 'a', owner: 'x', duration: 60_000 });
    const keys = (await command('KEYS', '*')) as unknown as string[];
    expect(keys.length).toBe(3);
    for (const key of keys) expect(key).toMatch(/^mcp-auth:\{default\}:/);
  });

  test('says what can lose logins', async () => {
    const url = await start('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru');
    const command = await connectAsAdministrator(url);
    expect(await problemsOf(openAt(url))).toMatch(/no append-only file[^]*removes logins when its memory is full/);
    await command('CONFIG', 'SET', 'appendonly', 'yes');
    await command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    expect(await problemsOf(openAt(url))).toBe('');
    await command('REPLICAOF', '127.0.0.1', '1');
    expect(await problemsOf(openAt(url))).toContain('is a read-only replica');
    await command('ACL', 'SETUSER', 'default', '-info');
    expect(await problemsOf(openAt(url))).toContain('does not let mcp-auth look at how it is set up');
  });

  describeWith('openssl', 'with TLS', () => {
    test('is reached if its certificate is for its name, from a CA that is named', async () => {
      const folder = temporaryFolder();
      makeCertificates(folder, ['localhost']);
      const file = (name: string) => path.join(folder, name);
      const port = await findFreePort();
      await start(
        ...['--tls-port', String(port), '--tls-cert-file', file('cert.pem'), '--tls-key-file', file('key.pem')],
        ...['--tls-ca-cert-file', file('ca.pem'), '--tls-auth-clients', 'no'],
      );
      const engine = openAt(`rediss://localhost:${port}?cafile=${file('ca.pem')}`);
      const heard: (string | undefined)[] = [];
      await engine.listen((topic) => heard.push(topic));
      expect(await write(engine, 'a')).toBe('written');
      for (const [host, parameters, reason] of [
        ['localhost', '', 'certificate'],
        ['127.0.0.1', `?cafile=${file('ca.pem')}`, 'its certificate is for other host names: “localhost”'],
      ] as const) {
        const error = { code: 'store_unreadable', message: expect.stringContaining(reason), hint: expect.stringContaining('cafile=FILE') };
        await expect(read(openAt(`rediss://${host}:${port}${parameters}`))).rejects.toMatchObject(error);
      }
      await expect(read(openAt(`rediss://localhost:${port}?cafile=/none`))).rejects.toMatchObject({ code: 'file_unreadable' });
    });
  });
});
