/**
 * Import: a login arrives from another machine, as the document that `export` prints. The document may come from an attacker.
 * Of each login, only the following is stored:
 *
 * - the server's name and URL, which the user is shown; never another URL for a name that the store has;
 * - the tokens, their times and scopes, and the key that they are bound to: these belong to the document's author;
 * - the issuer and the client ID. The issuer's endpoints are requested from the issuer, not taken from the document;
 * - the resource, if it is the server's;
 * - the client and its secret, for renewing this login only, and only if no client with that ID is known;
 * - the settings that loosen no check (`isPortable` in store/settings.ts).
 *
 * Not stored is anything that would make this machine read a file of its own (keys, platform tokens), act without the user
 * (a flow), send a header, trust an address (endpoints, redirect URIs, issuers), or connect to its own network.
 */
import type { Context } from '../context.js';
import type { Network } from '../effects.js';
import { AuthError } from '../errors.js';
import { isLoopbackUrl } from '../http/url-policy.js';
import type { ClientInformation } from '../oauth/client-information.js';
import { isResourceFor } from '../oauth/resource.js';
import { canRenew } from '../session/renewal.js';
import { readHeaders } from '../session/server-access.js';
import { addClient, findClient } from '../store/clients.js';
import { findServer, listServers, parseDocument, putServer, type ServerEntry, type StoreDocument } from '../store/document.js';
import { createFingerprint } from '../store/fingerprint.js';
import { readLogin, writeLogin, type Login } from '../store/login.js';
import { formatSettings, pickPortableSettings, readSettings, writeSettings } from '../store/settings.js';
import { listVariables } from '../store/variables.js';
import { quoteShellWord } from '../text/command-line.js';
import { hasUnprintable, quote } from '../text/server-text.js';

export interface ImportResult {
  readonly name: string;
  readonly url: string;
  readonly issuer?: string;
  /** Why the login cannot be renewed here, as the end of a sentence; undefined if it can, or never could. */
  readonly notRenewableReason?: string | undefined;
  /** The settings of the server in the document, as options: those that were stored, and those that were not. */
  readonly appliedOptions: readonly string[];
  readonly skippedOptions: readonly string[];
}

interface ImportRequest {
  readonly text: string;
  /** Returns the URL as it is stored; throws for a name or URL that no server may have. */
  readonly check: (server: { name: string; url: string }) => string;
  /** Whether a different login that the store has may be replaced. */
  readonly replace: boolean;
}

/** A login in the document. */
interface ArrivingLogin {
  readonly name: string;
  readonly url: string;
  readonly entry: ServerEntry;
  /** The login as it is in the document. */
  readonly exported: Login;
  /** The parts of it that are stored. */
  readonly login: Login;
  readonly client: ClientInformation | undefined;
}

/**
 * Stores the logins of an exported document.
 *
 * @throws AuthError `usage`, `store_invalid`.
 */
export async function importLogins({ text, check, replace }: ImportRequest, { store }: Context): Promise<ImportResult[]> {
  // The copy of a login that was moved out of a sealed store is sealed, too.
  const document = await store.openForeign(await parseDocument(text, undefined));
  const arriving = listServers(document).flatMap(([name, entry]) => readArrivingLogin({ name, entry, document, check }) ?? []);
  if (arriving.length === 0) {
    throw new AuthError('usage', 'The input on stdin contains no login.', { hint: 'Pass the output of mcp-auth export NAME.' });
  }
  await store.update((now) => {
    for (const one of arriving) storeLogin(now, one, replace);
  });
  for (const { name } of arriving) await store.removeMovedLogin(name);
  return arriving.map(({ name, url, entry, exported, client }): ImportResult => ({
    name,
    url,
    issuer: exported.issuer,
    notRenewableReason: findNotRenewableReason(exported, client),
    ...listOptions(entry),
  }));
}

/** Undefined for an entry without a login. */
function readArrivingLogin({
  name,
  entry,
  document,
  check,
}: Pick<ArrivingLogin, 'name' | 'entry'> & Pick<ImportRequest, 'check'> & { document: StoreDocument }): ArrivingLogin | undefined {
  const exported = readLogin(entry);
  if (exported === undefined || typeof entry.url !== 'string') return undefined;
  const url = check({ name, url: entry.url });
  checkPrintable(exported);
  const client = findClient(document, exported.issuer, exported.clientId);
  const login: Login = { ...pickLogin(exported, url), importedSecretFingerprint: createFingerprint(client?.client_secret ?? '') };
  return { name, url, entry, exported, login, client };
}

