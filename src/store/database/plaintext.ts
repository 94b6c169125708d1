/** A database has other readers than the user: its operators, its backups. Secrets in plain text are stored there only if that was said. */
import { formatCommand } from '../../text/command-line.js';
import { AuthError } from '../../errors.js';
import { listServers, type StoreDocument } from '../document.js';
import { readLogin } from '../login.js';

/** Lets this store have secrets in plain text. Changes `document`. Does nothing if it is sealed. */
export function allowPlaintext(document: StoreDocument): void {
  if (document['seal'] === undefined) document['plaintext'] = true;
}

/** Whether secrets may be stored in it: it is sealed, or plain text was allowed. */
export function mayHaveSecrets(document: StoreDocument): boolean {
  return document['seal'] !== undefined || document['plaintext'] === true;
}

/** Whether a document has anything that is sealed in a sealed store. */
export function hasSecrets(document: StoreDocument): boolean {
  const clients = Object.values(document.oauthClients ?? {}).flat();
  return (
    listServers(document).some(([, entry]) => readLogin(entry) !== undefined || entry.headers !== undefined) ||
    clients.some(({ client_secret: secret }) => secret !== undefined)
  );
}

/** @param store the URL without its password. */
export function createUnsealedError(store: string): AuthError {
  return new AuthError('store_unwritable', `The store ${store} is not sealed: its operators could use the logins in it.`, {
    hint: `Seal it: ${formatCommand`mcp-auth seal --store ${store}`}     Or allow plain text: ${formatCommand`mcp-auth unseal --plaintext --store ${store}`}`,
  });
}
