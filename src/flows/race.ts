import type { Context } from '../context.js';
import { createInterruptedError } from '../errors.js';

/** One way to a result; ended by the signal of the context that it is given. */
export type Contestant<T> = (context: Context) => Promise<T>;

/**
 * Runs several ways side by side: the first that ends, well or not, decides. The others are ended, and waited for.
 *
 * @param begin is called once, with what has a way join in, now or later.
 */
export async function race<T>(context: Context, begin: (join: (way: Contestant<T>) => void) => void): Promise<T> {
  const decided = new AbortController();
  const limited = { ...context, signal: AbortSignal.any([context.signal, decided.signal]) };
  const running: Promise<unknown>[] = [];
  try {
    return await new Promise<T>((resolve, reject) => {
      begin((way) => {
        const result = way(limited);
        running.push(result);
        result.then(resolve, reject);
      });
    });
  } finally {
    decided.abort(createInterruptedError());
    await Promise.allSettled(running);
  }
}
