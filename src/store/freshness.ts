/** Whether a login's access token is still valid, and for how long. */
import type { Clock } from '../effects.js';
import type { Login } from './login.js';

interface WithClock {
  readonly clock: Pick<Clock, 'now'>;
}

/** A token with a shorter remaining lifetime, in seconds, is renewed before it is handed out. */
const renewalMarginSeconds = 60;
/** A token whose whole lifetime, in seconds, is shorter than this is renewed when less than a tenth of it remains. */
export const shortLifetimeSeconds = 600;
/** Seconds by which this machine's clock may be behind the clock of the machine that stored the token. */
const clockSkewSeconds = 300;

/**
 * Seconds until the access token expires; Infinity if its server did not say. A token that was issued in the future was
 * stored by a machine with another clock, or before this clock was set back: its lifetime is unknown, so 0.
 */
export function getRemainingSeconds({ expiresAtSeconds, issuedAtSeconds }: Login, { clock }: WithClock): number {
  const now = clock.now() / 1000;
  if (expiresAtSeconds === undefined) return Infinity;
  if (issuedAtSeconds !== undefined && now < issuedAtSeconds - clockSkewSeconds) return 0;
  return expiresAtSeconds - now;
}

/** Seconds since the epoch from which on the token is renewed before it is handed out. Undefined if its server did not say. */
export function getFreshUntilSeconds(login: Login): number | undefined {
  return login.expiresAtSeconds === undefined ? undefined : Math.floor(login.expiresAtSeconds - getRenewalMarginSeconds(login));
}

/** Whether the token can be handed out without a renewal: by default by the margin above, otherwise if it is valid for `minTtl` seconds. */
export function isFresh(login: Login, minTtl: number | undefined, context: WithClock): boolean {
  return getRemainingSeconds(login, context) >= (minTtl ?? getRenewalMarginSeconds(login));
}

function getRenewalMarginSeconds({ expiresAtSeconds, issuedAtSeconds }: Login): number {
  const lifetime = expiresAtSeconds !== undefined && issuedAtSeconds !== undefined ? expiresAtSeconds - issuedAtSeconds : Infinity;
  return lifetime < shortLifetimeSeconds ? lifetime / 10 : renewalMarginSeconds;
}
