import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../effects.js';

/** The longest delay that a timer takes, in milliseconds; a longer one would fire at once. */
const longestDelay = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (milliseconds, signal) => {
    await wait(Math.min(milliseconds, longestDelay), undefined, { signal }).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    });
  },
  alarm: (milliseconds, action) => {
    const timer = setTimeout(action, Math.min(milliseconds, longestDelay));
    return () => clearTimeout(timer);
  },
  every: (milliseconds, action) => {
    const timer = setInterval(action, milliseconds);
    return () => clearInterval(timer);
  },
};
