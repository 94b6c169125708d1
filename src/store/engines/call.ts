/** When a call of an engine is sent again. */
import type { Clock } from '../../effects.js';
import { ConnectionLost, type RefusalCode } from './failure.js';

/** The error code if the server refuses the call, and whether it may be sent twice. */
export interface CallKind {
  readonly refusal: RefusalCode;
  readonly isRepeatable: boolean;
}

export const reading: CallKind = { refusal: 'store_unreadable', isRepeatable: true };
/** After a lost connection, the caller has to look whether it was made. */
export const writing: CallKind = { refusal: 'store_unwritable', isRepeatable: false };
/** Has the same result the second time. */
export const ending: CallKind = { refusal: 'store_unwritable', isRepeatable: true };

export interface RepeatOptions {
  readonly kind: CallKind;
  readonly clock: Clock;
  /** Whether the server has done nothing since it is busy, as while it starts. */
  readonly isBusy: (error: unknown) => boolean;
  /** Whether the server has undone the call because of another one. */
  readonly isConflict?: (error: unknown) => boolean;
}

const maxConflicts = 10;
const maxLosses = 2;
/** Milliseconds for which a call waits for a server that is busy. */
const busyTime = 10_000;
/** Milliseconds between two attempts: a random time, because the other machines of a fleet wait for the same server. */
const busyPause = () => 100 + Math.random() * 900;
const conflictPause = () => Math.random() * 50;

/** Sends a call again if that is safe: it was not sent, it may be sent twice, it was undone, or the server was busy. */
export async function repeatCall<T>({ kind, clock, isBusy, isConflict }: RepeatOptions, work: () => Promise<T>): Promise<T> {
  const until = clock.now() + busyTime;
  const seen = { conflicts: 0, losses: 0 };
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ConnectionLost && (kind.isRepeatable || !error.isSent) && seen.losses < maxLosses) {
        seen.losses += 1;
      } else if (isConflict?.(error) === true && seen.conflicts < maxConflicts) {
        seen.conflicts += 1;
        await clock.sleep(conflictPause());
      } else if (isBusy(error) && clock.now() < until) {
        await clock.sleep(busyPause());
      } else {
        throw error;
      }
    }
  }
}

/**
 * Calls `action` after so many milliseconds unless the returned function is called before. Does not keep the process alive: the
 * connection does, while a call runs.
 */
export function limitTime(clock: Clock, milliseconds: number, action: () => void): () => void {
  const stop = clock.every(milliseconds, () => {
    stop();
    action();
  });
  return stop;
}
