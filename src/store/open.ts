/** Opens a store, wherever it is: in a file, or in a database that is named by a URL. */
import type { Env } from '../effects.js';
import { AuthError } from '../errors.js';
import { delegate } from './delegate.js';
import { readLastSeen } from './last-seen.js';
import { getLocalPath, isStoreUrl, withoutPassword } from './path.js';
import { openFileStore, writingMethods, type Store, type StoreOptions } from './store.js';

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
    ...delegate<Store, (typeof methods)[number]>(methods, open),
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
  return isStoreUrl(place) ? openDatabase(place, { ...options, env }) : openFileStore(() => place, options);
}

/** A store in a database, which is loaded when it is used: most stores are files. */
function openDatabase(place: string, { env, ...options }: OpenOptions): Store {
  if (!URL.canParse(place)) throw new AuthError('usage', 'The URL of the store is not a valid URL.', { hint: 'See docs/fleet.md' });
  const url = new URL(place);
  const path = withoutPassword(url);
  const localPath = getLocalPath(path, env);
  for (const secret of url.password === '' ? [] : [url.password, decodeURIComponent(url.password)]) options.secrets?.add(secret);
  let opened: Store | undefined;
  let opening: Promise<Store> | undefined;
  const load = async () => {
    const { openDatabaseStore } = await import('./database/open-database.js');
    return (opened = openDatabaseStore({ ...options, place, localPath, variables: env.variables }));
  };
  return {
    ...delegate<Store, (typeof methods)[number]>(methods, () => (opening ??= load())),
    ...{ path, localPath },
    readLastSeen: (server) => readLastSeen(localPath, server),
    getWarnings: () => opened?.getWarnings() ?? [],
    close: async () => (await opening?.catch(() => undefined))?.close(),
  };
}

/** Of a store, the methods that return a promise. */
const methods = [...writingMethods, 'read', 'peek', 'readState', 'readSealState', 'openForeign'] as const;

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
