/** The effects of this program together with the store and the preferences: what every command is given. */
import type { Effects } from './effects.js';
import type { Keyring } from './store/identities/keyring.js';
import type { Preferences } from './store/preferences.js';
import type { Store } from './store/store.js';

export interface Context extends Effects {
  readonly store: Store;
  readonly preferences: Preferences;
  /** Opens another store: a path, or a URL. The caller closes it. */
  openStore(place: string): Store;
  /** Opens the seals of sealed stores. */
  readonly keyring: Keyring;
  /** Runs `work` to its end with a context whose signal never aborts: the user's interrupt waits for it. Keep it short. */
  uninterrupted<T>(work: (undisturbed: Context) => Promise<T>): Promise<T>;
}
