/** URLs of stores, and what the engines read from them. */
import { describe, expect, test } from 'vitest';
import { AuthError } from '../../src/errors.js';
import { systemClock } from '../../src/machine/clock.js';
import { parsePostgresUrl } from '../../src/store/engines/postgres-address.js';
import { parseRedisUrl } from '../../src/store/engines/redis-address.js';
import { parseStoreUrl } from '../../src/store/engines/store-url.js';
import { isStoreUrl } from '../../src/store/path.js';

const secret = 'hunter2';

function failureOf(work: () => unknown): AuthError {
  try {
    work();
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    expect([error.message, error.hint, error.stack].join('\n')).not.toContain(secret);
    return error;
  }
  throw new Error('It did not fail.');
}

/** Opens an engine, which connects to nothing. */
function open(text: string) {
  const { kind, url, store } = parseStoreUrl(text);
  return kind.open({ url, store, clock: systemClock, variables: {} });
}

test.each([
  ['postgres://db.example/logins', true],
  ['REDIS://db.example', true],
  ['ftp://x', true],
  ['/home/me/mcp-servers.json', false],
  ['C:\\Users\\me\\mcp-servers.json', false],
  ['c://mcp-servers.json', false],
  ['mcp-servers.json', false],
])('%s is a URL: %s', (text, expected) => {
  expect(isStoreUrl(text)).toBe(expected);
});

test.each([
  [`postgres://fleet:${secret}@db.example/logins`, 'PostgreSQL', 'default', 'postgres://fleet@db.example/logins'],
  [`postgresql://fleet:${secret}@[::1]:5433/logins?store=a-B_9`, 'PostgreSQL', 'a-B_9', 'postgresql://fleet@[::1]:5433/logins?store=a-B_9'],
  ['postgres:///logins?host=/run/postgresql&user=fleet', 'PostgreSQL', 'default', 'postgres:///logins?host=/run/postgresql&user=fleet'],
  [`REDISS://:${secret}@db.example/2?store=x`, 'Redis', 'x', 'rediss://db.example/2?store=x'],
  [`valkey://fleet:${secret}@localhost`, 'Redis', 'default', 'valkey://fleet@localhost'],
])('%s is read, and shown without its password', (text, name, store, shown) => {
  const found = parseStoreUrl(text);
  expect([found.kind.name, found.store, found.shown]).toEqual([name, store, shown]);
  expect(found.url.href.replace(/^\w+/, '')).toBe(new URL(text).href.replace(/^\w+/, ''));
});

test.each([
  [`mysql://fleet:${secret}@db.example`, 'No store can be at a URL that begins with mysql://.'],
  [`postgres://fleet:${secret}@db.example:port/x`, 'is not a valid URL'],
  [`postgres://fleet:${secret}#1@db.example/x`, 'is not a valid URL'],
  [`postgres://fleet@db.example/x#${secret}`, 'has a fragment'],
  [`postgres://fleet:${secret}@db.example/x?sslmod=disable`, 'has the parameter "sslmod", which is unsupported'],
  [`redis://:${secret}@db.example?sslmode=disable`, 'has the parameter "sslmode", which is unsupported'],
  [`postgres://fleet:${secret}@db.example/x?store=a/b`, 'names a store with other characters'],
  [`postgres://fleet:${secret}@db.example/x?store=`, 'names a store with other characters'],
])('%s is refused: %s', (text, message) => {
  const error = failureOf(() => parseStoreUrl(text));
  expect([error.code, error.message]).toEqual(['usage', expect.stringContaining(message)]);
  expect(error.hint).toMatch(/postgres:\/\/|redis:\/\//);
});

test.each([
  [`postgres://fleet:${secret}@db.example/x?sslmode=prefer`, 'sslmode="prefer", which is unsupported'],
  [`postgres://fleet:${secret}@db.example/x?sslmode=verify-ca`, 'sslmode=verify-ca without a CA'],
  [`postgres://fleet:${secret}%@db.example/x`, 'a % that does not begin an encoded character'],
  [`redis://:${secret}@db.example`, 'Redis at db.example:6379 would not be encrypted'],
  [`redis://:${secret}@10.0.0.1?plaintext=yes`, 'plaintext="yes", which is unsupported'],
  [`redis://:${secret}@localhost?cafile=/ca.pem`, 'has cafile, but redis:// has no TLS'],
  [`redis://:${secret}@localhost/logins`, 'a database of Redis that is not a number'],
])('%s is refused before anything is sent', (text, message) => {
  const error = failureOf(() => open(text));
  expect([error.code, error.message]).toEqual(['usage', expect.stringContaining(message)]);
  expect(error.hint).not.toBe(undefined);
});

describe('for PostgreSQL', () => {
  test.each([
    ['postgres://db.example/x', 'verify-full', false],
    ['postgres://10.0.0.1/x', 'verify-full', false],
    ['postgres://localhost.example/x', 'verify-full', false],
    ['postgres://db.example/x?sslmode=disable', 'disable', true],
    ['postgres://db.example/x?sslmode=require', 'require', false],
    ['postgres://db.example/x?sslmode=require&sslrootcert=/ca.pem', 'verify-ca', false],
    ['postgres://db.example/x?sslrootcert=/ca.pem', 'verify-full', false],
    ['postgres://localhost/x', 'disable', false],
    ['postgres://127.0.0.2/x', 'disable', false],
    ['postgres://[::1]/x', 'disable', false],
    ['postgres:///x', 'disable', false],
    ['postgres://%2Frun%2Fpostgresql/x', 'disable', false],
    ['postgres:///x?host=/run/postgresql', 'disable', false],
    ['postgres:///x?host=db.example', 'verify-full', false],
    ['postgres://localhost/x?host=db.example', 'verify-full', false],
    ['postgres://localhost/x?sslmode=verify-full', 'verify-full', false],
  ])('%s has sslmode %s', (text, encryption, isReadable) => {
    expect(parsePostgresUrl(new URL(text))).toMatchObject({ encryption, isReadable });
  });
  test('user, password and database are decoded', () => {
    const found = parsePostgresUrl(new URL('postgres://a%40b:p%23w%25@[2001:db8::1]:5433/my%20db'));
    expect(found).toMatchObject({ user: 'a@b', password: 'p#w%', database: 'my db', host: '2001:db8::1', place: '[2001:db8::1]:5433' });
  });
});

describe('for Redis', () => {
  test.each([
    ['rediss://db.example', true, false],
    ['valkeys://db.example', true, false],
    ['redis://db.example?plaintext=allow', false, true],
    ['redis://localhost', false, false],
    ['valkey://127.0.0.1', false, false],
    ['redis://[::1]', false, false],
  ])('%s is encrypted: %s', (text, isEncrypted, isReadable) => {
    expect(parseRedisUrl(new URL(text))).toMatchObject({ isEncrypted, isReadable });
  });
  test('user, password and database are read', () => {
    expect(parseRedisUrl(new URL('rediss://a:p%23w@db.example:7000/3'))).toMatchObject({
      user: 'a',
      password: 'p#w',
      database: 3,
      port: 7000,
    });
  });
});
