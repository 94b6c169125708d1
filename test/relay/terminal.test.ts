/** The relay as the terminal that waits sees it. */
import { expect, test } from 'vitest';
import { createSealKeys } from '../../src/relay-protocol/seal.js';
import { limits } from '../../src/relay/limits.js';
import { createMemoryStore } from '../../src/relay/memory-store.js';
import { createSessionId } from '../../src/relay-protocol/session-id.js';
import { steppedClock } from '../helpers/clock.js';
import { createTestTerminal, describeWithStores, startRelay, TestBrowser, type TestRelay, type TestTerminal } from '../helpers/relay.js';

/** The user approves and types the code; the terminal must be told what it is. */
async function approve(at: TestRelay, { id, state }: TestTerminal, code = 'bcd-fgh'): Promise<Promise<Response>> {
  const browser = new TestBrowser();
  await browser.get(at, `/s/${id}`);
  await browser.get(at, `/callback?code=the-code&state=${state}`);
  return browser.post(at, `/s/${id}/code`, { code });
}

describeWithStores((stores) => {
  const start = async () => {
    const clock = steppedClock();
    return startRelay({ store: await stores.create(clock), clock });
  };

  test('a session is opened, and opened again with other content until its response is there', async () => {
    const relay = await start();
    const terminal = await createTestTerminal();
    const address = { address: `https://relay.example/s/${terminal.id}` };
    const opened = await terminal.put(relay);
    expect([opened.status, await opened.json()]).toEqual([201, address]);
    const again = await terminal.put(relay, { authorization_url: 'https://other.example/authorize' });
    expect([again.status, await again.json()]).toEqual([200, address]);
    const browser = new TestBrowser();
    expect(await (await browser.get(relay, `/s/${terminal.id}`)).text()).toContain('other.example');
    await browser.get(relay, `/callback?code=x&state=${terminal.state}`);
    const late = await terminal.put(relay, { code_hash: 'A'.repeat(43) });
    expect(late.status).toBe(200);
    const answer = terminal.answer(relay);
    void browser.post(relay, `/s/${terminal.id}/code`, { code: 'BCDFGH' });
    expect((await answer).status).toBe(200);
  });

  test('another program gets nothing with the name alone, with another secret, or with the name of another key', async () => {
    const relay = await start();
    const terminal = await createTestTerminal();
    const other = await createTestTerminal();
    await terminal.put(relay);
    const at = `${relay.origin}/s/${terminal.id}`;
    const foreign = { authorization: `Bearer ${other.secret}` };
    const requests: [string, RequestInit][] = [
      ['', { method: 'PUT', body: JSON.stringify(terminal.message) }],
      ['/answer', {}],
      ['/outcome', { method: 'POST', body: '{"ok":true}' }],
      ['', { method: 'DELETE' }],
    ];
    for (const [path, request] of requests) {
      expect((await fetch(at + path, request)).status).toBe(401);
      expect((await fetch(at + path, { ...request, headers: foreign })).status).toBe(401);
    }
    const body = JSON.stringify({ ...other.message, state: `${terminal.id}.x` });
    expect((await fetch(at, { method: 'PUT', body, headers: foreign })).status).toBe(401);
    expect((await terminal.remove(relay)).status).toBe(204);
  });

  test('a session that is not there is 404', async () => {
    const relay = await start();
    const terminal = await createTestTerminal();
    const all = [await terminal.answer(relay), await terminal.outcome(relay, true), await terminal.remove(relay)];
    for (const one of all) expect([one.status, ((await one.json()) as { error: string }).error]).toEqual([404, 'unknown_session']);
  });

  test('a poll wakes with the answer, which can be read again', async () => {
    const relay = await start();
    const terminal = await createTestTerminal();
    await terminal.put(relay);
    const waiting = terminal.answer(relay);
    const page = approve(relay, terminal);
    const answer = (await (await waiting).json()) as { sealed: string; code: string };
    expect(answer.code).toBe('BCDFGH');
    expect(await terminal.open(answer.sealed)).toBe(`code=the-code&state=${terminal.state}`);
    expect(await (await terminal.answer(relay)).json()).toEqual(answer);
    expect((await terminal.outcome(relay, true)).status).toBe(204);
    expect(await (await page).text()).toContain('You are logged in');
    expect((await terminal.answer(relay)).status).toBe(404);
  });

  test('a poll without an answer ends with 204 after 25 seconds, and when the same terminal polls again', async () => {
    const relay = await start();
    const terminal = await createTestTerminal();
    await terminal.put(relay);
    const first = terminal.answer(relay);
    await relay.clock.waitForAlarm(25_000);
    const second = terminal.answer(relay);
    expect((await first).status).toBe(204);
    await relay.clock.waitForAlarm(25_000);
    relay.clock.advance(25_000);
    expect((await second).status).toBe(204);
  });

  test('another program does not end a poll', async () => {
    const relay = await start();
    const terminal = await createTestTerminal();
    await terminal.put(relay);
    const waiting = terminal.answer(relay);
    await relay.clock.waitForAlarm(25_000);
    const headers = { authorization: 'Bearer wrong' };
    expect((await fetch(`${relay.origin}/s/${terminal.id}/answer`, { headers })).status).toBe(401);
    void approve(relay, terminal).catch(() => undefined);
    expect((await waiting).status).toBe(200);
  });

  test('when the relay stops, a poll ends with 503 and the connections are closed', async () => {
    const relay = await start();
    const terminal = await createTestTerminal();
    await terminal.put(relay);
    const waiting = terminal.answer(relay);
    await relay.clock.waitForAlarm(25_000);
    const stopped = relay.stop();
    expect((await waiting).status).toBe(503);
    await stopped;
    await expect(terminal.answer(relay)).rejects.toThrow();
  });

  test('a session expires', async () => {
    const relay = await start();
    const terminal = await createTestTerminal();
    await terminal.put(relay, { expires_in: 60 });
    relay.clock.advance(59_999);
    expect((await fetch(`${relay.origin}/s/${terminal.id}`)).status).toBe(200);
    relay.clock.advance(1);
    expect((await terminal.answer(relay)).status).toBe(404);
    const page = await fetch(`${relay.origin}/s/${terminal.id}`);
    expect([page.status, await page.text()]).toEqual([404, expect.stringContaining('start the login again')]);
  });

  test('a session that has ended is kept for a minute, for its page', async () => {
    const relay = await start();
    const terminal = await createTestTerminal();
    await terminal.put(relay);
    await terminal.outcome(relay, true);
    const show = async () => (await fetch(`${relay.origin}/s/${terminal.id}`)).text();
    relay.clock.advance(59_999);
    expect(await show()).toContain('You are logged in');
    relay.clock.advance(1);
    expect(await show()).toContain('unknown or has expired');
  });

  test('after a failure the terminal may open the session again, for another response', async () => {
    const relay = await start();
    const terminal = await createTestTerminal();
    await terminal.put(relay);
    const first = terminal.answer(relay);
    const page = approve(relay, terminal);
    expect((await first).status).toBe(200);
    await terminal.outcome(relay, false);
    expect(await (await page).text()).toContain('The login failed');
    expect((await terminal.answer(relay)).status).toBe(404);
    expect((await terminal.put(relay)).status).toBe(200);
    expect((await fetch(`${relay.origin}/s/${terminal.id}`)).status).toBe(200);
    const waiting = terminal.answer(relay);
    const again = approve(relay, terminal);
    expect((await waiting).status).toBe(200);
    await terminal.outcome(relay, true);
    expect(await (await again).text()).toContain('You are logged in');
    await terminal.put(relay);
    expect((await terminal.answer(relay)).status).toBe(404);
  });

  test('after too many wrong codes the terminal is told so, and cannot open the session again', async () => {
    const relay = await start();
    const terminal = await createTestTerminal();
    await terminal.put(relay);
    const waiting = terminal.answer(relay);
    const browser = new TestBrowser();
    await browser.get(relay, `/s/${terminal.id}`);
    await browser.get(relay, `/callback?code=x&state=${terminal.state}`);
    for (let tries = 0; tries < 5; tries += 1) await browser.post(relay, `/s/${terminal.id}/code`, { code: 'ZZZZZZ' });
    const answer = await waiting;
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([410, 'too_many_codes']);
    expect((await terminal.put(relay)).status).toBe(410);
    expect((await browser.post(relay, `/s/${terminal.id}/code`, { code: 'BCDFGH' })).status).toBe(410);
    expect((await terminal.answer(relay)).status).toBe(410);
  });

  const otherKey = async () => (await createSealKeys()).publicKey;
  test.each<[string, () => Promise<object> | object]>([
    ['public_key', async () => ({ public_key: `${(await otherKey()).slice(0, -1)}!` })],
    ['secret_hash', () => ({ secret_hash: 'short' })],
    ['authorization_url', () => ({ authorization_url: 'javascript:alert(1)' })],
    ['authorization_url', () => ({ authorization_url: 'http://as.example/authorize' })],
    ['authorization_url', () => ({ authorization_url: 'https://user:password@as.example/' })],
    ['state', () => ({ state: 'another.state' })],
    ['response_mode', () => ({ response_mode: 'form_post' })],
    ['code_hash', () => ({ code_hash: 5 })],
    ['server', () => ({ server: 'x'.repeat(2001) })],
    ['scope', () => ({ scope: ['read'] })],
    ['expires_in', () => ({ expires_in: 59 })],
    ['expires_in', () => ({ expires_in: 1801 })],
    ['expires_in', () => ({ expires_in: 60.5 })],
  ])('an invalid %s is refused (%#)', async (member, changes) => {
    const relay = await start();
    const terminal = await createTestTerminal();
    const refused = await terminal.put(relay, await changes());
    expect([refused.status, ((await refused.json()) as { message: string }).message]).toEqual([400, expect.stringContaining(member)]);
    expect((await terminal.answer(relay)).status).toBe(404);
  });

  test('a key that is not a point of the curve is refused', async () => {
    const relay = await start();
    const { message, secret } = await createTestTerminal();
    const publicKey = 'A'.repeat(87);
    const id = await createSessionId({ publicKey, secretHash: message.secret_hash });
    const body = JSON.stringify({ ...message, public_key: publicKey, state: `${id}.x` });
    const headers = { authorization: `Bearer ${secret}` };
    const refused = await fetch(`${relay.origin}/s/${id}`, { method: 'PUT', headers, body });
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('public_key')]);
  });

  test('a terminal that has gone no longer waits', async () => {
    const relay = await start();
    const terminal = await createTestTerminal();
    await terminal.put(relay);
    const going = new AbortController();
    const waiting = terminal.answer(relay, going.signal);
    const polls = async () => /polls_waiting (\d+)$/m.exec(await (await fetch(`${relay.origin}/metrics`)).text())?.[1];
    await expect.poll(polls).toBe('1');
    going.abort();
    await expect(waiting).rejects.toThrow();
    await expect.poll(polls).toBe('0');
  });

  test('a body that is too large or not JSON is refused', async () => {
    const relay = await start();
    const terminal = await createTestTerminal();
    expect((await terminal.put(relay, { more: 'x'.repeat(17_000) })).status).toBe(400);
    const at = `${relay.origin}/s/${terminal.id}`;
    const headers = { authorization: `Bearer ${terminal.secret}` };
    for (const body of ['', '[]', '{', 'null', new Uint8Array([0x22, 0xff])])
      expect((await fetch(at, { method: 'PUT', headers, body })).status).toBe(400);
    expect((await fetch(at, { method: 'PUT', headers, body: 'x'.repeat(40_000) })).status).toBe(413);
  });
});

