/** A login on its way from one machine to another: a document of the store's own shape, with one server in it. */
import type { Context } from '../context.js';
import { formatCommand, quoteShellWord } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import type { Network } from '../effects.js';
import { isLoopbackUrl } from '../http/url-policy.js';
import type { ClientInformation } from '../oauth/client-information.js';
import { isResourceFor } from '../oauth/resource.js';
import { hasUnprintable, quote } from '../text/server-text.js';
import { canRenew } from '../session/renewal.js';
import { createUnknownServerError } from '../session/revoke.js';
import { readHeaders } from '../session/server-access.js';
import { addClient, readClients } from '../store/clients.js';
import { createFingerprint } from '../store/fingerprint.js';
import { findServer, parseDocument, putServer, listServers, type ServerEntry, type StoreDocument } from '../store/document.js';
import { pickPortableSettings, readSettings, formatSettings, writeSettings } from '../store/settings.js';
import { listVariables } from '../store/variables.js';
import { deleteLogin, readLogin, writeLogin, type Login } from '../store/login.js';

/**
 * Prints the login of a server, with the client that it belongs to, as one line of JSON.
 *
 * @param move takes it out of the store once it has been printed: two machines that renew one login would end it.
 * @throws AuthError `usage`, `login_needed`, `output_failed`.
 */
export async function exportLogin({ name, move }: { name: string; move: boolean }, context: Context): Promise<ExportResult> {
  const { store, ui } = context;
  // A renewal under way would leave the other machine with a token that has been spent.
  return store.withServerLock(name, async () => {
    const document = await store.read();
    const entry = findServer(document, name);
    if (entry === undefined) throw createUnknownServerError(name, document);
    const login = readLogin(entry);
    if (login === undefined)
      throw new AuthError('login_needed', `There is no login to ${name}.`, { hint: `Run: ${formatCommand`mcp-auth login ${name}`}` });
    const { issuer = '', clientId } = login;
    const client = readClients(document, issuer).find(({ client_id }) => client_id === clientId);
    const exported = { mcpServers: { [name]: entry }, ...(client && { oauthClients: { [issuer]: [client] } }) };
    ui.document(exported);
    await ui.printed();
    if (!move) return { login };
    // What was printed may still be lost on its way: a pipe takes it before anybody has read it.
    const kept = await store.saveMovedLogin(name, exported);
    await store.update((now) => removeLogin(now, { name, login }));
    return { login, backupFile: kept };
  });
}

export interface ExportResult {
  readonly login: Login;
  /** The file that has what was moved, should it not have arrived. */
  readonly backupFile?: string;
}

/** Unless another login has come in its place. */
function removeLogin(document: StoreDocument, { name, login }: { name: string; login: Login }): void {
  const entry = findServer(document, name);
  if (entry && readLogin(entry)?.accessToken === login.accessToken) deleteLogin(entry);
}

export interface ImportResult {
  readonly name: string;
  readonly url: string;
  readonly issuer?: string;
  /** Why it cannot be renewed here, as the end of a sentence; undefined where it can, or never could. */
  readonly notRenewableReason?: string | undefined;
  /** What was said of the server on its machine, as options: what holds here too, and what was not taken. */
  readonly appliedOptions: readonly string[];
  readonly skippedOptions: readonly string[];
}

interface ImportRequest {
  readonly text: string;
  /** Throws for a name or a URL that no server may have, and returns the URL as it is stored. */
  readonly check: (server: { name: string; url: string }) => string;
  /** Whether a login that is here, and is another one, may be replaced. */
  readonly replace: boolean;
}

/**
 * Puts the logins of an exported document into the store. The document may be an attacker's, so that of each only this is taken:
 *
 * - the server's name and its URL, which are shown to the person; never another URL under a name that is known;
 * - the tokens, their times and scopes, and the key that they are bound to: they are the document's own;
 * - the issuer and the client id. Where the issuer's endpoints are is asked of the issuer, not of the document;
 * - the resource, where it is the server's own;
 * - the client with its secret, for the renewal of this login alone, and only where no client of that id is known;
 * - of the options, those that loosen no check (`isPortable` in store/settings.ts).
 *
 * Not taken is all that would have this machine read a file of its own (keys, tokens of a platform), act without a person
 * (a flow), send a header, trust an address (endpoints, redirect URIs, issuers), or reach into its own network.
 *
 * @throws AuthError `usage`, `store_invalid`.
 */
export async function importLogins({ text, check, replace }: ImportRequest, { store }: Context): Promise<ImportResult[]> {
  const document = await parseDocument(text, 'stdin');
  const arriving = listServers(document).flatMap(([name, entry]) => {
    const login = readLogin(entry);
    if (login === undefined || typeof entry.url !== 'string') return [];
    const url = check({ name, url: entry.url });
    checkWords(login);
    const client = readClients(document, login.issuer ?? '').find(({ client_id }) => client_id === login.clientId);
    const taken = { ...portableLogin(login, url), importedSecretFingerprint: createFingerprint(client?.client_secret ?? '') };
    return [{ name, url, entry, whole: login, login: taken, client }];
  });
  if (arriving.length === 0) {
    throw new AuthError('usage', 'There is no login in what was given on stdin.', { hint: 'Give what mcp-auth export NAME prints.' });
  }
  await store.update((now) => {
    for (const { name, url, entry, login, client } of arriving) {
      checkClientIsTheirs({ login, client }, now);
      if (!replace) checkNoneIsLost({ name, login }, now);
      const server = putServer(now, { name, url });
      writeLogin(server, login, name);
      // What the person has said here goes on.
      writeSettings(server, { ...pickPortableSettings(readSettings(entry)), ...readSettings(server) });
      if (client && login.issuer !== undefined) addClient(now, login.issuer, portableClient(client));
    }
  });
  for (const { name } of arriving) await store.removeMovedLogin(name);
  return arriving.map(({ name, url, entry, whole, client }) => ({
    name,
    url,
    issuer: whole.issuer,
    notRenewableReason: unrenewable({ whole, client }),
    ...optionsOf(entry),
  }));
}

