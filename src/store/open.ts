/** Opens a store, wherever it is: in a file, or in a database that is named by a URL. */
import type { Env } from '../effects.js';
import { AuthError } from '../errors.js';
import { DatabaseStore } from './database/database-store.js';
import { parseStoreUrl } from './engines/store-url.js';
import { getLocalPath, isStoreUrl } from './path.js';
import { openFileStore, type Store, type StoreOptions } from './store.js';

export interface OpenOptions extends StoreOptions {
  readonly env: Pick<Env, 'variables' | 'platform'>;
}

/**
 * Opens a store. Does nothing until it is used: a command that needs no store needs no place for one.
 *
 * @param getPlace its path or its URL. Throws if there is no place for a store.
 */
export function openStore(getPlace: () => string, options: OpenOptions): Store {
  let opened: Store | undefined;
  const open = () => (opened ??= openAt(getPlace(), options));
  return {
    ...createMethods(open),
    get path() {
      return open().path;
    },
    get localPath() {
      return open().localPath;
    },
    readLastSeen: (server) => open().readLastSeen(server),
    getWarnings: () => opened?.getWarnings() ?? [],
    close: async () => opened?.close(),
  };
}

function openAt(place: string, { env, ...options }: OpenOptions): Store {
  if (!isStoreUrl(place)) return openFileStore(() => place, options);
  const url = parseStoreUrl(place);
  const { password } = url.url;
  for (const secret of password === '' ? [] : [password, decodeURIComponent(password)]) options.secrets?.add(secret);
  return new DatabaseStore({ ...options, place: url, localPath: getLocalPath(url.shown, env), variables: env.variables });
}

/** The methods of a store that are called on the one that is opened, which has to name each. */
type Method = Exclude<keyof Store, 'path' | 'localPath' | 'readLastSeen' | 'getWarnings' | 'close'>;
const methodNames = Object.keys({
  read: true,
  peek: true,
  readState: true,
  update: true,
  withServerLock: true,
  withRenewalRequestLock: true,
  withLoginStartLock: true,
  checkWritable: true,
  savePendingRenewal: true,
  saveAttempt: true,
  readAttempts: true,
  removeAttempt: true,
  removeAttempts: true,
  finishAttempt: true,
  saveMovedLogin: true,
  removeMovedLogin: true,
  saveLastSeen: true,
  removeLastSeen: true,
  changeSeal: true,
  readSealState: true,
  openForeign: true,
} satisfies Record<Method, true>) as Method[];

function createMethods(open: () => Store): Pick<Store, Method> {
  type AnyMethod = (...parameters: unknown[]) => Promise<unknown>;
  const methods = methodNames.map((name): [string, AnyMethod] => [
    name,
    async (...parameters) => {
      const store = open();
      return (store[name] as AnyMethod).apply(store, parameters);
    },
  ]);
  return Object.fromEntries(methods) as unknown as Pick<Store, Method>;
}

/**
 * Checks a store that was named in a command line.
 *
 * @throws AuthError `usage` for a URL with a password.
 */
export function checkStoreOption(place: string): void {
  if (!hasPassword(place)) return;
  throw new AuthError('usage', 'The URL of the store has a password, which other users of this machine can see in the list of processes.', {
    hint: 'Put the whole URL into MCP_AUTH_STORE, or into a file that MCP_AUTH_STORE_FILE names.',
  });
}

/** Whether it is a URL with a password. */
export function hasPassword(place: string): boolean {
  return isStoreUrl(place) && URL.canParse(place) && new URL(place).password !== '';
}
