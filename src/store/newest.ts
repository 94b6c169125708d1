/**
 * The newest tokens of each login, kept in a file of their own beside the store. Another program may save the store from a copy
 * that it has read before a renewal: the refresh token in that copy is spent, and the login would end. The newest tokens are
 * put back when the store shows older ones of the same login. So are those that a full disk has kept out of it.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { clientsOf, putClient } from './clients.js';
import { fingerprint } from './fingerprint.js';
import { findServer, isSameUrl, servers, type StoreDocument } from './document.js';
import { deleteLogin, readLogin, writeLogin, type Login } from './login.js';
import { movedFile } from './moved.js';
import { answerFile, newestFile, newestFiles, readNewest, type KeptNewest, type Newest } from './newest-file.js';
import { isPrivateFolder } from './own-file.js';
import { readSettings, writeSettings } from './settings.js';
import { syncFolder } from './sync-folder.js';
import { unwritable } from './unwritable.js';

/** Logins of one server that are remembered as older ones. */
const mostReplaced = 500;
/** Milliseconds after which no program is thought to hold an older copy still. */
const longestCopy = 24 * 60 * 60 * 1000;

/** One generation of a login: either token may change alone. */
function generationOf({ accessToken, refreshToken = '' }: Login): string {
  return fingerprint(`${accessToken} ${refreshToken}`).slice(0, 22);
}

function isSameGeneration(one: Login | undefined, other: Login | undefined): boolean {
  return one === undefined || other === undefined ? one === other : generationOf(one) === generationOf(other);
}

function isReplaced(login: Login, { replaced }: Newest): boolean {
  // Until 0.1.0, the access token alone stood for a login.
  return replaced.includes(generationOf(login)) || replaced.includes(fingerprint(login.accessToken));
}

/** The login of each server. */
export function loginsOf(document: StoreDocument): ReadonlyMap<string, Login> {
  return new Map(
    servers(document).flatMap(([name, entry]) => {
      const login = readLogin(entry);
      return login === undefined ? [] : [[name, login] as const];
    }),
  );
}

/**
 * Puts newest logins in place of older ones of the same servers. Changes `document`.
 *
 * @returns the names of the servers where it had to.
 */
export function putBack(document: StoreDocument, kept: readonly Newest[]): string[] {
  return kept.filter((newest) => putBackOne(document, newest)).map(({ name }) => name);
}

function putBackOne(document: StoreDocument, newest: Newest): boolean {
  const entry = findServer(document, newest.name);
  const now = readLogin(entry);
  if (entry === undefined || now === undefined || !isReplaced(now, newest)) return false;
  if (newest.server === undefined) {
    deleteLogin(entry);
    return true;
  }
  const login = readLogin(newest.server);
  const { url } = newest.server;
  // The name may have been another server's before: its tokens are for that one alone.
  if (login === undefined || (url !== undefined && !isSameUrl(entry.url, url))) return false;
  writeLogin(entry, login, newest.name);
  if (url !== undefined) writeSettings(entry, readSettings(newest.server));
  const { issuer = '', clientId } = login;
  const isKnown = clientsOf(document, issuer).some(({ client_id }) => client_id === clientId);
  if (newest.client && !isKnown) putClient(document, issuer, newest.client);
  return true;
}

/** Whether what is kept has to be looked at under the lock: it has tokens of a login that the person has removed, or a place of its own. */
export function isUnsettled(document: StoreDocument, { name, server, file }: KeptNewest): boolean {
  return !isMain({ name, file }) || (server !== undefined && readLogin(findServer(document, name)) === undefined);
}

/** Whether it is the one file of a server that stays. */
function isMain({ name, file }: Pick<KeptNewest, 'name' | 'file'>): boolean {
  return file.endsWith(newestFile('', name));
}

/** All that is kept beside a store, and of servers `names` in the temporary folder, where there was no place beside it. */
export function readAllNewest(store: string, names: readonly string[]): KeptNewest[] {
  const shared = existsSync(sharedFolder()) ? names.map((name) => sharedFile(store, name)) : [];
  const all = [...newestFiles(store), ...shared].flatMap((file) => readNewest(file) ?? []);
  // What the person has done since is in the first; an answer that came later for a login that was replaced is not followed.
  return [...all.filter(isMain), ...all.filter((one) => !isMain(one))];
}

/**
 * Keeps what a change has made of the logins, before the store says so: if this process is killed in between, the change is
 * made by the next one that looks. What is kept of a login goes when another program has given the server another one, or none,
 * and when it has stood for a day. Where there is no room for it, there is none for the store either: no error.
 *
 * @returns the files that are needless once the store says so.
 */