/** @throws AuthError `usage` for words of a login that are read otherwise than they are. */
function checkWords({ issuer = '', clientId = '', scope = '', requestedScope = '', resource = '' }: Login): void {
  const odd = [issuer, clientId, scope, requestedScope, resource].find(hasUnprintable);
  if (odd !== undefined) throw new AuthError('usage', `The document has ${quote(odd)}, with characters in it that are not seen.`);
}

/** What this machine takes of the login in a document. */
function portableLogin(login: Login, url: string): Login {
  const {
    accessToken,
    tokenType,
    dpopKey,
    expiresAtSeconds,
    issuedAtSeconds,
    refreshToken,
    endedAtSeconds,
    scope,
    requestedScope,
    issuer,
    clientId,
  } = login;
  const taken: Login = {
    accessToken,
    tokenType,
    dpopKey,
    expiresAtSeconds,
    issuedAtSeconds,
    refreshToken,
    endedAtSeconds,
    scope,
    requestedScope,
    issuer,
    clientId,
  };
  return { ...taken, ...placeAt(login, url), network: networkAt(login, url) };
}

/** A token is for the server that it comes with. A URL with a variable in it is not known yet. */
function placeAt({ resource, issuedFor }: Login, url: string): Pick<Login, 'resource' | 'issuedFor'> {
  if (listVariables(url).length > 0 || (resource === undefined && issuedFor === undefined)) return { resource };
  return resource !== undefined && isResourceFor(resource, new URL(url)) ? { resource } : { issuedFor: url };
}

/** This machine is in reach of a login to a server on this machine alone. */
function networkAt({ network }: Login, url: string): Network {
  if (URL.canParse(url) && isLoopbackUrl(new URL(url))) return 'loopback';
  return network === 'private' ? 'private' : 'public';
}

/** What this machine takes of the client of a login: what renewing it takes. It is used for no other login. */
function portableClient(client: ClientInformation): ClientInformation {
  const { client_id, client_secret, client_secret_expires_at, token_endpoint_auth_method, basic_unencoded } = client;
  const taken = { client_id, client_secret, client_secret_expires_at, token_endpoint_auth_method, basic_unencoded };
  return { ...taken, obtained_by: 'import' };
}

function unrenewable({ whole, client }: { whole: Login; client: ClientInformation | undefined }): string | undefined {
  if (client?.private_key_file !== undefined) return `its client proves itself with a key in a file (${quote(client.private_key_file)})`;
  return whole.flow === undefined ? undefined : `it is renewed by the flow ${quote(whole.flow)}, which acts without a person`;
}

/** A document may come from anybody: what loosens a check here, or has a value of this machine sent, is not taken. */
function optionsOf(entry: ServerEntry): Pick<ImportResult, 'appliedOptions' | 'skippedOptions'> {
  const settings = readSettings(entry);
  const taken = formatSettings(pickPortableSettings(settings));
  const others = formatSettings(settings).filter((words) => !taken.includes(words));
  return {
    appliedOptions: taken,
    skippedOptions: [...others, ...Object.keys(readHeaders(entry)).map((name) => `--header ${quoteShellWord(name)}`)],
  };
}

/**
 * A login that can be renewed is not lost to one of another client, whose account it may be: what this machine's apps do would be
 * done there.
 *
 * @throws AuthError `usage`.
 */
function checkNoneIsLost({ name, login }: { name: string; login: Login }, document: StoreDocument): void {
  const here = readLogin(findServer(document, name));
  if (here === undefined || !canRenew(here) || (here.issuer === login.issuer && here.clientId === login.clientId)) return;
  throw new AuthError('usage', `There is a login to ${name} here, and the document has another one.`, {
    hint: 'To use the one in the document instead, pass --replace.',
  });
}

/**
 * The secret of a client that this store has is for nobody's document to use: it would prove who the document's login is.
 *
 * @throws AuthError `usage`.
 */
function checkClientIsTheirs({ login, client }: { login: Login; client: ClientInformation | undefined }, document: StoreDocument): void {
  const { issuer = '', clientId = '' } = login;
  const known = readClients(document, issuer).find(({ client_id }) => client_id === clientId);
  const isSecret = known?.client_secret !== undefined || known?.private_key_file !== undefined;
  if (!isSecret || (known.private_key_file === undefined && known.client_secret === client?.client_secret)) return;
  throw new AuthError(
    'usage',
    `The login is by the client ${quote(clientId)} of ${quote(issuer)}, whose secret is in this store and not in the document.`,
    {
      hint: 'Log in here in place of importing.',
    },
  );
}
