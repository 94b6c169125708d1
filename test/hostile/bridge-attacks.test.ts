/** What a running bridge must not do, whatever happens to its store and whatever its server sends. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { answerTo, bridged, hello, json, serverOf, withSession, type Seen } from '../helpers/bridged.js';
import { storedLogin } from '../helpers/stored-login.js';

const error = (id: unknown, message: string) => ({ jsonrpc: '2.0', id, error: { code: -32_603, message } });

test('a name that now belongs to another server: its token is not sent to the first server', async () => {
  const first = await withSession((seen, response) => json(response, answerTo(seen)));
  const other = await serverOf((_, response) => response.writeHead(404).end());
  const store = storedLogin(first);
  const { bridge, ask, end } = bridged(store);
  await ask('initialize', hello);
  const login = storedLogin(other, { token: 'for-the-other' });
  writeFileSync(store, readFileSync(login));
  // The bridge reads the store at most every two seconds.
  bridge.clock.advance(2_000);
  expect((await ask('tools/list')).error?.message).toContain(other.origin);
  await end();
  expect(first.seen.map(({ headers }) => headers.authorization)).not.toContain('Bearer for-the-other');
});

test('a failure in response to a request is not treated as a lost session: the request may have been executed', async () => {
  const server = await withSession((seen, response) =>
    json(response, error(seen.body.id, 'The order was placed; then the database session was closed'), { status: 500 }),
  );
  const { ask, end } = bridged(storedLogin(server));
  await ask('initialize', hello);
  expect((await ask('tools/call')).error).toBeDefined();
  await end();
  expect(server.posts().filter(({ body }) => body.method === 'tools/call')).toHaveLength(1);
});

test('a batch that was answered is not sent again, whatever its status', async () => {
  const server = await withSession((seen, response) => {
    const all = (Array.isArray(seen.body) ? seen.body : [seen.body]) as Seen['body'][];
    json(
      response,
      all.map(({ id }) => (id === 7 ? { jsonrpc: '2.0', id, result: {} } : error(id, 'wrong'))),
      { status: 400 },
    );
  });
  const { ask, bridge, end } = bridged(storedLogin(server));
  await ask('initialize', hello);
  const request = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/call' });
  bridge.type(`${JSON.stringify([request(7), request(8)])}\n`);
  await expect.poll(() => bridge.stdout, { timeout: 30_000 }).toContain('"id":8');
  await end();
  expect(server.posts().filter(({ body }) => body.method !== 'initialize')).toHaveLength(1);
});
