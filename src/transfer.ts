/** A login on its way from one machine to another: a document of the store's own shape, with one server in it. */
import type { Context } from './context.js';
import { AuthError } from './errors.js';
import { takeRescued } from './renewal.js';
import { unknownServer } from './revoke.js';
import {
  clientsOf,
  deleteLogin,
  findServer,
  parseDocument,
  putClient,
  putServer,
  readLogin,
  servers,
  writeLogin,
  type Login,
  type StoreDocument,
} from './store/document.js';

/**
 * Prints the login of a server, with the client that it belongs to, as one line of JSON.
 *
 * @param move takes it out of the store once it has been printed: two machines that renew one login would end it.
 * @throws AuthError `usage`, `login_needed`, `output_failed`.
 */
export async function exportLogin({ name, move }: { name: string; move: boolean }, context: Context): Promise<Exported> {
  const { store, ui } = context;
  // A renewal under way would leave the other machine with a token that has been spent.
  return store.withServerLock(name, async () => {
    const document = await store.read();
    const entry = findServer(document, name);
    if (entry === undefined) throw unknownServer(name, document);
    const stored = readLogin(entry);
    if (stored === undefined) throw new AuthError('login_needed', `There is no login to ${name}.`, { hint: `Run: mcp-auth login ${name}` });
    const login = (await takeRescued({ name, login: stored, document }, context)) ?? stored;
    writeLogin(entry, login, name);
    const { issuer = '', clientId } = login;
    const client = clientsOf(document, issuer).find(({ client_id }) => client_id === clientId);
    const exported = { mcpServers: { [name]: entry }, ...(client && { oauthClients: { [issuer]: [client] } }) };
    ui.document(exported);
    await ui.printed();
    if (!move) return { login };
    // What was printed may still be lost on its way: a pipe takes it before anybody has read it.
    const kept = await store.keepMoved(name, exported);
    await store.update((now) => removeLogin(now, { name, login }));
    return { login, kept };
  });
}

export interface Exported {
  readonly login: Login;
  /** The file that has what was moved, should it not have arrived. */
  readonly kept?: string;
}

/** Unless another login has come in its place. */
function removeLogin(document: StoreDocument, { name, login }: { name: string; login: Login }): void {
  const entry = findServer(document, name);
  if (entry && readLogin(entry)?.accessToken === login.accessToken) deleteLogin(entry);
}

export interface Imported {
  readonly name: string;
  /** Files that the login needs, which have to be on this machine too. */
  readonly files: readonly string[];
}

/**
 * Puts the logins of an exported document into the store, in place of those that are there. Of each, only what is ours is
 * taken: the server, the login, and its client.
 *
 * @param check throws for a name or a URL that no server may have.
 * @throws AuthError `usage`, `store_invalid`.
 */
export async function importLogins(
  { text, check }: { text: string; check: (server: { name: string; url: string }) => void },
  { store }: Context,
): Promise<Imported[]> {
  const document = await parseDocument(text, 'stdin');
  const imported = servers(document).flatMap(([name, entry]) => {
    const login = readLogin(entry);
    if (login === undefined || typeof entry.url !== 'string') return [];
    check({ name, url: entry.url });
    const client = clientsOf(document, login.issuer ?? '').find(({ client_id }) => client_id === login.clientId);
    return [{ name, url: entry.url, entry, login, client }];
  });
  if (imported.length === 0) {
    throw new AuthError('usage', 'There is no login in what was given on stdin.', { hint: 'Give what mcp-auth export NAME prints.' });
  }
  await store.update((now) => {
    for (const { name, url, entry, login, client } of imported) {
      const server = putServer(now, { name, url });
      writeLogin(server, login, name);
      const { trusted_issuer, trusted_issuer_at } = entry;
      if (trusted_issuer !== undefined) Object.assign(server, { trusted_issuer, trusted_issuer_at });
      if (client && login.issuer !== undefined) putClient(now, login.issuer, client);
    }
  });
  for (const { name } of imported) await store.forgetMoved(name);
  return imported.map(({ name, login, client }) => ({
    name,
    files: [login.workloadTokenFile, login.idTokenFile, client?.private_key_file].filter((file) => file !== undefined),
  }));
}
