/**
 * The newest tokens of each login, in a file of its own next to the store. Another program may save the store from a copy that
 * it read before a renewal: the refresh token in that copy is spent, so the login would end. When the store shows older tokens
 * of the same login, the newest ones are restored; also those that a full disk has kept out of the store.
 *
 * Each server has one main file (`STORE.NAME.newest`). A token response that is not in the store yet has a pending file
 * (`STORE.NAME.ID.newest`), or a file in the temporary folder if there is no room next to the store.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeAtomically } from './atomic-write.js';
import { findClient, putClient } from './clients.js';
import { findServer, isSameUrl, listServers, type ServerEntry, type StoreDocument } from './document.js';
import { createFingerprint } from './fingerprint.js';
import { deleteLogin, getAudience, readLogin, writeLogin, type Login } from './login.js';
import { getMovedLoginPath } from './moved-login.js';
import {
  getFallbackFolder,
  getNewestPath,
  getPendingRenewalPath,
  listFallbackFiles,
  listNewestFiles,
  formatNewestLogin,
  readNewestLogin,
  type NewestLogin,
  type NewestLoginFile,
} from './newest-file.js';
import { isPrivateFolder } from './own-file.js';
import type { SealCodec } from './seal/codec.js';
import type { PendingRenewal } from './store.js';
import { formatSettings, readSettings, writeSettings } from './settings.js';
import { createUnwritableError } from './unwritable.js';

/** Fingerprints of one server's older logins and settings that are remembered. */
const maxReplaced = 500;
/** Milliseconds after which no program is assumed to still hold an older copy of the store. */
const maxCopyAge = 24 * 60 * 60 * 1000;
/** Milliseconds that a process may take to put a token response into the store: as long as it waits for a lock. */
const maxPendingAge = 30_000;

/** Identifies the tokens of a login. A renewal may replace either of the two. */
function getFingerprint({ accessToken, refreshToken = '' }: Login): string {
  return createFingerprint(`${accessToken} ${refreshToken}`).slice(0, 22);
}

function hasSameTokens(one: Login | undefined, other: Login | undefined): boolean {
  return one === undefined || other === undefined ? one === other : getFingerprint(one) === getFingerprint(other);
}

function isReplaced(login: Login, { replaced, moved }: NewestLogin): boolean {
  const fingerprint = getFingerprint(login);
  // Until 0.1.0, the fingerprint was of the access token alone.
  return fingerprint === moved || replaced.includes(fingerprint) || replaced.includes(createFingerprint(login.accessToken));
}

/** Identifies the settings of a server, in any order. */
function getSettingsFingerprint(entry: ServerEntry): string {
  const settings = readSettings(entry);
  return createFingerprint([settings.trustedIssuerAt ?? '', ...formatSettings(settings)].sort().join('\n')).slice(0, 22);
}

/** Of the tokens and of the settings; none for an entry without a login. */
function listFingerprints(entry: ServerEntry | undefined): string[] {
  const login = readLogin(entry);
  return entry === undefined || login === undefined ? [] : [getFingerprint(login), getSettingsFingerprint(entry)];
}

/** A copy of an entry's login and settings. */
function copyLogin({ auth, url, login_options, trusted_issuer, trusted_issuer_at }: ServerEntry): ServerEntry {
  return structuredClone({ url, auth, login_options, trusted_issuer, trusted_issuer_at });
}

/** Copies of the logins and settings of all servers with a login, or of those in `names`. */
export function copyLogins(document: StoreDocument, names?: readonly string[]): ReadonlyMap<string, ServerEntry> {
  const all = listServers(document).filter(([name, entry]) => (names?.includes(name) ?? true) && readLogin(entry) !== undefined);
  return new Map(all.map(([name, entry]) => [name, copyLogin(entry)]));
}

/**
 * Replaces older tokens in the document by the newest ones of the same login. Changes `document`.
 *
 * @returns the names of the servers that it changed.
 */
export function restoreNewestLogins(document: StoreDocument, newest: readonly NewestLogin[]): string[] {
  return newest.filter((one) => restoreNewestLogin(document, one)).map(({ name }) => name);
}

function restoreNewestLogin(document: StoreDocument, newest: NewestLogin): boolean {
  const entry = findServer(document, newest.name);
  const now = readLogin(entry);
  if (entry === undefined || now === undefined || !isReplaced(now, newest)) return false;
  if (newest.server === undefined) {
    deleteLogin(entry);
    return true;
  }
  const login = readLogin(newest.server);
  const { url } = newest.server;
  const hasSameUrl = url === undefined || isSameUrl(entry.url, url);
  // The name may have belonged to another server before: tokens stay with their server.
  if (login === undefined || !(hasSameUrl || hasSameAudience(now, login))) return false;
  writeLogin(entry, login, newest.name);
  // Unknown settings were set by the user since: they stay.
  if (url !== undefined && hasSameUrl && newest.replaced.includes(getSettingsFingerprint(entry)))
    writeSettings(entry, readSettings(newest.server));
  const { issuer = '', clientId } = login;
  const isKnown = findClient(document, issuer, clientId) !== undefined;
  if (newest.client && !isKnown) putClient(document, issuer, newest.client);
  return true;
}

