/** What an identity source is. To add one, export it from a file of this folder and add it to the list in `index.ts`. */
import type { Agents, Clock, Effects, Env } from '../../effects.js';
import type { Preferences } from '../preferences.js';
import type { Seal } from '../seal/seal.js';

/** What sources may use of this machine. */
export interface IdentityMachine {
  readonly env: Pick<Env, 'variables' | 'exists' | 'platform'>;
  readonly clock: Pick<Clock, 'alarm'>;
  readonly startProgram: Effects['startProgram'];
  readonly preferences: Pick<Preferences, 'read'>;
  /** Agents that may have an identity; undefined in the agent itself. The caller closes them. */
  readonly openAgents: () => Agents | undefined;
  /** The store's path. */
  readonly getStore: () => string;
  readonly warn: (sentence: string) => void;
}

/** An identity that is configured, whether or not it can be used. */
export interface Identity {
  /** How a sentence names it, at its start. */
  readonly what: string;
  /** Opens the data key of a seal. @throws AuthError `identity_needed`, which names the source; `seal_broken` */
  open(seal: Seal): Promise<Uint8Array>;
  /** The recipients that it can open for. @throws AuthError `identity_needed` */
  listRecipients(): Promise<string[]>;
  /** The identities themselves, as age-keygen writes them; absent if they never leave the place where they are. */
  readonly readText?: () => Promise<string>;
}

export interface IdentitySource {
  /** Where the user configures it. */
  readonly name: string;
  /** What it is, for the user. */
  readonly summary: string;
  /** Undefined if it is not configured. */
  find(machine: IdentityMachine): Promise<Identity | undefined>;
}
