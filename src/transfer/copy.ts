/** Copy: logins go from one store to another, as from the file of one machine to the database of a fleet. */
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { canRenew } from '../session/renewal.js';
import { addClient, readClients } from '../store/clients.js';
import { findServer, isSameUrl, listServers, type ServerEntry, type StoreDocument } from '../store/document.js';
import { deleteLogin, readLogin, type Login } from '../store/login.js';
import { allowPlaintext } from '../store/database/plaintext.js';
import type { Store } from '../store/store.js';
import { createUnknownServerError } from '../store/unknown-server.js';
import { quote } from '../text/server-text.js';

export interface CopyRequest {
  readonly from: Store;
  readonly to: Store;
  /** The servers to copy; empty for all. */
  readonly names: readonly string[];
  /** Whether the logins stay in the first store as well. */
  readonly keep: boolean;
  /** Whether the second store, if it is a database, may have them unsealed. It remembers that. */
  readonly plaintext: boolean;
  /** Whether other logins in the second store are replaced. */
  readonly replace: boolean;
  /** Called with each server that has been copied. */
  readonly report: (copied: CopiedServer) => void;
}

export interface CopiedServer {
  readonly name: string;
  /** Undefined for a server without a login. */
  readonly login: Login | undefined;
}

/**
 * Copies servers with all that the store knows of them. A login is removed from the first store once the second has it, so that only
 * one of the two renews it: a refresh token can be used once.
 *
 * @throws AuthError `usage` for an unknown name, or a name that the second store has for another server or with another login; then
 * the servers before it have been copied.
 */
export async function copyServers({ names, plaintext, ...request }: CopyRequest, context: Context): Promise<void> {
  const { from, to } = request;
  if (from.path === to.path) throw new AuthError('usage', `Both stores are ${from.path}.`, { hint: 'Name two stores: --from and --to.' });
  const document = await from.read();
  const unknown = names.find((name) => findServer(document, name) === undefined);
  if (unknown !== undefined) throw createUnknownServerError(unknown, document);
  const wanted = names.length > 0 ? names : listServers(document).map(([name]) => name);
  // The registrations first: no login is in the second store without its client.
  await to.update((other) => {
    if (plaintext) allowPlaintext(other);
    copyRest(document, other, names.length === 0);
  });
  for (const name of wanted) {
    context.signal.throwIfAborted();
    const login = await context.uninterrupted(() => copyServer(name, request));
    request.report({ name, login });
  }
}

/** The members of a document that are not copied as they are. How a store is sealed is its own affair. */
const ownMembers = ['mcpServers', 'oauthClients', 'seal', 'plaintext'];

/** The registrations, and what other programs keep at the top of a document. What the second store has stays. Changes `other`. */
function copyRest(document: StoreDocument, other: StoreDocument, isWhole: boolean): void {
  for (const issuer of Object.keys(document.oauthClients ?? {})) {
    for (const client of readClients(document, issuer).reverse()) addClient(other, issuer, client);
  }
  if (!isWhole) return;
  const members = Object.entries(document).filter(([key]) => !ownMembers.includes(key) && !Object.hasOwn(other, key));
  for (const [key, value] of members) other[key] = value;
}

/** A renewal in the meantime would leave the second store with a spent refresh token. */
async function copyServer(name: string, { from, to, keep, replace }: Omit<CopyRequest, 'names' | 'plaintext'>): Promise<Login | undefined> {
  return from.withServerLock(name, async () => {
    const entry = findServer(await from.read(name), name);
    if (entry === undefined) return undefined;
    const login = readLogin(entry);
    await to.update((document) => putEntry(document, { name, entry, replace }), name);
    const stored = readLogin(findServer(await to.read(name), name));
    if (stored?.accessToken !== login?.accessToken) throw createLostError(name, to);
    if (login !== undefined && !keep) await from.update((document) => removeLogin(document, { name, login }), name);
    return login;
  });
}

function putEntry(document: StoreDocument, { name, entry, replace }: { name: string; entry: ServerEntry; replace: boolean }): void {
  const known = findServer(document, name);
  if (known !== undefined && known.url !== entry.url && !isSameUrl(known.url, entry.url ?? '')) {
    throw new AuthError('usage', `The other store has ${name} for another server: ${quote(known.url ?? 'a local command')}.`, {
      hint: 'Copy the other servers by their names, or rename this one: mcp-auth login URL --name NAME',
    });
  }
  const there = readLogin(known);
  if (there !== undefined && canRenew(there) && there.accessToken !== readLogin(entry)?.accessToken && !replace) {
    throw new AuthError('usage', `The other store has a login to ${name} already.`, {
      hint: 'To replace it by the one that is copied, pass --replace.',
    });
  }
  const all = (document.mcpServers ??= {});
  all[name] = { ...known, ...structuredClone(entry) };
}

/** Removes the login, unless it has been replaced in the meantime. */
export function removeLogin(document: StoreDocument, { name, login }: { name: string; login: Login }): void {
  const entry = findServer(document, name);
  if (entry && readLogin(entry)?.accessToken === login.accessToken) deleteLogin(entry);
}

function createLostError(name: string, { path }: Store): AuthError {
  return new AuthError('store_unwritable', `${name} was written to ${path}, but is not in it now. The login stays where it was.`, {
    hint: 'Find out which other program writes to that store.',
  });
}
