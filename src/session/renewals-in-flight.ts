/** Renewals that are going on in this process: it must not end before their responses are stored. */
import type { Context } from '../context.js';
import type { Store } from '../store/store.js';

export interface TrackedContext {
  /** The same context, whose renewals are tracked. */
  readonly context: Context;
  /** Resolves when no renewal is going on. */
  readonly settled: () => Promise<void>;
}

export function trackRenewals(context: Context): TrackedContext {
  const running = new Set<Promise<unknown>>();
  const withServerLock: Store['withServerLock'] = (...parameters) => {
    const renewal = context.store.withServerLock(...parameters);
    const tracked = renewal.catch(() => undefined).finally(() => running.delete(tracked));
    running.add(tracked);
    return renewal;
  };
  return {
    context: { ...context, store: { ...context.store, withServerLock } },
    settled: async () => {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
