/** The requests that wait. A session has one of each kind, so their number is bounded by the number of sessions. */
import type { Clock } from '../effects.js';

export interface Waits {
  /** How many requests wait. */
  readonly count: number;
  /** Whether the relay is stopping, which has ended all of them. */
  readonly isStopping: boolean;
  /**
   * Runs `work` with a signal that aborts after `milliseconds`, when the client has gone, when the relay stops, and when another
   * request with the same name waits: the connection of this one is then most likely dead.
   */
  run<T>(wait: { name: string; milliseconds: number; gone: AbortSignal }, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

export function createWaits({ clock, signal }: { clock: Clock; signal: AbortSignal }): Waits {
  const waiting = new Map<string, AbortController>();
  const stop = () => {
    for (const controller of waiting.values()) controller.abort();
  };
  signal.addEventListener('abort', stop, { once: true });

  return {
    get count() {
      return waiting.size;
    },
    get isStopping() {
      return signal.aborted;
    },
    run: async ({ name, milliseconds, gone }, work) => {
      const controller = new AbortController();
      const abort = () => controller.abort();
      if (gone.aborted || signal.aborted) abort();
      waiting.get(name)?.abort();
      waiting.set(name, controller);
      gone.addEventListener('abort', abort, { once: true });
      const stopAlarm = clock.alarm(milliseconds, abort);
      try {
        return await work(controller.signal);
      } finally {
        stopAlarm();
        gone.removeEventListener('abort', abort);
        if (waiting.get(name) === controller) waiting.delete(name);
      }
    },
  };
}
