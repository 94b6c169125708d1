import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../src/effects.js';

/** A clock whose time passes only when the code sleeps, or when a test moves it on. */
export interface TestClock extends Clock {
  /** Each sleep so far, in milliseconds. */
  readonly slept: number[];
  /** Moves the time on and rings the alarms that are then due. */
  advance(milliseconds: number): void;
  /** Resolves once an alarm of this many milliseconds is set, which may be already. */
  waitForAlarm(milliseconds: number): Promise<void>;
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
    waitForAlarm: async (milliseconds) => {
      while (![...alarms].some((alarm) => alarm.milliseconds === milliseconds))
        await new Promise<void>((resolve) => (waiting = [...waiting, resolve]));
    },
    every: () => () => undefined,
  };
}
