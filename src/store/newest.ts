/**
 * The newest tokens of each login, kept in a file of their own beside the store. Another program may save the store from a copy
 * that it has read before a renewal: the refresh token in that copy is spent, and the login would end. The newest tokens are
 * put back when the store shows older ones of the same login. So are those that a full disk has kept out of it.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findClient, putClient } from './clients.js';
import { createFingerprint } from './fingerprint.js';
import { findServer, isSameUrl, listServers, type ServerEntry, type StoreDocument } from './document.js';
import { deleteLogin, getAudience, readLogin, writeLogin, type Login } from './login.js';
import { getMovedLoginPath } from './moved-login.js';
import {
  getPendingRenewalPath,
  getNewestPath,
  listNewestFiles,
  readNewestLogin,
  listFallbackFiles,
  getFallbackFolder,
  type NewestLoginFile,
  type NewestLogin,
} from './newest-file.js';
import { isPrivateFolder } from './own-file.js';
import { readSettings, formatSettings, writeSettings } from './settings.js';
import { syncFolder } from './sync-folder.js';
import { createUnwritableError } from './unwritable.js';

/** Fingerprints of one server's older logins and settings that are remembered. */
const mostReplaced = 500;
/** Milliseconds after which no program is thought to hold an older copy still. */
const longestCopy = 24 * 60 * 60 * 1000;
/** Milliseconds that an answer may take into the store: as long as a lock is waited for. */
const onItsWay = 30_000;

/** One generation of a login: either token may change alone. */
function generationOf({ accessToken, refreshToken = '' }: Login): string {
  return createFingerprint(`${accessToken} ${refreshToken}`).slice(0, 22);
}

function isSameGeneration(one: Login | undefined, other: Login | undefined): boolean {
  return one === undefined || other === undefined ? one === other : generationOf(one) === generationOf(other);
}

function isReplaced(login: Login, { replaced, moved }: NewestLogin): boolean {
  const generation = generationOf(login);
  // Until 0.1.0, the access token alone stood for a login.
  return generation === moved || replaced.includes(generation) || replaced.includes(createFingerprint(login.accessToken));
}

/** What has been said of a server, however it is ordered. */
function settingsPrintOf(entry: ServerEntry): string {
  const settings = readSettings(entry);
  return createFingerprint([settings.trustedIssuerAt ?? '', ...formatSettings(settings)].sort().join('\n')).slice(0, 22);
}

function printsOf(entry: ServerEntry | undefined): string[] {
  const login = readLogin(entry);
  return entry === undefined || login === undefined ? [] : [generationOf(login), settingsPrintOf(entry)];
}

/** What is kept of an entry that has a login: a copy, of the login and what was said of the server. */
function keptOf({ auth, url, login_options, trusted_issuer, trusted_issuer_at }: ServerEntry): ServerEntry {
  return structuredClone({ url, auth, login_options, trusted_issuer, trusted_issuer_at });
}

/** The servers with a login, or those of `names`, as they are now. */
export function copyLogins(document: StoreDocument, names?: readonly string[]): ReadonlyMap<string, ServerEntry> {
  const all = listServers(document).filter(([name, entry]) => (names?.includes(name) ?? true) && readLogin(entry) !== undefined);
  return new Map(all.map(([name, entry]) => [name, keptOf(entry)]));
}

/**
 * Puts newest logins in place of older ones of the same servers. Changes `document`.
 *
 * @returns the names of the servers where it had to.
 */
export function restoreNewestLogins(document: StoreDocument, kept: readonly NewestLogin[]): string[] {
  return kept.filter((newest) => putBackOne(document, newest)).map(({ name }) => name);
}

function putBackOne(document: StoreDocument, newest: NewestLogin): boolean {
  const entry = findServer(document, newest.name);
  const now = readLogin(entry);
  if (entry === undefined || now === undefined || !isReplaced(now, newest)) return false;
  if (newest.server === undefined) {
    deleteLogin(entry);
    return true;
  }
  const login = readLogin(newest.server);
  const { url } = newest.server;
  const isItsUrl = url === undefined || isSameUrl(entry.url, url);
  // The name may have been another server's before: its tokens are for that one alone.
  if (login === undefined || !(isItsUrl || isForOnePlace(now, login))) return false;
  writeLogin(entry, login, newest.name);
  // What else stands there a person has said, over an older copy of their own.
  if (url !== undefined && isItsUrl && newest.replaced.includes(settingsPrintOf(entry))) writeSettings(entry, readSettings(newest.server));
  const { issuer = '', clientId } = login;
  const isKnown = findClient(document, issuer, clientId) !== undefined;
  if (newest.client && !isKnown) putClient(document, issuer, newest.client);
  return true;
}

