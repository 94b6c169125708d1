/** Which tokens the server has accepted and rejected lately. It decides whether a renewal can help. */
import type { Clock } from '../effects.js';

/** Milliseconds for which an accepted token is not suspected when the server rejects something else. */
const acceptedPeriod = 60_000;

/** Milliseconds after which a new token that was rejected may be renewed again: it may have expired by then. */
const hopelessPeriod = 5 * 60_000;

interface NotedToken {
  readonly token: string;
  readonly at: number;
}

export class TokenHistory {
  readonly #clock: Clock;
  #accepted: NotedToken | undefined;
  /** By HTTP method: a server may accept messages and reject its own stream. */
  readonly #hopeless = new Map<string, NotedToken>();

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock;
  }

  /** The server has accepted a message with this token. */
  noteAccepted(token: string): void {
    this.#accepted = { token, at: this.#clock.now() };
  }

  /** Whether this is the token of the last accepted message. */
  hasWorked(token: string): boolean {
    return this.#accepted?.token === token;
  }

  /** Whether a message with this token was accepted within the last minute. */
  isAccepted(token: string): boolean {
    return this.#isRecent(this.#accepted, token, acceptedPeriod);
  }

  /** The server has rejected this token although it was new: another one would be rejected, too. */
  noteHopeless(method: string, token: string): void {
    this.#hopeless.set(method, { token, at: this.#clock.now() });
  }

  isHopeless(method: string, token: string): boolean {
    return this.#isRecent(this.#hopeless.get(method), token, hopelessPeriod);
  }

  #isRecent(noted: NotedToken | undefined, token: string, period: number): boolean {
    return noted?.token === token && isWithin(noted.at, period, this.#clock);
  }
}

/** Whether `at` is less than `period` milliseconds ago. False if the system clock was set back in between. */
export function isWithin(at: number, period: number, clock: Clock): boolean {
  const age = clock.now() - at;
  return age >= 0 && age < period;
}
