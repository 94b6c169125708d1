/** Locks between processes, containers and hosts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/effects.js';
import { systemClock } from '../../src/machine/clock.js';
import { withLock } from '../../src/store/lock.js';
import { createLockOwner, hasEnded } from '../../src/store/lock-owner.js';
import { temporaryFolder } from '../helpers/folder.js';

const nothing = () => Promise.resolve();
const within = (timeout: number) => ({ timeout, clock: systemClock });

/** A clock whose time passes only while the lock sleeps, at once. `onSleep` is called after each pause with the time since the start. */
function fastClock(onSleep: (elapsed: number) => void = () => undefined) {
  const started = Date.now();
  let now = started;
  const clock: Clock = {
    ...systemClock,
    now: () => now,
    sleep: async (milliseconds, signal) => {
      await nextTurn();
      signal?.throwIfAborted();
      now += milliseconds;
      onSleep(now - started);
    },
  };
  return { clock, elapsed: () => now - started };
}

/** A lock that another process has left, touched `age` milliseconds ago. */
async function leftBy(owner: object | string | undefined, age = 0): Promise<string> {
  const lock = path.join(temporaryFolder(), 'store.lock');
  mkdirSync(lock);
  if (owner !== undefined) writeFileSync(path.join(lock, 'owner.json'), typeof owner === 'string' ? owner : JSON.stringify(owner));
  const touched = new Date(Date.now() - age);
  utimesSync(lock, touched, touched);
  return Promise.resolve(lock);
}

/** A process that has ended, as the owner of a lock. */
async function endedOwner() {
  const child = spawn('/bin/sh', ['-c', 'exit 0']);
  const pid = child.pid ?? 0;
  await once(child, 'close');
  return { ...(await createLockOwner('left')), pid, began: '1' };
}

/** An owner on another host: whether its process has ended cannot be seen. */
async function ownerElsewhere() {
  return { ...(await endedOwner()), place: 'elsewhere boot pid:[1]' };
}

test('one holder at a time, and no file is left', async () => {
  const lock = path.join(temporaryFolder(), 'store.lock');
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, (inside += 1));
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 20 }, () => withLock(lock, within(20_000), work)));
  expect(most).toBe(1);
  expect(readdirSync(path.dirname(lock))).toEqual([]);
});

