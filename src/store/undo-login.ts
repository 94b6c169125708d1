/** A login that was put into the document, and is taken out again when it turns out to be of no use. All pure. */
import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../text/json.js';
import { deleteServer, findServer, getOwnValue, listServers, type ServerEntry, type StoreDocument } from './document.js';
import { deleteLogin, readLogin, writeLogin } from './login.js';

/** What a login changes: the entry of its server, and the registrations of its issuers. */
export interface LoginSnapshot {
  readonly entry: ServerEntry | undefined;
  readonly clients: Readonly<Record<string, unknown>>;
  readonly hasServers: boolean;
  readonly hasClients: boolean;
}

/** A login that was put there, with what was there before. */
export interface LoginChange {
  readonly name: string;
  readonly before: LoginSnapshot;
  readonly after: LoginSnapshot;
}

/** A copy of what a login to server `name`, from these issuers, changes. */
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
 * Takes a login out, and puts back what was there before it. What another process has changed since then stays. Changes `document`.
 *
 * @returns false where the login has gone by now, or is another one: nothing is changed then.
 */
export function undoLogin(document: StoreDocument, { name, before, after }: LoginChange): boolean {
  const entry = findServer(document, name);
  const [now, put] = [readLogin(entry), readLogin(after.entry)];
  if (entry === undefined || now?.accessToken !== put?.accessToken || now?.refreshToken !== put?.refreshToken) return false;
  takeBackEntry(document, { name, entry, before: before.entry, after: after.entry ?? {} });
  for (const issuer of Object.keys(before.clients)) {
    takeBackClients(document, { issuer, before: before.clients[issuer], after: after.clients[issuer] });
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

function takeBackEntry(document: StoreDocument, { name, entry, before, after }: EntryChange): void {
  if (isDeepStrictEqual(entry, after)) {
    if (before === undefined) deleteServer(document, name);
    // In its place, and with its members in their order.
    else if (document.mcpServers) document.mcpServers[name] = structuredClone(before);
    return;
  }
  // Something has been added to a server that was new: its address stays with it.
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

function takeBackClients(document: StoreDocument, { issuer, before, after }: { issuer: string; before: unknown; after: unknown }): void {
  const all = document.oauthClients;
  const now = getOwnValue<unknown>(all, issuer);
  if (all === undefined || !Array.isArray(now) || isDeepStrictEqual(before, after)) return;
  const [former, put] = [listOf(before), listOf(after)];
  const isNew = (one: unknown) => find(put, one) !== undefined && find(former, one) === undefined && !isUsed(document, issuer, one);
  const kept = now.filter((one: unknown) => !isNew(one));
  const isOurs = isDeepStrictEqual(now, after) && kept.every((one: unknown) => find(former, one) !== undefined);
  const restored: readonly unknown[] = isOurs
    ? former
    : [...kept.map((one: unknown) => asBefore(one, { former, put })), ...goneFrom(now, { former, put })];
  if (restored.length === 0 && before === undefined) Reflect.deleteProperty(all, issuer);
  else all[issuer] = structuredClone(restored) as NonNullable<typeof all>[string];
}

interface Lists {
  readonly former: readonly unknown[];
  readonly put: readonly unknown[];
}

/** A registration as it was, unless it has been changed once more. */
function asBefore(one: unknown, { former, put }: Lists): unknown {
  return isDeepStrictEqual(one, find(put, one)) ? (find(former, one) ?? one) : one;
}

/** Those that the login took out. */
function goneFrom(now: readonly unknown[], { former, put }: Lists): unknown[] {
  return former.filter((one) => find(put, one) === undefined && find(now, one) === undefined);
}

/** Another login may be with that client by now. */
function isUsed(document: StoreDocument, issuer: string, client: unknown): boolean {
  const id = idOf(client);
  return listServers(document).some(
    ([, { auth }]) =>
      (auth?.issuer === issuer && auth.client_id === id) || (auth?.identity_provider === issuer && auth.identity_provider_client_id === id),
  );
}

function find(list: readonly unknown[], client: unknown): unknown {
  return list.find((one) => idOf(one) !== undefined && idOf(one) === idOf(client));
}

function idOf(client: unknown): unknown {
  return isObject(client) ? client['client_id'] : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
