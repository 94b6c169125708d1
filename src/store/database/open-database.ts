import { parseStoreUrl } from '../engines/store-url.js';
import type { Store } from '../store.js';
import { DatabaseStore, type DatabaseStoreOptions } from './database-store.js';

/**
 * Opens the store at a URL. Connects to nothing until it is used.
 *
 * @throws AuthError `usage` for an engine, a name or a parameter that is unknown.
 */
export function openDatabaseStore({ place, ...options }: Omit<DatabaseStoreOptions, 'place'> & { readonly place: string }): Store {
  return new DatabaseStore({ ...options, place: parseStoreUrl(place) });
}