test('is released when the work fails', async () => {
  const lock = path.join(temporaryFolder(), 'store.lock');
  await expect(withLock(lock, within(1000), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(lock)).toBe(false);
});

test('work that was done under a lock that cannot be removed counts', async () => {
  const folder = temporaryFolder();
  const work = async () => {
    rmSync(folder, { recursive: true });
    return Promise.resolve('done');
  };
  expect(await withLock(path.join(folder, 'x.lock'), { timeout: 1000, clock: systemClock }, work)).toBe('done');
});

test('a holder touches its lock every two seconds, until it releases it', async () => {
  const lock = path.join(temporaryFolder(), 'store.lock');
  let interval = 0;
  let touch: () => void = () => undefined;
  let isStopped = false;
  const every: Clock['every'] = (milliseconds, action) => {
    interval = milliseconds;
    touch = action;
    return () => void (isStopped = true);
  };
  const later = new Date(Date.now() + 5000);
  const clock: Clock = { ...systemClock, every, now: () => later.getTime() };
  await withLock(lock, { timeout: 1000, clock }, async () => {
    touch();
    await expect.poll(() => statSync(lock).mtime.getTime()).toBe(later.getTime());
    expect(isStopped).toBe(false);
  });
  expect({ interval, isStopped }).toEqual({ interval: 2000, isStopped: true });
});

describe('a holder', () => {
  test('that has ended is replaced at once, by one of many that wait', async () => {
    const lock = await leftBy(await endedOwner());
    const order: number[] = [];
    const work = (number: number) => async () => {
      order.push(number);
      expect(JSON.parse(readFileSync(path.join(lock, 'owner.json'), 'utf8'))).toMatchObject({ pid: process.pid });
      await nothing();
    };
    await Promise.all([0, 1, 2, 3, 4, 5].map((number) => withLock(lock, within(5000), work(number))));
    expect(order.sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('whose PID belongs to another process now is replaced too', async () => {
    const lock = await leftBy({ ...(await createLockOwner('left')), began: '1' });
    expect(await withLock(lock, within(5000), () => Promise.resolve('done'))).toBe('done');
  });

  test.each([
    { what: 'that is alive', owner: async () => createLockOwner('alive') },
    { what: 'of another host, with a PID that does not exist here', owner: ownerElsewhere },
    { what: 'whose owner file cannot be parsed', owner: () => Promise.resolve('{"pid": "7"') },
  ])('$what is waited for', async ({ owner }) => {
    const lock = await leftBy(await owner());
    await expect(withLock(lock, within(50), nothing)).rejects.toMatchObject({ code: 'store_locked' });
    expect(existsSync(lock)).toBe(true);
  });

  test.each([
    // A clock that was set ahead makes every lock look old, so that it is watched all the same.
    { what: 'long ago', age: 3_600_000, from: 6000, to: 7000 },
    { what: 'just now', age: 0, from: 45_000, to: 46_000 },
  ])('of another host that touched its lock $what is given up after $from ms of silence', async ({ age, from, to }) => {
    const lock = await leftBy(await ownerElsewhere(), age);
    const { clock, elapsed } = fastClock();
    await withLock(lock, { timeout: 60_000, clock }, nothing);
    expect(elapsed()).toBeGreaterThan(from);
    expect(elapsed()).toBeLessThan(to);
  });

  test('that keeps touching its lock is not given up, whatever its clock says', async () => {
    const hourAgo = Date.now() - 3_600_000;
    const lock = await leftBy(await ownerElsewhere(), 3_600_000);
    const { clock, elapsed } = fastClock((now) => {
      const touched = new Date(hourAgo + Math.floor(now / 2000) * 1000);
      utimesSync(lock, touched, touched);
    });
    await expect(withLock(lock, { timeout: 90_000, clock }, nothing)).rejects.toMatchObject({ code: 'store_locked' });
    expect(elapsed()).toBeGreaterThan(90_000);
  });

  test('of another host is not given up because this machine’s clock was set ahead', async () => {
    const lock = await leftBy(await ownerElsewhere());
    const { clock } = fastClock();
    const ahead: Clock = { ...clock, now: () => clock.now() + 86_400_000 };
    await expect(withLock(lock, { timeout: 5000, clock: ahead }, nothing)).rejects.toMatchObject({ code: 'store_locked' });
  });
});

test('a holder that was given up does not remove the lock of the next one', async () => {
  const lock = path.join(temporaryFolder(), 'store.lock');
  const next = JSON.stringify(await ownerElsewhere());
  await withLock(lock, within(1000), async () => {
    writeFileSync(path.join(lock, 'owner.json'), next);
    await nothing();
  });
  expect(readFileSync(path.join(lock, 'owner.json'), 'utf8')).toBe(next);
});

test('a folder without an owner is not a lock: a process that is killed leaves none', async () => {
  const lock = await leftBy(undefined);
  await withLock(lock, within(50), async () => {
    expect(JSON.parse(readFileSync(path.join(lock, 'owner.json'), 'utf8'))).toMatchObject({ pid: process.pid });
    await nothing();
  });
  expect(readdirSync(path.dirname(lock))).toEqual([]);
});

test('a signal ends the wait with its reason', async () => {
  const lock = await leftBy(await createLockOwner('alive'));
  const interrupt = new AbortController();
  const waiting = withLock(lock, { timeout: 60_000, clock: systemClock, signal: interrupt.signal }, nothing);
  interrupt.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});

test('a result of the process that holds the lock ends the wait', async () => {
  const lock = await leftBy(await createLockOwner('alive'));
  let checks = 0;
  const findResult = () => Promise.resolve((checks += 1) === 3 ? 'theirs' : undefined);
  expect(await withLock(lock, { timeout: 60_000, clock: fastClock().clock, findResult }, () => Promise.resolve('ours'))).toBe('theirs');
});

test('a folder that cannot be written is reported at once', async () => {
  await expect(withLock('/proc/none/store.lock', within(60_000), nothing)).rejects.toMatchObject({
    code: 'store_unwritable',
  });
});

test('a dead holder’s lock that cannot be removed is reported, not checked for ever', async () => {
  const lock = await leftBy(await endedOwner());
  // Another process seems to be removing it.
  const removal = `${lock}.removal`;
  mkdirSync(removal);
  const { clock } = fastClock((elapsed) => {
    const now = new Date(Date.now() + elapsed);
    utimesSync(removal, now, now);
  });
  await expect(withLock(lock, { timeout: 30_000, clock }, nothing)).rejects.toMatchObject({ code: 'store_locked' });
});

test('the removal folder of a process that was killed is deleted', async () => {
  const lock = await leftBy(await endedOwner());
  mkdirSync(`${lock}.removal`);
  const old = new Date(Date.now() - 60_000);
  utimesSync(`${lock}.removal`, old, old);
  await withLock(lock, within(10_000), nothing);
  expect(existsSync(`${lock}.removal`)).toBe(false);
});

test('a holder that its parent has not waited for has ended', async () => {
  // The shell becomes a program that waits for no child. The child ends after that: the shell itself might still wait for it.
  const script = 'exec 3<&0; (read line <&3) & echo $!; exec sleep 60 3<&-';
  const parent = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
  const [said] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(said.toString());
  const readStat = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  while (!readFileSync(`/proc/${parent.pid}/cmdline`, 'utf8').startsWith('sleep')) await nextTurn();
  parent.stdin.end('\n');
  while (readStat()[0] !== 'Z') await nextTurn();
  const { place } = await createLockOwner('');
  expect(await hasEnded({ id: 'one', place, pid, began: readStat()[19] ?? '' })).toBe(true);
  expect(await hasEnded(await createLockOwner('two'))).toBe(false);
  parent.kill();
  await once(parent, 'exit');
});
