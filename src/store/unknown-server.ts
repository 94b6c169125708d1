import { AuthError } from '../errors.js';
import { listServers, type StoreDocument } from './document.js';

/** An AuthError `usage` for a name that no server in the store has, with the names of the store as its hint. */
export function createUnknownServerError(name: string, document: StoreDocument): AuthError {
  const names = listServers(document).map(([one]) => one);
  return new AuthError('usage', `The store has no server named ${JSON.stringify(name)}.`, {
    hint: names.length > 0 ? `The store has ${names.join(', ')}.` : 'The store is empty.',
  });
}