/** Whether the tokens of two logins go to the same place, under whatever URL below it. */
function isForOnePlace(one: Login, other: Login): boolean {
  return getAudience(one) !== undefined && getAudience(one) === getAudience(other) && one.issuer === other.issuer;
}

/** Whether what is kept has to be looked at under the lock: it has tokens of a login that the person has removed, or a place of its own. */
export function needsUpdate(document: StoreDocument, { name, server, file }: NewestLoginFile): boolean {
  return !isMain({ name, file }) || (server !== undefined && readLogin(findServer(document, name)) === undefined);
}

/** Whether an answer of these moments is kept for a server: another process is about to put it into the store. */
export function isRenewalPending(server: string, kept: readonly NewestLoginFile[]): boolean {
  return kept.some((one) => one.name === server && !isMain(one) && Math.abs(Date.now() - one.writtenAt) < onItsWay);
}

/** Whether it is the one file of a server that stays. */
function isMain({ name, file }: Pick<NewestLoginFile, 'name' | 'file'>): boolean {
  return file.endsWith(getNewestPath('', name));
}

/**
 * All that is kept of a store, or of `names` in it: beside it, and in the temporary folder, where there was no place beside it.
 * With 200 logins, renewing all of them takes half as long where not all is read for each.
 */
export function readAllNewestLogins(store: string, names?: readonly string[]): NewestLoginFile[] {
  const beside = names === undefined ? listNewestFiles(store) : names.flatMap((name) => listNewestFiles(store, name));
  const all = [...beside, ...listFallbackFiles()]
    .flatMap((file) => readNewestLogin(file) ?? [])
    .filter((one) => isOf(store, one) && (names?.includes(one.name) ?? true));
  const kept = all.map((one) =>
    one.moved === undefined || existsSync(getMovedLoginPath(store, one.name)) ? one : { ...one, moved: undefined },
  );
  // What the person has done is in the one that stays; an answer that came for a login that they had replaced is not followed.
  return [...kept.filter(isMain), ...kept.filter((one) => !isMain(one))];
}

/** Another store may be called as this one with more behind it: what is kept of that one is not for this one to follow, or remove. */
function isOf(store: string, { file, name }: NewestLoginFile): boolean {
  const main = getNewestPath(store, name);
  const withoutId = file.replace(/\.[\da-f-]{36}\.newest$/, '.newest').replace(/\.rescued$/, '.newest');
  return withoutId === main || file === sharedFile(store, name);
}

/**
 * Keeps what a change has made of the logins, before the store says so: if this process is killed in between, the change is
 * made by the next one that looks. What is kept of a login goes when another program has given the server another one, or none,
 * and when it has stood for a day. Where there is no room for it, there is none for the store either: no error.
 *
 * @returns the files that are needless once the store says so.
 */
export async function writeNewestLogins(store: string, change: Changed): Promise<string[]> {
  const { document, before, kept } = change;
  const names = change.names ?? [...before.keys(), ...listServers(document).map(([name]) => name), ...kept.map(({ name }) => name)];
  const needless: string[] = [];
  for (const name of new Set(names)) needless.push(...(await keepNewestOf(store, name, change).catch(() => [])));
  return needless;
}

interface Changed {
  readonly document: StoreDocument;
  /** The servers with a login before the change. */
  readonly before: ReadonlyMap<string, ServerEntry>;
  /** What was kept until now. */
  readonly kept: readonly NewestLoginFile[];
  /** The servers that may have changed; all, where it does not say. */
  readonly names?: readonly string[] | undefined;
}

