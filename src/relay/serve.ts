/** A whole relay on this machine: its store, its handler and its listener. */
import type { Clock } from '../effects.js';
import { listenForRelay } from './listen.js';
import { createMemoryStore } from './memory-store.js';
import type { PublicUrl } from './public-url.js';
import { createRelay } from './relay.js';
import type { RelayStore } from './store.js';

export interface ServeOptions {
  readonly publicUrl: PublicUrl;
  readonly host: string;
  readonly port: number;
  /** The address of a Redis server that several relays share; without it, the sessions are kept in memory. */
  readonly redisUrl?: string | undefined;
  readonly trustsProxy: boolean;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Serves until the signal aborts. `listening` is called with the port once it accepts connections. */
export async function serveRelay(options: ServeOptions & { listening: (port: number) => void }): Promise<void> {
  const store = await openStore(options);
  try {
    const { port, closed } = await listenForRelay({ ...options, handle: createRelay({ ...options, store }) });
    options.listening(port);
    await closed;
  } finally {
    await store.close();
  }
}

/** @throws AuthError `network_error` if Redis cannot be reached. */
async function openStore({ redisUrl, clock, log }: ServeOptions): Promise<RelayStore> {
  if (redisUrl === undefined) return createMemoryStore({ clock });
  // Most relays do not use it, and it is large.
  const { createRedisStore } = await import('./redis-store.js');
  return createRedisStore({ url: redisUrl, clock, log });
}
