/** The identity of this process: found when it is needed, or given to the agent by its user, who can take it away. */
import type { Clock } from '../../effects.js';
import { listRecipientsOf } from '../seal/data-key.js';
import type { Seal } from '../seal/seal.js';
import { createIdentityNeededError, type OpenSeal } from '../seal/sealing.js';
import { identitySources } from './index.js';
import type { Identity, IdentityMachine } from './source.js';
import { createSourceError, createTextIdentity } from './text-identity.js';

/** Whether seals can be opened, and why. */
export interface KeyringState {
  readonly isLocked: boolean;
  /** When the identity that the user gave is forgotten, in milliseconds since the epoch. */
  readonly until?: number | undefined;
}

interface KeyringMachine extends IdentityMachine {
  readonly clock: Pick<Clock, 'alarm' | 'now'>;
}

export class Keyring {
  readonly #machine: KeyringMachine;
  #isAgent = false;
  #isLocked = false;
  #given: { readonly identity: Identity; readonly until: number | undefined } | undefined;
  #found: Promise<Identity | undefined> | undefined;
  #cancelAlarm: () => void = () => undefined;
  /** By the armored data key: one opening by age for a process. */
  readonly #dataKeys = new Map<string, Promise<Uint8Array>>();

  constructor(machine: KeyringMachine) {
    this.#machine = machine;
  }

  /** Opens the data key of a seal, once. @throws AuthError `identity_needed`, `seal_broken` */
  readonly openSeal: OpenSeal = async (seal) => {
    if (this.#isLocked) throw createLockedError();
    const known = this.#dataKeys.get(seal.key) ?? this.#open(seal);
    this.#dataKeys.set(seal.key, known);
    try {
      return await known;
    } catch (error) {
      // The user may fix what is missing, and try again.
      if (this.#dataKeys.get(seal.key) === known) this.#dataKeys.delete(seal.key);
      throw error;
    }
  };

  /** The identity that seals are opened with. @throws AuthError `identity_needed` if none is configured. */
  async getIdentity(): Promise<Identity> {
    const identity = await this.findIdentity();
    if (identity === undefined) throw createIdentityNeededError();
    return identity;
  }

  /** The same; undefined if none is configured. @throws AuthError `preferences_invalid` */
  async findIdentity(): Promise<Identity | undefined> {
    if (this.#isLocked) throw createLockedError();
    if (this.#given !== undefined) return this.#given.identity;
    const finding = (this.#found ??= this.#find());
    const identity = await finding.catch(() => undefined);
    // The user may configure one, or fix the preferences.
    if (identity === undefined && this.#found === finding) this.#found = undefined;
    return finding;
  }

  /** For the agent: it must not ask itself. */
  actAsAgent(): void {
    this.#isAgent = true;
    this.#found = undefined;
  }

  get state(): KeyringState {
    return { isLocked: this.#isLocked, until: this.#given?.until };
  }

  /** Uses the identities in a text from now on, until `lock`, or for so many milliseconds. @throws AuthError `identity_needed` */
  async unlock(text: string, life?: number): Promise<void> {
    const what = 'The identity';
    await listRecipientsOf(text, what);
    this.#forget();
    this.#isLocked = false;
    const until = life === undefined ? undefined : this.#machine.clock.now() + life;
    this.#given = { identity: createTextIdentity(what, () => Promise.resolve(text)), until };
    if (life !== undefined) this.#cancelAlarm = this.#machine.clock.alarm(life, () => this.lock());
  }

  /** Forgets every identity, and uses none until `unlock`. */
  lock(): void {
    this.#forget();
    this.#isLocked = true;
  }

  #forget(): void {
    this.#cancelAlarm();
    this.#cancelAlarm = () => undefined;
    this.#given = undefined;
    this.#found = undefined;
    this.#dataKeys.clear();
  }

  async #open(seal: Seal): Promise<Uint8Array> {
    return (await this.getIdentity()).open(seal);
  }

  async #find(): Promise<Identity | undefined> {
    const machine = this.#isAgent ? { ...this.#machine, openAgents: () => undefined } : this.#machine;
    for (const source of identitySources) {
      const identity = await source.find(machine);
      if (identity !== undefined) return identity;
    }
    return undefined;
  }
}

function createLockedError(): Error {
  return createSourceError('The agent', 'is locked', { hint: 'Run: mcp-auth agent unlock' });
}
