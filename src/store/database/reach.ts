/** Calls to an engine, again while it cannot be reached: a restart takes a second or two. */
import type { Clock } from '../../effects.js';
import { hasCode } from '../../errors.js';

/** Milliseconds of the first pause and of the longest. */
const firstPause = 100;
const maxPause = 2_000;

/** Milliseconds of pauses for an engine that is away, when there is nothing to lose. */
export const patience = 5_000;

export interface ReachOptions {
  readonly clock: Pick<Clock, 'sleep'>;
  /** Ends the pauses with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds of pauses after which `store_away` is thrown. */
  readonly patience: number;
}

/**
 * Calls `work`, again while it throws `store_away`. A call whose answer was lost may have been carried out, so `work` must be able to
 * find that out, or to be done twice.
 */
export async function reachEngine<T>(work: () => Promise<T>, { clock, signal, patience }: ReachOptions): Promise<T> {
  let waited = 0;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, maxPause)) {
    try {
      return await work();
    } catch (error) {
      if (!hasCode(error, 'store_away') || waited >= patience) throw error;
    }
    // Random, so that a fleet does not come back in one moment.
    const milliseconds = pause * (0.5 + Math.random());
    await clock.sleep(milliseconds, signal);
    waited += milliseconds;
  }
}
