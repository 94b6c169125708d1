/** What the endpoints of a relay share. */
import type { Clock } from '../effects.js';
import { limits } from './limits.js';
import type { PublicUrl } from './public-url.js';
import { createRateLimit, type RateLimit } from './rate-limit.js';
import type { RelayStore } from './store.js';
import { createTally, type Tally } from './tally.js';
import { createWaits, type Waits } from './waits.js';

export interface Service {
  readonly publicUrl: PublicUrl;
  readonly store: RelayStore;
  readonly clock: Clock;
  readonly waits: Waits;
  readonly tally: Tally;
  readonly rateLimit: RateLimit;
}

/** One request, as its endpoint sees it. */
export interface Exchange {
  readonly request: Request;
  readonly url: URL;
  /** The session's ID in the path; empty for other paths. */
  readonly id: string;
  /** The address of the client. */
  readonly address: string;
}

export type Endpoint = (exchange: Exchange, service: Service) => Promise<Response>;

/** @param signal aborts when the relay stops. */
export function createService({
  publicUrl,
  store,
  clock,
  signal,
}: Pick<Service, 'publicUrl' | 'store' | 'clock'> & { signal: AbortSignal }): Service {
  const { sessionsPerMinute, addresses } = limits;
  return {
    publicUrl,
    store,
    clock,
    waits: createWaits({ clock, signal }),
    tally: createTally(),
    rateLimit: createRateLimit({ most: sessionsPerMinute, period: 60_000, maxAddresses: addresses, clock }),
  };
}

/** Removes what has expired. Resolves to the number of open sessions. */
export async function sweep({ store, tally }: Service): Promise<number> {
  const { expired, left } = await store.sweep();
  tally.add('expired', expired);
  return left;
}
