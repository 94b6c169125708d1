import { EventEmitter } from 'node:events';

/** Wakes the requests of this process that wait for a change of a session. */
export interface Changes {
  /** Resolves at the next change of this session, or when the signal aborts. */
  next(id: string, signal: AbortSignal): Promise<void>;
  report(id: string): void;
  /** Wakes all: changes may have been missed. */
  reportAll(): void;
}

export function createChanges(): Changes {
  const emitter = new EventEmitter().setMaxListeners(0);
  // A prefix, because an event called `error` would be thrown.
  const eventOf = (id: string) => `changed ${id}`;
  return {
    next: (id, signal) =>
      new Promise((resolve) => {
        const end = () => {
          emitter.off(eventOf(id), end);
          signal.removeEventListener('abort', end);
          resolve();
        };
        emitter.on(eventOf(id), end);
        signal.addEventListener('abort', end);
        if (signal.aborted) end();
      }),
    report: (id) => void emitter.emit(eventOf(id)),
    reportAll: () => {
      for (const name of emitter.eventNames()) emitter.emit(name);
    },
  };
}
