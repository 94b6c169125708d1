/** A login on its way from one machine to another: a document of the store's own shape, with one server in it. */
import type { Context } from './context.js';
import { AuthError } from './errors.js';
import type { ClientInformation } from './oauth/registration.js';
import { quoted } from './server-text.js';
import { unknownServer } from './session/revoke.js';
import { headersOf } from './session/server-access.js';
import { clientsOf, putClient } from './store/clients.js';
import { findServer, parseDocument, putServer, servers, type ServerEntry, type StoreDocument } from './store/document.js';
import { portableSettings, readSettings, settingsInWords, writeSettings } from './store/settings.js';
import { deleteLogin, readLogin, writeLogin, type Login } from './store/login.js';

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
    const login = readLogin(entry);
    if (login === undefined) throw new AuthError('login_needed', `There is no login to ${name}.`, { hint: `Run: mcp-auth login ${name}` });
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
  readonly url: string;
  readonly issuer?: string;
  /** An issuer that its authorization server may call itself from now on. */
  readonly trustedIssuer?: string;
  /** The file of its client's key, which has to be on this machine too. */
  readonly keyFile?: string;
  /** It is renewed by showing a file of its machine, which was not taken. */
  readonly unrepeatable: boolean;
  /** What was said of the server on its machine, as options: what holds here too, and what was not taken. */
  readonly taken: readonly string[];
  readonly left: readonly string[];
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
    return [{ name, url: entry.url, entry, login: withoutFiles(login), client }];
  });
  if (imported.length === 0) {
    throw new AuthError('usage', 'There is no login in what was given on stdin.', { hint: 'Give what mcp-auth export NAME prints.' });
  }
  await store.update((now) => {
    for (const { name, url, entry, login, client } of imported) {
      checkClientIsTheirs({ login, client }, now);
      const server = putServer(now, { name, url });
      writeLogin(server, login, name);
      const { trusted_issuer, trusted_issuer_at } = entry;
      const isPin = typeof trusted_issuer === 'string' && typeof trusted_issuer_at === 'string';
      writeSettings(server, {
        ...readSettings(server),
        ...portableSettings(readSettings(entry)),
        ...(isPin && { trustedIssuer: trusted_issuer, trustedIssuerAt: trusted_issuer_at }),
      });
      if (client && login.issuer !== undefined) putClient(now, login.issuer, client);
    }
  });
  for (const { name } of imported) await store.forgetMoved(name);
  return imported.map(({ name, entry, login, client }) => ({
    name,
    url: entry.url ?? '',
    issuer: login.issuer,
    trustedIssuer: typeof entry.trusted_issuer === 'string' ? entry.trusted_issuer : undefined,
    keyFile: client?.private_key_file,
    unrepeatable: readLogin(entry)?.flow !== login.flow,
    ...optionsOf(entry),
  }));
}

/** A document may come from anybody: what loosens a check here, or has a value of this machine sent, is not taken. */
function optionsOf(entry: ServerEntry): Pick<Imported, 'taken' | 'left'> {
  const settings = readSettings(entry);
  const taken = settingsInWords(portableSettings(settings));
  // The issuer that is trusted is told by itself.
  const others = settingsInWords(settings).filter((words) => !taken.includes(words) && !words.startsWith('--trust-issuer '));
  return { taken, left: [...others, ...Object.keys(headersOf(entry)).map((name) => `--header ${name}`)] };
}

/** A document may come from anybody: what it says of files of this machine would be read, and sent where it says. */
function withoutFiles({ workloadTokenFile, idTokenFile, flow, ...login }: Login): Login {
  const needsFile = workloadTokenFile !== undefined || idTokenFile !== undefined;
  return { ...login, ...(!needsFile && { flow }) };
}

/**
 * The secret of a client that this store has is for nobody's document to use: it would be sent to the token endpoint that
 * the document names.
 *
 * @throws AuthError `usage`.
 */
function checkClientIsTheirs({ login, client }: { login: Login; client: ClientInformation | undefined }, document: StoreDocument): void {
  const { issuer = '', clientId = '' } = login;
  const known = clientsOf(document, issuer).find(({ client_id }) => client_id === clientId);
  const isSecret = known?.client_secret !== undefined || known?.private_key_file !== undefined;
  if (!isSecret || (known.client_secret === client?.client_secret && known.private_key_file === client?.private_key_file)) return;
  throw new AuthError(
    'usage',
    `The login is by the client ${quoted(clientId)} of ${quoted(issuer)}, whose secret is in this store and not in the document.`,
    {
      hint: 'Log in here in place of importing.',
    },
  );
}
