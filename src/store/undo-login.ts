/** Undoing a login that was stored, when its server rejects the token. All functions are pure. */
import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../text/json.js';
import { deleteServer, findServer, getOwnValue, listServers, type ServerEntry, type StoreDocument } from './document.js';
import { deleteLogin, readLogin, writeLogin } from './login.js';

/** The parts of the document that a login changes: the entry of its server, and the registrations with its issuers. */
export interface LoginSnapshot {
  readonly entry: ServerEntry | undefined;
  readonly clients: Readonly<Record<string, unknown>>;
  readonly hasServers: boolean;
  readonly hasClients: boolean;
}

/** The document before and after a login was stored. */
export interface LoginChange {
  readonly name: string;
  readonly before: LoginSnapshot;
  readonly after: LoginSnapshot;
}

/** A copy of the parts that a login to server `name` with these issuers changes. */
export function takeLoginSnapshot({ name, issuers }: { name: string; issuers: readonly string[] }, document: StoreDocument): LoginSnapshot {
  const clients = issuers.map((issuer) => [issuer, getOwnValue(document.oauthClients, issuer)]);
  return structuredClone({
    entry: findServer(document, name),
    clients: Object.fromEntries(clients) as Record<string, unknown>,
    hasServers: document.mcpServers !== undefined,
    hasClients: document.oauthClients !== undefined,
  });
}

/**
 * Removes a login and restores what was there before it. Later changes by other processes stay. Changes `document`.
 *
 * @returns false if the login is gone or has been replaced: nothing is changed then.
 */
export function undoLogin(document: StoreDocument, { name, before, after }: LoginChange): boolean {
  const entry = findServer(document, name);
  const [now, stored] = [readLogin(entry), readLogin(after.entry)];
  if (entry === undefined || now?.accessToken !== stored?.accessToken || now?.refreshToken !== stored?.refreshToken) return false;
  undoEntry(document, { name, entry, before: before.entry, after: after.entry ?? {} });
  for (const issuer of Object.keys(before.clients)) {
    undoClients(document, { issuer, before: before.clients[issuer], after: after.clients[issuer] });
  }
  if (!before.hasServers && isEmpty(document.mcpServers)) delete document.mcpServers;
  if (!before.hasClients && isEmpty(document.oauthClients)) delete document.oauthClients;
  return true;
}

function isEmpty(value: object | undefined): boolean {
  return value !== undefined && Object.keys(value).length === 0;
}

interface EntryChange {
  readonly name: string;
  readonly entry: ServerEntry;
  readonly before: ServerEntry | undefined;
  readonly after: ServerEntry;
}

function undoEntry(document: StoreDocument, { name, entry, before, after }: EntryChange): void {
  if (isDeepStrictEqual(entry, after)) {
    if (before === undefined) deleteServer(document, name);
    // In the same place, with its members in their order.
    else if (document.mcpServers) document.mcpServers[name] = structuredClone(before);
    return;
  }
  // Another process has added something to a new server: its URL has to stay.
  const { type, url } = after;
  const former: ServerEntry = before ?? { ...(type !== undefined && { type }), ...(url !== undefined && { url }) };
  for (const key of Object.keys({ ...after, ...former }).filter((one) => one !== 'auth')) {
    if (!isDeepStrictEqual(entry[key], after[key])) continue;
    if (Object.hasOwn(former, key)) entry[key] = structuredClone(former[key]);
    else Reflect.deleteProperty(entry, key);
  }
  const login = readLogin(before);
  if (login) writeLogin(entry, login, name);
  else deleteLogin(entry);
}

function undoClients(document: StoreDocument, { issuer, before, after }: { issuer: string; before: unknown; after: unknown }): void {
  const all = document.oauthClients;
  const now = getOwnValue<unknown>(all, issuer);
  if (all === undefined || !Array.isArray(now) || isDeepStrictEqual(before, after)) return;
  const [former, stored] = [toList(before), toList(after)];
  const isNew = (one: unknown) =>
    findSame(stored, one) !== undefined && findSame(former, one) === undefined && !isUsed(document, issuer, one);
  const kept = now.filter((one: unknown) => !isNew(one));
  const isOurs = isDeepStrictEqual(now, after) && kept.every((one: unknown) => findSame(former, one) !== undefined);
  const restored: readonly unknown[] = isOurs
    ? former
    : [...kept.map((one: unknown) => restoreClient(one, { former, stored })), ...listRemoved(now, { former, stored })];
  if (restored.length === 0 && before === undefined) Reflect.deleteProperty(all, issuer);
  else all[issuer] = structuredClone(restored) as NonNullable<typeof all>[string];
}

interface Lists {
  readonly former: readonly unknown[];
  readonly stored: readonly unknown[];
}

/** A registration as it was before the login, unless another process has changed it since. */
function restoreClient(one: unknown, { former, stored }: Lists): unknown {
  return isDeepStrictEqual(one, findSame(stored, one)) ? (findSame(former, one) ?? one) : one;
}

/** The registrations that the login removed. */
function listRemoved(now: readonly unknown[], { former, stored }: Lists): unknown[] {
  return former.filter((one) => findSame(stored, one) === undefined && findSame(now, one) === undefined);
}

/** Whether a login uses the client: another process may have stored one in the meantime. */
function isUsed(document: StoreDocument, issuer: string, client: unknown): boolean {
  const id = getClientId(client);
  return listServers(document).some(
    ([, { auth }]) =>
      (auth?.issuer === issuer && auth.client_id === id) || (auth?.identity_provider === issuer && auth.identity_provider_client_id === id),
  );
}

/** The client of the list with the same id. */
function findSame(list: readonly unknown[], client: unknown): unknown {
  return list.find((one) => getClientId(one) !== undefined && getClientId(one) === getClientId(client));
}

function getClientId(client: unknown): unknown {
  return isObject(client) ? client['client_id'] : undefined;
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
