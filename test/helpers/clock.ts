import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../src/effects.js';

/** A clock whose time passes only when somebody sleeps, or a test moves it on. */
export interface TestClock extends Clock {
  /** What was slept, in milliseconds, in its order. */
  readonly slept: number[];
  /** Moves the time on and rings the alarms that are then due. */
  advance(milliseconds: number): void;
}

/** Starts at the machine's time, which the real servers of a test go by. */
export function testClock(): TestClock {
  const slept: number[] = [];
  const alarms = new Set<{ at: number; action: () => void }>();
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
      // The person and the servers of a test live in real time and need some of it.
      await wait(10);
      signal?.throwIfAborted();
    },
    alarm: (milliseconds, action) => {
      const alarm = { at: now + milliseconds, action };
      alarms.add(alarm);
      return () => void alarms.delete(alarm);
    },
    every: () => () => undefined,
  };
}
