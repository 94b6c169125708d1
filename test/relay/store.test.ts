/** What every store of a relay must do. */
import { expect, test } from 'vitest';
import type { RelaySession } from '../../src/relay/session.js';
import { steppedClock } from '../helpers/clock.js';
import { createTestTerminal, describeWithStores } from '../helpers/relay.js';

const never = new AbortController().signal;

async function createSession(now: number, lifetime = 600_000): Promise<{ id: string; session: RelaySession }> {
  const { id, message } = await createTestTerminal();
  return { id, session: { opened: message, expiresAt: now + lifetime, wrongCodes: 0 } };
}

const countUp = (session: RelaySession) => ({ ...session, wrongCodes: session.wrongCodes + 1 });

describeWithStores((stores) => {
  test('a session is opened once, read, changed and removed', async () => {
    const clock = steppedClock();
    const store = await stores.create(clock);
    const { id, session } = await createSession(clock.now());
    expect(await store.read(id)).toBeUndefined();
    expect(await store.update(id, countUp)).toBeUndefined();
    expect(await store.open(id, session)).toBe(true);
    expect(await store.open(id, countUp(session))).toBe(false);
    expect((await store.read(id))?.session).toEqual(session);
    expect(await store.update(id, countUp)).toMatchObject({ isChanged: true, session: { wrongCodes: 1 } });
    expect(await store.update(id, () => undefined)).toMatchObject({ isChanged: false, session: { wrongCodes: 1 } });
    await store.remove(id);
    expect(await store.read(id)).toBeUndefined();
    expect(await store.sweep()).toEqual({ expired: 0, left: 0 });
    expect(await store.open(id, session)).toBe(true);
  });

  test('no change is lost, however many there are at once', async () => {
    const clock = steppedClock();
    const store = await stores.create(clock);
    const { id, session } = await createSession(clock.now());
    await store.open(id, session);
    await Promise.all(Array.from({ length: 20 }, () => store.update(id, countUp)));
    expect((await store.read(id))?.session.wrongCodes).toBe(20);
  });

  test('a wait ends at a change, at the removal, at the signal, and at once for an old version', async () => {
    const clock = steppedClock();
    const store = await stores.create(clock);
    const { id, session } = await createSession(clock.now());
    await store.open(id, session);
    const versionNow = async () => (await store.read(id))?.version ?? '';
    const old = await versionNow();

    const changed = store.waitForChange(id, old, never);
    await store.update(id, countUp);
    await changed;
    await store.waitForChange(id, old, never);

    const stopping = new AbortController();
    const stopped = store.waitForChange(id, await versionNow(), stopping.signal);
    stopping.abort();
    await stopped;

    const removed = store.waitForChange(id, await versionNow(), never);
    await store.remove(id);
    await removed;
    await store.waitForChange(id, old, never);
  });

  test('what has expired is gone, and counted once', async () => {
    const clock = steppedClock();
    const store = await stores.create(clock);
    const short = await createSession(clock.now(), 60_000);
    const long = await createSession(clock.now(), 120_000);
    for (const { id, session } of [short, long]) await store.open(id, session);
    clock.advance(60_000);
    expect(await store.read(short.id)).toBeUndefined();
    expect(await store.update(short.id, countUp)).toBeUndefined();
    expect(await store.sweep()).toEqual({ expired: 1, left: 1 });
    expect(await store.sweep()).toEqual({ expired: 0, left: 1 });
  });
});
