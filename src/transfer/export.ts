/** Export: a login leaves for another machine, as a document of the store's own shape with one server in it. */
import type { Context } from '../context.js';
import { createLoginNeededError } from '../session/login-needed.js';
import { createUnknownServerError } from '../store/unknown-server.js';
import { findClient } from '../store/clients.js';
import { findServer } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';
import { removeLogin } from './copy.js';

export interface ExportResult {
  readonly login: Login;
  /** With `move`: a file with the exported document, in case it does not arrive. */
  readonly backupFile?: string;
}

/**
 * Prints the login of a server and the client that it belongs to, as one line of JSON.
 *
 * @param move removes the login from the store once it is printed: if two machines renew one login, it ends.
 * @throws AuthError `usage`, `login_needed`, `output_failed`.
 */
export async function exportLogin({ name, move }: { name: string; move: boolean }, context: Context): Promise<ExportResult> {
  const { store, ui } = context;
  // A renewal in the meantime would leave the other machine with a spent refresh token.
  return store.withServerLock(name, async (): Promise<ExportResult> => {
    const document = await store.read();
    const entry = findServer(document, name);
    if (entry === undefined) throw createUnknownServerError(name, document);
    const login = readLogin(entry);
    if (login === undefined) throw createLoginNeededError(name, `There is no login to ${name}`);
    const { issuer = '', clientId } = login;
    const client = findClient(document, issuer, clientId);
    const exported = { mcpServers: { [name]: entry }, ...(client && { oauthClients: { [issuer]: [client] } }) };
    ui.document(exported);
    await ui.printed();
    if (!move) return { login };
    // The document may still be lost: a pipe accepts it before the other machine has read it.
    const backupFile = await store.saveMovedLogin(name, exported);
    await store.update((now) => removeLogin(now, { name, login }));
    return { login, backupFile };
  });
}