/** Whether the tokens of two logins may be used at the same URL, and are of the same issuer. */
function hasSameAudience(one: Login, other: Login): boolean {
  return getAudience(one) !== undefined && getAudience(one) === getAudience(other) && one.issuer === other.issuer;
}

/** Whether the store has to be updated, under its lock: there is a pending file, or the user has removed a login that has a main file. */
export function needsUpdate(document: StoreDocument, { name, server, file }: NewestLoginFile): boolean {
  return !isMainFile({ name, file }) || (server !== undefined && readLogin(findServer(document, name)) === undefined);
}

/** Whether a server has a recent pending file, which another process is about to put into the store. */
export function isRenewalPending(server: string, newest: readonly NewestLoginFile[]): boolean {
  return newest.some((one) => one.name === server && !isMainFile(one) && Math.abs(Date.now() - one.writtenAt) < maxPendingAge);
}

function isMainFile({ name, file }: Pick<NewestLoginFile, 'name' | 'file'>): boolean {
  return file.endsWith(getNewestPath('', name));
}

/**
 * The newest logins of a store, or of the servers in `names`, from the files next to it and in the temporary folder. Naming
 * the servers matters: with 200 logins, renewing all takes half as long if not all files are read for each. Files that are sealed
 * with another key than the store are not of this store.
 */
export function readAllNewestLogins(store: string, { names, codec }: NewestQuery = {}): NewestLoginFile[] {
  const nextToStore = names === undefined ? listNewestFiles(store) : names.flatMap((name) => listNewestFiles(store, name));
  const all = [...nextToStore, ...listFallbackFiles()]
    .flatMap((file) => readNewestLogin(file, codec) ?? [])
    .filter((one) => one.isClosed !== true && belongsTo(store, one) && (names?.includes(one.name) ?? true))
    .map((one) => (one.moved === undefined || existsSync(getMovedLoginPath(store, one.name)) ? one : { ...one, moved: undefined }));
  // Main files first: they have what the user did, which wins over a response for a login that the user has replaced.
  return [...all.filter(isMainFile), ...all.filter((one) => !isMainFile(one))];
}

interface NewestQuery {
  readonly names?: readonly string[] | undefined;
  /** Of a sealed store. */
  readonly codec?: SealCodec | undefined;
}

/** Whether a file is of this store: the file name of another store may begin with this store's. */
function belongsTo(store: string, { file, name }: NewestLoginFile): boolean {
  const mainFile = file.replace(/\.[\da-f-]{36}\.newest$/, '.newest').replace(/\.rescued$/, '.newest');
  return mainFile === getNewestPath(store, name) || file === getFallbackPath(store, name);
}

interface DocumentChange {
  readonly document: StoreDocument;
  /** The servers with a login before the change. */
  readonly before: ReadonlyMap<string, ServerEntry>;
  /** The newest logins before the change. */
  readonly newest: readonly NewestLoginFile[];
  /** The servers that may have changed; all if undefined. */
  readonly names?: readonly string[] | undefined;
  /** Of a sealed store. */
  readonly codec?: SealCodec | undefined;
}

/**
 * Writes the logins of a change to their main files, before the store itself is written: if this process is killed in between,
 * the next process that reads the store completes the change. A main file is deleted when another program has replaced or removed the
 * login, and after a day without a change. No error if there is no room: then the store cannot be written either.
 *
 * @returns the files to delete once the store is written.
 */
export async function writeNewestLogins(store: string, change: DocumentChange): Promise<string[]> {
  const { document, before, newest } = change;
  const names = change.names ?? [...before.keys(), ...listServers(document).map(([name]) => name), ...newest.map(({ name }) => name)];
  const unneeded: string[] = [];
  for (const name of new Set(names)) unneeded.push(...(await writeNewestLogin(store, name, change).catch(() => [])));
  return unneeded;
}

async function writeNewestLogin(store: string, name: string, { document, ...change }: DocumentChange): Promise<string[]> {
  const known = change.newest.filter((one) => one.name === name);
  const before = change.before.get(name);
  const after = readLogin(findServer(document, name));
  const isChanged = !hasSameTokens(readLogin(before), after);
  const isMoved = isChanged && after === undefined && existsSync(getMovedLoginPath(store, name));
  const isNeeded = isChanged ? before !== undefined || known.length > 0 : isCurrent(after, known);
  const file = getNewestPath(store, name);
  const newest = isNeeded ? createNewestLogin(document, { name, before, known, isMoved }) : undefined;
  const format = (one: NewestLogin) => formatNewestLogin(one, undefined);
  if (newest !== undefined && !known.some((one) => one.file === file && format(one) === format(newest))) {
    // Not flushed: after a power failure the store, which is flushed, has the same tokens.
    await writeAtomically(file, formatNewestLogin(newest, change.codec), { flush: false, namedAfter: path.basename(store) });
  }
  return known.map((one) => one.file).filter((one) => newest === undefined || one !== file);
}

