import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../src/effects.js';

/** A clock whose time passes only when the code sleeps, or when a test moves it on. */
export interface TestClock extends Clock {
  /** Each sleep so far, in milliseconds. */
  readonly slept: number[];
  /** Moves the time on and rings the alarms that are then due. */
  advance(milliseconds: number): void;
  /** Resolves once so many alarms of this many milliseconds are set, one by default, which may be already. */
  waitForAlarm(milliseconds: number, count?: number): Promise<void>;
}

/** Starts at the machine's time, which the real servers of a test go by. */
export function testClock(): TestClock {
  const slept: number[] = [];
  const alarms = new Set<{ at: number; milliseconds: number; action: () => void }>();
  let waiting: (() => void)[] = [];
  let now = Date.now();

  const advance = (milliseconds: number) => {
    now += milliseconds;
    for (const alarm of [...alarms].filter(({ at }) => at <= now)) {
      alarms.delete(alarm);
      alarm.action();
    }
  };
  return {
    slept,
    advance,
    now: () => now,
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      slept.push(milliseconds);
      advance(milliseconds);
      // The user and the servers of a test live in real time and need some of it.
      await wait(10);
      signal?.throwIfAborted();
    },
    alarm: (milliseconds, action) => {
      const alarm = { at: now + milliseconds, milliseconds, action };
      alarms.add(alarm);
      for (const wake of waiting.splice(0)) wake();
      return () => void alarms.delete(alarm);
    },
    waitForAlarm: async (milliseconds, count = 1) => {
      while ([...alarms].filter((alarm) => alarm.milliseconds === milliseconds).length < count)
        await new Promise<void>((resolve) => (waiting = [...waiting, resolve]));
    },
    every: () => () => undefined,
  };
}

/** A clock that stands still until the test moves it on: a sleep ends only then. */
export interface SteppedClock extends TestClock {
  /** Moves the time on in steps until the promise is settled. The servers of a test get real time in between. */
  passUntil<T>(settled: Promise<T>, step?: number): Promise<T>;
}

export function steppedClock(): SteppedClock {
  const { now, advance, alarm, waitForAlarm } = testClock();
  const slept: number[] = [];
  return {
    ...{ slept, now, advance, alarm, waitForAlarm },
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        slept.push(milliseconds);
        const abort = () => {
          stop();
          reject(signal?.reason as Error);
        };
        const stop = alarm(milliseconds, () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        });
        if (signal?.aborted) abort();
        else signal?.addEventListener('abort', abort, { once: true });
      }),
    every: (milliseconds, action) => {
      let stop: () => void = () => undefined;
      const repeat = () => {
        stop = alarm(milliseconds, () => {
          repeat();
          action();
        });
      };
      repeat();
      return () => stop();
    },
    passUntil: async (settled, step = 1000) => {
      const state = { isSettled: false };
      const end = () => void (state.isSettled = true);
      settled.then(end, end);
      for (;;) {
        await wait(5);
        if (state.isSettled) break;
        advance(step);
      }
      return settled;
    },
  };
}
