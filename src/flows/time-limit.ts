import type { Context } from '../context.js';
import { AuthError } from '../errors.js';

/**
 * Gives `work` a context whose signal also aborts after `seconds`; the context as it is where that is undefined.
 *
 * @throws AuthError `timed_out` through the signal.
 */
export async function withTimeLimit<T>(seconds: number | undefined, context: Context, work: (limited: Context) => Promise<T>): Promise<T> {
  if (seconds === undefined) return work(context);
  const limit = new AbortController();
  const stop = context.clock.alarm(seconds * 1000, () => limit.abort(tooLate(seconds)));
  try {
    return await work({ ...context, signal: AbortSignal.any([context.signal, limit.signal]) });
  } finally {
    stop();
  }
}

function tooLate(seconds: number): AuthError {
  return new AuthError('timed_out', `Nobody approved within ${seconds} s.`, {
    hint: 'Run the command again; --timeout SECONDS gives more time.',
  });
}