/** Whether a file of the last day has the same tokens as a login that was not changed, or also has none after a logout. */
function isCurrent(login: Login | undefined, known: readonly NewestLoginFile[]): boolean {
  return known.some(({ server, writtenAt }) => hasSameTokens(login, readLogin(server)) && Math.abs(Date.now() - writtenAt) < maxCopyAge);
}

interface EarlierState {
  readonly name: string;
  /** The entry before the change. */
  readonly before: ServerEntry | undefined;
  readonly known: readonly NewestLogin[];
  readonly isMoved?: boolean;
}

/** The newest login of a server in `document`, which replaces `before` and everything that `known` replaced. */
function createNewestLogin(document: StoreDocument, { name, before, known, isMoved = false }: EarlierState): NewestLogin {
  const entry = findServer(document, name);
  const now = readLogin(entry);
  const movedBefore = known.flatMap(({ moved }) => moved ?? []);
  const older = [
    ...known.flatMap(({ replaced }) => replaced),
    ...movedBefore,
    ...known.flatMap(({ server }) => listFingerprints(server)),
    ...listFingerprints(before),
  ];
  const olderExcept = (current: readonly (string | undefined)[]) =>
    [...new Set(older)].filter((one) => !current.includes(one)).slice(-maxReplaced);
  if (entry === undefined || now === undefined) {
    const moved = isMoved ? listFingerprints(before)[0] : movedBefore[0];
    return { name, replaced: olderExcept([moved]), ...(moved !== undefined && { moved }) };
  }
  const client = findClient(document, now.issuer, now.clientId);
  return { name, replaced: olderExcept(listFingerprints(entry)), server: copyLogin(entry), ...(client && { client }) };
}

/** Writes the files of a store again, with another codec or none: its seal has changed. */
export async function rewriteNewestLogins(store: string, newest: readonly NewestLoginFile[], codec: SealCodec | undefined): Promise<void> {
  for (const one of newest) {
    const isNextToStore = path.dirname(one.file) === path.dirname(store);
    await writeAtomically(one.file, formatNewestLogin(one, codec), { namedAfter: isNextToStore ? path.basename(store) : undefined });
  }
}

/** A renewal as `writePendingRenewal` takes it. */
export function applyRenewal({ name, login, document }: PendingRenewal) {
  const before = findServer(document, name);
  const entry = structuredClone(before);
  if (entry) writeLogin(entry, login, name);
  return { name, before, document: { ...document, mcpServers: entry === undefined ? {} : { [name]: entry } } };
}

/**
 * Writes a token response to a pending file at once, without waiting for a lock. From then on every reader of the store finds it, even
 * if this process is killed or the store cannot be written.
 *
 * @param before the entry with the login that it replaces.
 * @param document contains the new login.
 * @param codec of a sealed store.
 * @returns the file: next to the store, otherwise in the temporary folder. Throws `store_unwritable` if neither can be written.
 */
export async function writePendingRenewal(
  store: string,
  {
    name,
    before,
    document,
    codec,
  }: { name: string; before: ServerEntry | undefined; document: StoreDocument; codec?: SealCodec | undefined },
): Promise<string> {
  const places = [
    { file: getPendingRenewalPath(store, name, crypto.randomUUID()), namedAfter: path.basename(store), readKnown: () => [] },
    // In the temporary folder, one file has to stand for all responses that could not be stored.
    {
      file: getFallbackPath(store, name),
      namedAfter: undefined,
      readKnown: () => readAllNewestLogins(store, { codec }).filter((one) => one.name === name),
    },
  ];
  let failure: unknown;
  for (const { file, namedAfter, readKnown } of places) {
    try {
      const folder = path.dirname(file);
      await mkdir(folder, { mode: 0o700, recursive: true });
      if (folder !== path.dirname(store) && !isPrivateFolder(folder)) continue;
      const text = formatNewestLogin(createNewestLogin(document, { name, before, known: readKnown() }), codec);
      await writeAtomically(file, text, { flushFolder: true, namedAfter });
      return file;
    } catch (error) {
      failure ??= error;
    }
  }
  throw createUnwritableError(store, failure);
}

function getFallbackPath(store: string, name: string): string {
  return path.join(getFallbackFolder(), `${createFingerprint(`${store} ${name}`)}.json`);
}
