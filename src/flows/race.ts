import type { Effects } from '../effects.js';
import { createInterruptedError } from '../errors.js';

/** Work that takes part in a race. The signal of `effects` ends it. */
export type Contestant<T> = (effects: Effects) => Promise<T>;

/**
 * Runs several contestants at the same time. The first to settle decides, also by rejecting; the others are aborted and
 * waited for.
 *
 * @param begin is called once with `join`, which starts a contestant and can also be called later.
 */
export async function race<T>(effects: Effects, begin: (join: (contestant: Contestant<T>) => void) => void): Promise<T> {
  const decided = new AbortController();
  const limited = { ...effects, signal: AbortSignal.any([effects.signal, decided.signal]) };
  const running: Promise<unknown>[] = [];
  try {
    return await new Promise<T>((resolve, reject) => {
      begin((contestant) => {
        const result = contestant(limited);
        running.push(result);
        result.then(resolve, reject);
      });
    });
  } finally {
    decided.abort(createInterruptedError());
    await Promise.allSettled(running);
  }
}