async function keepNewestOf(store: string, name: string, { document, ...change }: Changed): Promise<string[]> {
  const kept = change.kept.filter((one) => one.name === name);
  const before = change.before.get(name);
  const after = readLogin(findServer(document, name));
  const isChanged = !isSameGeneration(readLogin(before), after);
  const isMoved = isChanged && after === undefined && existsSync(getMovedLoginPath(store, name));
  const isWanted = isChanged ? before !== undefined || kept.length > 0 : isStanding(after, kept);
  const file = getNewestPath(store, name);
  const newest = isWanted ? newestOf(document, { name, before, kept, isMoved }) : undefined;
  if (newest !== undefined && !kept.some((one) => one.file === file && textOf(one) === textOf(newest)))
    await write(store, { file, newest });
  return kept.map((one) => one.file).filter((one) => newest === undefined || one !== file);
}

/** Whether a login that was not changed is the one that is kept, or there is none after a logout, and not for long enough. */
function isStanding(login: Login | undefined, kept: readonly NewestLoginFile[]): boolean {
  return kept.some(({ server, writtenAt }) => isSameGeneration(login, readLogin(server)) && Math.abs(Date.now() - writtenAt) < longestCopy);
}

/** What `document` has of a server, after `before` and all that came before that. */
function newestOf(
  document: StoreDocument,
  {
    name,
    before,
    kept,
    isMoved = false,
  }: { name: string; before: ServerEntry | undefined; kept: readonly NewestLogin[]; isMoved?: boolean },
): NewestLogin {
  const entry = findServer(document, name);
  const now = readLogin(entry);
  const movedBefore = kept.flatMap(({ moved }) => moved ?? []);
  const older = [
    ...kept.flatMap(({ replaced }) => replaced),
    ...movedBefore,
    ...kept.flatMap(({ server }) => printsOf(server)),
    ...printsOf(before),
  ];
  const except = (prints: readonly (string | undefined)[]) =>
    [...new Set(older)].filter((one) => !prints.includes(one)).slice(-mostReplaced);
  if (entry === undefined || now === undefined) {
    const moved = isMoved ? printsOf(before)[0] : movedBefore[0];
    return { name, replaced: except([moved]), ...(moved !== undefined && { moved }) };
  }
  const client = findClient(document, now.issuer, now.clientId);
  return { name, replaced: except(printsOf(entry)), server: keptOf(entry), ...(client && { client }) };
}

function textOf({ name, replaced, moved, server, client }: NewestLogin): string {
  return JSON.stringify({ name, replaced, moved, server, client });
}

/**
 * Keeps an answer of the token endpoint before anything is waited for: no lock is taken. From here on it is found by whoever
 * reads the store, also if this process is killed, or the store cannot be written.
 *
 * @param before the entry with the login that it follows.
 * @param document has the new one in it.
 * @returns the file, beside the store, or else in the temporary folder. Throws `store_unwritable` where there is no place.
 */
export async function writePendingRenewal(
  store: string,
  { name, before, document }: { name: string; before: ServerEntry | undefined; document: StoreDocument },
): Promise<string> {
  const follows = { name, before };
  // In the temporary folder there is one file for all answers that the store has not taken.
  const earlier = () => readAllNewestLogins(store).filter((one) => one.name === name);
  const places = [
    { file: getPendingRenewalPath(store, name, crypto.randomUUID()), kept: () => [] },
    { file: sharedFile(store, name), kept: earlier },
  ];
  let failure: unknown;
  for (const { file, kept } of places) {
    try {
      await mkdir(path.dirname(file), { mode: 0o700, recursive: true });
      if (path.dirname(file) !== path.dirname(store) && !isPrivateFolder(path.dirname(file))) continue;
      await writeForGood(file, textOf(newestOf(document, { ...follows, kept: kept() })));
      return file;
    } catch (error) {
      failure ??= error;
    }
  }
  throw createUnwritableError(store, failure);
}

/** Not even a power failure takes away what this has written. */
async function writeForGood(file: string, text: string): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, text, { flag: 'wx', mode: 0o600, flush: true });
  await syncFolder(path.dirname(file));
}

/** In one step: who reads it meanwhile sees all of it, or what was there. */
async function write(store: string, { file, newest }: { file: string; newest: NewestLogin }): Promise<void> {
  // By that name, the next change of the store takes away what a killed process has left.
  const temporary = path.join(path.dirname(file), `.${path.basename(store)}.${crypto.randomUUID()}.tmp`);
  try {
    await writeFile(temporary, textOf(newest), { flag: 'wx', mode: 0o600 });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

function sharedFile(store: string, name: string): string {
  return path.join(getFallbackFolder(), `${createFingerprint(`${store} ${name}`)}.json`);
}
