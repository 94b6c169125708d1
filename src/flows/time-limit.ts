import type { Effects } from '../effects.js';
import { AuthError } from '../errors.js';

/**
 * Gives `work` effects whose signal also aborts after `seconds`. Without `seconds`, there is no limit.
 *
 * @throws AuthError `timed_out` through the signal.
 */
export async function withTimeLimit<T>(seconds: number | undefined, effects: Effects, work: (limited: Effects) => Promise<T>): Promise<T> {
  if (seconds === undefined) return work(effects);
  const limit = new AbortController();
  const stop = effects.clock.alarm(seconds * 1000, () => limit.abort(createTimedOutError(seconds)));
  try {
    return await work({ ...effects, signal: AbortSignal.any([effects.signal, limit.signal]) });
  } finally {
    stop();
  }
}

function createTimedOutError(seconds: number): AuthError {
  return new AuthError('timed_out', `The login was not approved within ${seconds} s.`, {
    hint: 'Run the command again; --timeout SECONDS gives more time.',
  });
}
