/** How long a login's token lives. */
import type { Clock } from '../effects.js';
import type { Login } from './login.js';

/** Whoever knows what time it is. */
interface Timed {
  readonly clock: Pick<Clock, 'now'>;
}

/** A token that has less than this left, in seconds, is renewed before it is handed out. */
const margin = 60;
/** A token whose whole life, in seconds, is shorter than this is renewed when less than a tenth of it is left. */
export const shortLifetimeSeconds = 600;
/** Seconds that this machine's clock may be behind the one that a token was stored by. */
const clockSkew = 300;

/**
 * Seconds until the access token expires; infinite where its server did not say. A token that seems to come from the
 * future was stored by another clock, or before this one was set back: nothing is known of how long it lives.
 */
export function getRemainingSeconds({ expiresAtSeconds: expiresAt, issuedAtSeconds: issuedAt }: Login, { clock }: Timed): number {
  const now = clock.now() / 1000;
  if (expiresAt === undefined) return Infinity;
  if (issuedAt !== undefined && now < issuedAt - clockSkew) return 0;
  return expiresAt - now;
}

/** When, in seconds since the epoch, a token will have to be renewed before it is handed out. Undefined where its server did not say. */
export function getFreshUntilSeconds(login: Login): number | undefined {
  return login.expiresAtSeconds === undefined ? undefined : Math.floor(login.expiresAtSeconds - marginOf(login));
}

/** Whether a token need not be renewed before it is handed out, or lives for `minTtl` seconds at least. */
export function isFresh(login: Login, minTtl: number | undefined, context: Timed): boolean {
  return getRemainingSeconds(login, context) >= (minTtl ?? marginOf(login));
}

function marginOf({ expiresAtSeconds: expiresAt, issuedAtSeconds: issuedAt }: Login): number {
  const life = expiresAt !== undefined && issuedAt !== undefined ? expiresAt - issuedAt : Infinity;
  return life < shortLifetimeSeconds ? life / 10 : margin;
}