/** Puts a login into the store's document. Changes `document`. */
function storeLogin(document: StoreDocument, arriving: ArrivingLogin, replace: boolean): void {
  const { name, url, entry, login, client } = arriving;
  checkClientSecret(arriving, document);
  if (!replace) checkNoLoginIsLost(arriving, document);
  const server = putServer(document, { name, url });
  writeLogin(server, login, name);
  // The user's own settings of the server stay.
  writeSettings(server, { ...pickPortableSettings(readSettings(entry)), ...readSettings(server) });
  if (client && login.issuer !== undefined) addClient(document, login.issuer, pickClient(client));
}

/** @throws AuthError `usage` for text that would look different from what it is. */
function checkPrintable({ issuer = '', clientId = '', scope = '', requestedScope = '', resource = '' }: Login): void {
  const text = [issuer, clientId, scope, requestedScope, resource].find(hasUnprintable);
  if (text !== undefined) throw new AuthError('usage', `The document contains ${quote(text)}, which has invisible characters.`);
}

/** The members of a login in a document that are stored. */
function pickLogin(exported: Login, url: string): Login {
  const { accessToken, tokenType, dpopKey, expiresAtSeconds, issuedAtSeconds, refreshToken, endedAtSeconds } = exported;
  const { scope, requestedScope, issuer, clientId } = exported;
  return {
    ...{ accessToken, tokenType, dpopKey, expiresAtSeconds, issuedAtSeconds, refreshToken, endedAtSeconds },
    ...{ scope, requestedScope, issuer, clientId },
    ...pickAudience(exported, url),
    network: limitNetwork(exported, url),
  };
}

/** A token is only for the server that it came with. A URL with a variable in it is not known yet. */
function pickAudience({ resource, issuedFor }: Login, url: string): Pick<Login, 'resource' | 'issuedFor'> {
  if (listVariables(url).length > 0 || (resource === undefined && issuedFor === undefined)) return { resource };
  return resource !== undefined && isResourceFor(resource, new URL(url)) ? { resource } : { issuedFor: url };
}

/** Only the login of a server on this machine may connect to this machine. */
function limitNetwork({ network }: Login, url: string): Network {
  if (URL.canParse(url) && isLoopbackUrl(new URL(url))) return 'loopback';
  return network === 'private' ? 'private' : 'public';
}

/** The members of a client in a document that are stored: what a renewal needs. The client is used for no other login. */
function pickClient(client: ClientInformation): ClientInformation {
  const { client_id, client_secret, client_secret_expires_at, token_endpoint_auth_method, basic_unencoded } = client;
  const picked = { client_id, client_secret, client_secret_expires_at, token_endpoint_auth_method, basic_unencoded };
  return { ...picked, obtained_by: 'import' };
}

function findNotRenewableReason({ flow }: Login, client: ClientInformation | undefined): string | undefined {
  if (client?.private_key_file !== undefined) return `its client authenticates with a key file (${quote(client.private_key_file)})`;
  return flow === undefined ? undefined : `it is renewed by the flow ${quote(flow)}, which runs without the user`;
}

/** The document may come from an attacker: settings that loosen a check, or send a value of this machine, are skipped. */
function listOptions(entry: ServerEntry): Pick<ImportResult, 'appliedOptions' | 'skippedOptions'> {
  const settings = readSettings(entry);
  const appliedOptions = formatSettings(pickPortableSettings(settings));
  const otherSettings = formatSettings(settings).filter((option) => !appliedOptions.includes(option));
  const headers = Object.keys(readHeaders(entry)).map((name) => `--header ${quoteShellWord(name)}`);
  return { appliedOptions, skippedOptions: [...otherSettings, ...headers] };
}

/**
 * A login that can be renewed is not replaced by a login of another client, which may belong to another account: this machine's
 * apps would then act in that account.
 *
 * @throws AuthError `usage`.
 */
function checkNoLoginIsLost({ name, login }: ArrivingLogin, document: StoreDocument): void {
  const here = readLogin(findServer(document, name));
  if (here === undefined || !canRenew(here) || (here.issuer === login.issuer && here.clientId === login.clientId)) return;
  throw new AuthError('usage', `The store already has a login to ${name}, and the document has a different one.`, {
    hint: 'To replace the stored login by the one in the document, pass --replace.',
  });
}

/**
 * A document must not use the secret of a client in this store: the secret would authenticate the document's login.
 *
 * @throws AuthError `usage`.
 */
function checkClientSecret({ login, client }: ArrivingLogin, document: StoreDocument): void {
  const { issuer = '', clientId = '' } = login;
  const known = findClient(document, issuer, clientId);
  const hasSecret = known?.client_secret !== undefined || known?.private_key_file !== undefined;
  if (!hasSecret || (known.private_key_file === undefined && known.client_secret === client?.client_secret)) return;
  throw new AuthError(
    'usage',
    `The login belongs to the client ${quote(clientId)} of ${quote(issuer)}, whose secret is in this store and not in the document.`,
    {
      hint: 'Log in on this machine instead of importing.',
    },
  );
}
