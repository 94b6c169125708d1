/** The command `relay`: its options, its start and its end. */
import { expect, test } from 'vitest';
import { temporaryStore } from '../helpers/folder.js';
import { describeWith } from '../helpers/installed.js';
import { findFreePort, startRedis } from '../helpers/redis.js';
import { createTestTerminal } from '../helpers/relay.js';
import { run } from '../helpers/run.js';

test.each([
  ['relay', /needs its public address/],
  ['relay --public-url relay.example', /is not a URL/],
  ['relay --public-url http://relay.example', /plain http/],
  ['relay --public-url https://relay.example/relay', /without a path/],
  ['relay --public-url https://relay.example/?x', /without a path/],
  ['relay --public-url https://relay.example --listen 8080', /an address and a port/],
  ['relay --public-url https://relay.example --listen 127.0.0.1:80800', /an address and a port/],
  ['relay --public-url https://relay.example --redis 127.0.0.1', /--redis takes an address/],
  ['relay --public-url https://relay.example --redis http://127.0.0.1', /--redis takes an address/],
])('%s is a usage error', async (line, message) => {
  const command = run(line, { store: temporaryStore() });
  expect(await command.exit).toBe(2);
  expect(command.stderr).toMatch(message);
});

test('a relay listens, logs, and stops at a signal while a terminal waits', async () => {
  const command = run('relay --listen 127.0.0.1:0 --public-url https://relay.example', { store: temporaryStore() });
  const port = await command.shown(/^The relay https:\/\/relay\.example listens on port (\d+)\.$/m);
  const at = { origin: `http://127.0.0.1:${port}` };
  const terminal = await createTestTerminal();
  expect((await terminal.put(at)).status).toBe(201);
  const waiting = terminal.answer(at);
  await command.clock.waitForAlarm(25_000);
  command.interrupt();
  expect((await waiting).status).toBe(503);
  expect(await command.exit).toBe(0);
  expect(command.stderr).toMatch(/^PUT \/s\/ID 201 \d+ ms$/m);
  expect(command.stdout).toBe('');
});

test('an address that is in use is an error', async () => {
  const first = run('relay --listen 127.0.0.1:0 --public-url https://relay.example', { store: temporaryStore() });
  const port = await first.shown(/listens on port (\d+)/);
  const second = run(`relay --listen 127.0.0.1:${port} --public-url https://relay.example`, { store: temporaryStore() });
  expect(await second.exit).toBe(2);
  expect(second.stderr).toContain(`cannot listen on 127.0.0.1:${port} (EADDRINUSE)`);
  first.interrupt();
  expect(await first.exit).toBe(0);
});

test('a Redis server that cannot be reached is an error, without its password', async () => {
  const port = await findFreePort();
  const env = { REDIS_URL: `redis://:the-password@127.0.0.1:${port}` };
  const command = run(['relay', '--public-url', 'https://relay.example', '--redis', '${REDIS_URL}'], { store: temporaryStore(), env });
  expect(await command.exit).toBe(6);
  expect(command.stderr).toContain('Redis cannot be reached');
  expect(command.stderr).not.toContain('the-password');
});

describeWith('redis-server', 'with Redis', (program) => {
  test('while Redis is down the relay says so, and goes on when it is back', async () => {
    const redis = await startRedis(program);
    const port = Number(new URL(redis.url).port);
    const line = `relay --listen 127.0.0.1:0 --public-url https://relay.example --redis ${redis.url}`;
    const command = run(line, { store: temporaryStore() });
    const at = { origin: `http://127.0.0.1:${await command.shown(/listens on port (\d+)/)}` };
    const terminal = await createTestTerminal();
    expect((await terminal.put(at)).status).toBe(201);
    await redis.stop();
    await command.shown(/The connection to Redis is lost/);
    expect((await fetch(`${at.origin}/healthz`)).status).toBe(503);
    expect((await terminal.answer(at)).status).toBe(503);
    const again = await startRedis(program, port);
    await command.shown(/The connection to Redis is back/);
    expect((await fetch(`${at.origin}/healthz`)).status).toBe(200);
    expect((await terminal.answer(at)).status).toBe(404);
    expect((await terminal.put(at)).status).toBe(201);
    const waiting = terminal.answer(at);
    await expect.poll(async () => (await fetch(`${at.origin}/metrics`)).text()).toMatch(/polls_waiting 1$/m);
    expect((await terminal.remove(at)).status).toBe(204);
    expect((await waiting).status).toBe(404);
    command.interrupt();
    expect(await command.exit).toBe(0);
    await again.stop();
  });
});