export async function keepNewest(store: string, change: Changed): Promise<string[]> {
  const { document, before, kept } = change;
  const names = [...before.keys(), ...loginsOf(document).keys(), ...kept.map(({ name }) => name)];
  const needless: string[] = [];
  for (const name of new Set(names)) needless.push(...(await keepNewestOf(store, name, change).catch(() => [])));
  return needless;
}

interface Changed {
  readonly document: StoreDocument;
  /** The logins before the change. */
  readonly before: ReadonlyMap<string, Login>;
  /** What was kept until now. */
  readonly kept: readonly KeptNewest[];
}

async function keepNewestOf(store: string, name: string, { document, ...change }: Changed): Promise<string[]> {
  const kept = change.kept.filter((one) => one.name === name);
  const before = change.before.get(name);
  const after = readLogin(findServer(document, name));
  const isChanged = !isSameGeneration(before, after);
  const isMoved = isChanged && after === undefined && existsSync(movedFile(store, name));
  const isWanted = isChanged ? !isMoved && (before !== undefined || kept.length > 0) : isStanding(after, kept);
  const file = newestFile(store, name);
  const newest = isWanted ? newestOf(document, { name, before, kept }) : undefined;
  if (newest !== undefined && !kept.some((one) => one.file === file && textOf(one) === textOf(newest)))
    await write(store, { file, newest });
  return kept.map((one) => one.file).filter((one) => newest === undefined || one !== file);
}

/** Whether a login that was not changed is the one that is kept, or there is none after a logout, and not for long enough. */
function isStanding(login: Login | undefined, kept: readonly KeptNewest[]): boolean {
  return kept.some(({ server, writtenAt }) => isSameGeneration(login, readLogin(server)) && Math.abs(Date.now() - writtenAt) < longestCopy);
}

/** What `document` has of a server, after `before` and all that came before that. */
function newestOf(
  document: StoreDocument,
  { name, before, kept }: { name: string; before: Login | undefined; kept: readonly Newest[] },
): Newest {
  const entry = findServer(document, name);
  const now = readLogin(entry);
  const older = [...kept.map(({ server }) => readLogin(server)), before].flatMap((login) => (login ? [generationOf(login)] : []));
  const all = [...new Set([...kept.flatMap(({ replaced }) => replaced), ...older])].slice(-mostReplaced);
  if (entry === undefined || now === undefined) return { name, replaced: all };
  const { auth, url, login_options, trusted_issuer, trusted_issuer_at } = entry;
  const client = clientsOf(document, now.issuer ?? '').find(({ client_id }) => client_id === now.clientId);
  return {
    name,
    replaced: all.filter((one) => one !== generationOf(now)),
    server: { url, auth, login_options, trusted_issuer, trusted_issuer_at },
    ...(client && { client }),
  };
}

function textOf({ name, replaced, server, client }: Newest): string {
  return JSON.stringify({ name, replaced, server, client });
}

/**
 * Keeps an answer of the token endpoint before anything is waited for: no lock is taken. From here on it is found by whoever
 * reads the store, also if this process is killed, or the store cannot be written.
 *
 * @param before the login that it follows.
 * @param document has the new one in it.
 * @returns the file, beside the store, or else in the temporary folder. Throws `store_unwritable` where there is no place.
 */
export async function keepAnswer(
  store: string,
  { name, before, document }: { name: string; before: Login; document: StoreDocument },
): Promise<string> {
  const text = textOf(newestOf(document, { name, before, kept: [] }));
  let failure: unknown;
  for (const file of [answerFile(store, name, crypto.randomUUID()), sharedFile(store, name)]) {
    try {
      await mkdir(path.dirname(file), { mode: 0o700, recursive: true });
      if (path.dirname(file) !== path.dirname(store) && !(await isPrivateFolder(path.dirname(file)))) continue;
      await writeForGood(file, text);
      return file;
    } catch (error) {
      failure ??= error;
    }
  }
  throw unwritable(store, failure);
}

/** Not even a power failure takes away what this has written. */
async function writeForGood(file: string, text: string): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, text, { flag: 'wx', mode: 0o600, flush: true });
  await syncFolder(path.dirname(file));
}

/** In one step: who reads it meanwhile sees all of it, or what was there. */
async function write(store: string, { file, newest }: { file: string; newest: Newest }): Promise<void> {
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

function sharedFolder(): string {
  const user = process.getuid?.() ?? os.userInfo().username;
  return path.join(os.tmpdir(), `mcp-auth-${user}`);
}

function sharedFile(store: string, name: string): string {
  return path.join(sharedFolder(), `${fingerprint(`${store} ${name}`)}.json`);
}
