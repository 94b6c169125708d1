/** The listeners of an open engine, and how it connects again for them. */
import type { Clock } from '../../effects.js';

export type Take = (topic: string | undefined) => void;

export interface Listeners {
  hasAny(): boolean;
  /**
   * Adds one and calls `begin`, which has the server send its messages.
   *
   * @returns a function that removes it.
   */
  add(take: Take, begin: () => Promise<unknown>): Promise<() => void>;
  readonly tell: (topic: string | undefined) => void;
  /** The connection is lost: connects again as long as there are listeners. */
  lose(): void;
  /** The server sends messages again: tells the listeners that they may have missed some. */
  restore(): void;
  clear(): void;
}

/** Milliseconds until the first attempt to connect again. Each pause is twice the one before, up to the longest. */
const firstPause = 250;
const longestPause = 8000;

/** @param reconnect connects and calls `restore`, or throws. */
export function createListeners({ clock, reconnect }: { readonly clock: Clock; readonly reconnect: () => Promise<unknown> }): Listeners {
  const listeners = new Set<{ readonly take: Take; isListening: boolean }>();
  let stopTimer: (() => void) | undefined;
  const stop = () => {
    stopTimer?.();
    stopTimer = undefined;
  };
  return {
    hasAny: () => listeners.size > 0,
    add: async (take, begin) => {
      // It is added first: a message may arrive together with the confirmation that the server sends them.
      const listener = { take, isListening: false };
      listeners.add(listener);
      const remove = () => {
        listeners.delete(listener);
        if (listeners.size === 0) stop();
      };
      try {
        await begin();
      } catch (error) {
        remove();
        throw error;
      }
      listener.isListening = true;
      return remove;
    },
    tell: (topic) => {
      for (const { take } of [...listeners]) take(topic);
    },
    lose: () => {
      if (listeners.size === 0) return;
      let passed = 0;
      let pause = firstPause;
      // `every` does not keep the process alive, as a sleep would.
      stopTimer ??= clock.every(firstPause, () => {
        passed += firstPause;
        if (passed < pause) return;
        passed = 0;
        pause = Math.min(2 * pause, longestPause);
        reconnect().catch(() => undefined);
      });
    },
    restore: () => {
      stop();
      for (const { take, isListening } of [...listeners]) if (isListening) take(undefined);
    },
    clear: () => {
      listeners.clear();
      stop();
    },
  };
}
