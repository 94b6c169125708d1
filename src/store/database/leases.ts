/**
 * The right to do something that only one process of the whole fleet may do at a time, such as spending a refresh token.
 *
 * 1. Take: the engine gives the lease if it is free or has ended, with a fence that grows each time.
 * 2. Wait: listen to the engine, and look again when something was said, when the lease would end, and every few seconds in any case.
 * 3. Judge the holder: on this machine a process that has ended is seen at once, and its lease is taken over. A holder on another
 *    machine is given its time.
 * 4. Hold: extend the lease now and then, up to a bound. A process that was stopped for longer than its lease has lost it: the engine
 *    refuses its fence from then on.
 */
import type { Clock } from '../../effects.js';
import { AuthError } from '../../errors.js';
import type { Engine, Lease } from '../engines/engine.js';
import { createLockOwner, hasEnded, parseLockOwner } from '../lock-owner.js';
import { patience, reachEngine } from './reach.js';

/** Milliseconds of a lease: more than a request may take, and more than a short loss of the network. */
export const leaseDuration = 45_000;
/** Milliseconds between two extensions. */
const extensionInterval = 10_000;
/** Milliseconds between two looks of a process that waits, if the engine says nothing: a pooler may swallow what it says. */
const lookInterval = 3_000;

export interface LeaseOptions<T> {
  readonly name: string;
  /** What the engine says when waiting may be over, besides that the lease is free. */
  readonly topic?: string;
  /** Milliseconds to wait for another holder. */
  readonly timeout: number;
  /** Milliseconds for which the lease is extended at most. */
  readonly maxHold: number;
  /** Called whenever another process holds the lease: a result if that process has done the work, which ends the wait. */
  readonly findResult?: (() => Promise<T | undefined>) | undefined;
}

interface LeasesOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export class Leases {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  /** The functions to call with what the engine says. */
  readonly #listeners = new Set<(topic: string | undefined) => void>();
  #isListening = false;

  constructor({ engine, clock, signal }: LeasesOptions) {
    this.#engine = engine;
    this.#clock = clock;
    this.#signal = signal;
  }

  /**
   * Runs `work` while it holds the lease.
   *
   * @throws AuthError `store_locked` if another process holds it for too long, `store_away`, and the signal's reason.
   */
  async run<T>(options: LeaseOptions<T>, work: (lease: Lease) => Promise<T>): Promise<T> {
    const taken = await this.#acquire(options);
    if ('result' in taken) return taken.result;
    const stop = this.#extendWhileHeld(taken, options.maxHold);
    try {
      return await work(taken);
    } finally {
      stop();
      // A lease that cannot be released ends by itself. The work is done all the same.
      await this.#engine.releaseLease(taken).catch(() => undefined);
    }
  }

  /** Makes a lease that this process holds last from now. False if it has ended, or another process has taken it. */
  async extend(lease: Lease): Promise<boolean> {
    return this.#reach(() => this.#engine.extendLease(lease, leaseDuration));
  }

  async #acquire<T>({ name, topic, timeout, findResult }: LeaseOptions<T>): Promise<Lease | { readonly result: T }> {
    const me = await createLockOwner(crypto.randomUUID());
    const owner = JSON.stringify(me);
    let after: string | undefined;
    let waited = 0;
    const wakeUps = new WakeUps([`lease ${name}`, ...(topic === undefined ? [] : [topic])]);
    this.#listeners.add(wakeUps.take);
    try {
      for (;;) {
        this.#signal.throwIfAborted();
        wakeUps.begin();
        const answer = await this.#reach(() => this.#engine.takeLease({ name, owner, duration: leaseDuration, after }));
        if (!('owner' in answer)) return answer;
        const holder = parseLockOwner(answer.owner);
        // The answer to an earlier request was lost.
        if (holder?.id === me.id) return { name, fence: answer.fence };
        const result = await findResult?.();
        if (result !== undefined) return { result };
        after = holder && (await hasEnded(holder)) ? answer.fence : undefined;
        if (after !== undefined) continue;
        if (waited > timeout) throw createLockedError(name, timeout);
        if (await this.#startListening()) continue;
        const longest = Math.min(answer.remaining + 50, lookInterval);
        waited += await wakeUps.wait(longest * (0.75 + Math.random() / 2), { clock: this.#clock, signal: this.#signal });
      }
    } finally {
      this.#listeners.delete(wakeUps.take);
    }
  }

  /** Listens from the first wait on. Resolves to true if it began just now: what was said before was missed. */
  async #startListening(): Promise<boolean> {
    if (this.#isListening) return false;
    this.#isListening = true;
    const tell = (topic: string | undefined) => this.#listeners.forEach((take) => take(topic));
    return this.#engine.listen(tell).then(
      () => true,
      // A process that waits then looks every few seconds.
      () => (this.#isListening = false),
    );
  }

  #extendWhileHeld(lease: Lease, maxHold: number): () => void {
    let held = 0;
    const stop = this.#clock.every(extensionInterval, () => {
      held += extensionInterval;
      if (held > maxHold) return stop();
      // If it is lost, the engine refuses what this process writes with it.
      void this.#engine.extendLease(lease, leaseDuration).catch(() => undefined);
    });
    return stop;
  }

  #reach<T>(work: () => Promise<T>): Promise<T> {
    return reachEngine(work, { clock: this.#clock, signal: this.#signal, patience });
  }
}

/** What one process that waits is woken by. */
class WakeUps {
  readonly #topics: ReadonlySet<string>;
  #hasSaid = false;
  #wake: (() => void) | undefined;

  constructor(topics: readonly string[]) {
    this.#topics = new Set(topics);
  }

  readonly take = (topic: string | undefined): void => {
    if (topic !== undefined && !this.#topics.has(topic)) return;
    this.#hasSaid = true;
    this.#wake?.();
  };

  /** What is said from now on ends the next wait. */
  begin(): void {
    this.#hasSaid = false;
  }

  /** Resolves to the milliseconds that it has waited. @throws the signal's reason. */
  async wait(longest: number, { clock, signal }: { clock: Clock; signal: AbortSignal }): Promise<number> {
    const start = performance.now();
    const woken = new AbortController();
    const stop = () => woken.abort();
    this.#wake = stop;
    signal.addEventListener('abort', stop, { once: true });
    if (this.#hasSaid || signal.aborted) stop();
    await clock.sleep(longest, woken.signal).catch(() => undefined);
    signal.removeEventListener('abort', stop);
    this.#wake = undefined;
    signal.throwIfAborted();
    return performance.now() - start;
  }
}

function createLockedError(name: string, timeout: number): AuthError {
  return new AuthError('store_locked', `Another process of the fleet has held ${JSON.stringify(name)} for ${timeout / 1000} seconds.`, {
    hint: 'Check whether another mcp-auth process hangs, then try again. See: mcp-auth doctor',
  });
}