test('an address opens 20 sessions a minute, by its place before the proxy', async () => {
  const clock = steppedClock();
  const relay = await startRelay({ store: createMemoryStore({ clock }), clock, trustsProxy: true });
  const open = async (from: string) => {
    const { id, message, secret } = await createTestTerminal();
    const headers = { authorization: `Bearer ${secret}`, 'x-forwarded-for': from };
    return (await fetch(`${relay.origin}/s/${id}`, { method: 'PUT', headers, body: JSON.stringify(message) })).status;
  };
  for (let count = 0; count < 20; count += 1) expect(await open('10.0.0.1, 192.0.2.1')).toBe(201);
  expect(await open('10.0.0.2, 192.0.2.1')).toBe(429);
  expect(await open('192.0.2.1, 192.0.2.2')).toBe(201);
  clock.advance(3000);
  expect(await open('192.0.2.1')).toBe(201);
  expect(await open('192.0.2.1')).toBe(429);
  for (let count = 0; count < 20; count += 1) expect(await open(`2001:db8::${count}`)).toBe(201);
  expect(await open('2001:db8:0:0:ffff::1')).toBe(429);
  expect(await open('2001:0DB8:0000:0000::1')).toBe(429);
  // Some proxies add the port. Another connection is no other address.
  expect(await open('[2001:db8::1]:4711')).toBe(429);
  expect(await open('192.0.2.1:4711')).toBe(429);
  expect(await open('2001:db8:0:1::1')).toBe(201);
});

