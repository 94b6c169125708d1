import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../effects.js';

/** Milliseconds of the longest delay that a timer supports; a longer one would fire at once. */
const maxDelay = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (milliseconds, signal) => {
    await wait(Math.min(milliseconds, maxDelay), undefined, { signal }).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    });
  },
  alarm: (milliseconds, action) => {
    const timer = setTimeout(action, Math.min(milliseconds, maxDelay));
    return () => clearTimeout(timer);
  },
  every: (milliseconds, action) => {
    // It does not keep the process alive: whatever it accompanies does.
    const timer = setInterval(action, milliseconds).unref();
    return () => clearInterval(timer);
  },
};
