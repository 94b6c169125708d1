/** Locks between processes, containers and hosts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { withLock } from '../../src/store/lock.js';
import { createLockOwner } from '../../src/store/lock-owner.js';
import { temporaryFolder } from '../helpers/folder.js';

const nothing = () => Promise.resolve();

/** A lock that somebody left, touched `age` milliseconds ago. */
async function leftBy(owner: object | string | undefined, age = 0): Promise<string> {
  const lock = path.join(temporaryFolder(), 'store.lock');
  mkdirSync(lock);
  if (owner !== undefined) writeFileSync(path.join(lock, 'owner.json'), typeof owner === 'string' ? owner : JSON.stringify(owner));
  const touched = new Date(Date.now() - age);
  utimesSync(lock, touched, touched);
  return Promise.resolve(lock);
}

/** A process that has ended, as the owner of a lock. */
async function ended() {
  const child = spawn('/bin/sh', ['-c', 'exit 0']);
  const pid = child.pid ?? 0;
  await once(child, 'close');
  return { ...(await createLockOwner('left')), pid, began: '1' };
}

test('one at a time, and nothing stays behind', async () => {
  const lock = path.join(temporaryFolder(), 'store.lock');
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, (inside += 1));
    await new Promise((resolve) => setTimeout(resolve, 1));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 20 }, () => withLock(lock, { timeout: 20_000 }, work)));
  expect(most).toBe(1);
  expect(readdirSync(path.dirname(lock))).toEqual([]);
});

test('is given back when the work fails', async () => {
  const lock = path.join(temporaryFolder(), 'store.lock');
  await expect(withLock(lock, { timeout: 1000 }, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(lock)).toBe(false);
});

test('what was done under a lock that cannot be taken away counts', async () => {
  const folder = temporaryFolder();
  const work = async () => {
    rmSync(folder, { recursive: true });
    return Promise.resolve('done');
  };
  expect(await withLock(path.join(folder, 'x.lock'), { timeout: 1000 }, work)).toBe('done');
});

describe('a holder', () => {
  test('that has ended is replaced at once, by one of many who wait', async () => {
    const lock = await leftBy(await ended());
    const order: number[] = [];
    const work = (number: number) => async () => {
      order.push(number);
      expect(JSON.parse(readFileSync(path.join(lock, 'owner.json'), 'utf8'))).toMatchObject({ pid: process.pid });
      await nothing();
    };
    await Promise.all([0, 1, 2, 3, 4, 5].map((number) => withLock(lock, { timeout: 5000 }, work(number))));
    expect(order.sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('whose number another process has now is replaced too', async () => {
    const lock = await leftBy({ ...(await createLockOwner('left')), began: '1' });
    await withLock(lock, { timeout: 5000 }, nothing);
  });

  test.each([
    { what: 'that lives', owner: async () => createLockOwner('alive') },
    { what: 'of another host, whose number nobody has here', owner: async () => ({ ...(await ended()), place: 'elsewhere boot pid:[1]' }) },
    { what: 'that has signed with something else', owner: () => Promise.resolve('{"pid": "7"') },
  ])('$what is waited for', async ({ owner }) => {
    const lock = await leftBy(await owner());
    await expect(withLock(lock, { timeout: 50 }, nothing)).rejects.toMatchObject({ code: 'store_locked' });
    expect(existsSync(lock)).toBe(true);
  });

  test('of another host that has long been silent is given up after some seconds of watching', async () => {
    const lock = await leftBy({ ...(await ended()), place: 'elsewhere boot pid:[1]' }, 3_600_000);
    const begun = performance.now();
    await withLock(lock, { timeout: 30_000 }, nothing);
    // It was watched: a clock that was set ahead makes every lock look old.
    expect(performance.now() - begun).toBeGreaterThan(5000);
  });

  test('that goes on touching its lock is not given up, whatever its clock says', async () => {
    const lock = await leftBy({ ...(await ended()), place: 'elsewhere boot pid:[1]' }, 3_600_000);
    let beats = 0;
    const beating = setInterval(() => {
      const old = new Date(Date.now() - 3_600_000 + (beats += 1) * 1000);
      utimesSync(lock, old, old);
    }, 500);
    await expect(withLock(lock, { timeout: 8000 }, nothing)).rejects.toMatchObject({ code: 'store_locked' });
    clearInterval(beating);
  });
});

test('a folder that nobody has signed is nobody’s: whoever is killed leaves no lock without an owner', async () => {
  const lock = await leftBy(undefined);
  await withLock(lock, { timeout: 50 }, async () => {
    expect(JSON.parse(readFileSync(path.join(lock, 'owner.json'), 'utf8'))).toMatchObject({ pid: process.pid });
    await nothing();
  });
  expect(readdirSync(path.dirname(lock))).toEqual([]);
});

test('a signal ends the waiting with its reason', async () => {
  const lock = await leftBy(await createLockOwner('alive'));
  const given = new AbortController();
  const waiting = withLock(lock, { timeout: 60_000, signal: given.signal }, nothing);
  given.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});

test('a folder that cannot be written is said at once', async () => {
  await expect(withLock('/proc/none/store.lock', { timeout: 60_000 }, nothing)).rejects.toMatchObject({ code: 'store_unwritable' });
});

test('a dead holder’s lock that cannot be taken away is told of, not looked at for ever', async () => {
  const lock = await leftBy(await ended());
  // A guard that is held: somebody else seems to be at it.
  mkdirSync(`${lock}.removal`);
  const held = setInterval(() => utimesSync(`${lock}.removal`, new Date(), new Date()), 100);
  await expect(withLock(lock, { timeout: 500 }, nothing)).rejects.toMatchObject({ code: 'store_locked' });
  clearInterval(held);
});

test('the guard of a removal that was killed in the middle is cleared away', async () => {
  const lock = await leftBy(await ended());
  mkdirSync(`${lock}.removal`);
  const old = new Date(Date.now() - 60_000);
  utimesSync(`${lock}.removal`, old, old);
  await withLock(lock, { timeout: 10_000 }, nothing);
  expect(existsSync(`${lock}.removal`)).toBe(false);
});