test('a relay in memory that was restarted goes on with a session that its terminal opens again', async () => {
  const clock = steppedClock();
  const terminal = await createTestTerminal();
  const browser = new TestBrowser();
  const first = await startRelay({ store: createMemoryStore({ clock }), clock });
  await terminal.put(first);
  await browser.get(first, `/s/${terminal.id}`);
  await first.stop();
  const port = Number(new URL(first.origin).port);
  const second = await startRelay({ store: createMemoryStore({ clock }), clock, port });
  expect((await terminal.answer(second)).status).toBe(404);
  expect((await terminal.put(second)).status).toBe(201);
  const waiting = terminal.answer(second);
  expect((await browser.get(second, `/callback?code=x&state=${terminal.state}`)).status).toBe(303);
  const page = browser.post(second, `/s/${terminal.id}/code`, { code: 'BCDFGH' });
  expect((await waiting).status).toBe(200);
  await terminal.outcome(second, true);
  expect((await page).status).toBe(200);
});

test('no more sessions are opened than the limit, until some have expired', async () => {
  const clock = steppedClock();
  const store = createMemoryStore({ clock });
  const relay = await startRelay({ store, clock });
  const terminal = await createTestTerminal();
  const session = { opened: terminal.message, wrongCodes: 0, expiresAt: clock.now() + 60_000 };
  for (let count = 0; count < limits.sessions; count += 1) await store.open(String(count), session);
  const refused = await terminal.put(relay);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  clock.advance(60_000);
  expect((await terminal.put(relay)).status).toBe(201);
  expect(await (await fetch(`${relay.origin}/metrics`)).text()).toMatch(/^mcp_auth_relay_expired_total 10000$/m);
});
