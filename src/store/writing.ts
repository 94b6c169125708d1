/** All that changes the file, or stands beside it. Loaded when the first change is made: a token is read far more often. */
import { renameSync, statSync } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, readlink, realpath, rm, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { AuthError } from '../errors.js';
import { readAttempts, removeAttempts, withAttempt, writeAttempt } from './attempts.js';
import { findServer, formatDocument, parseDocument, type StoreDocument } from './document.js';
import { writeLogin } from './login.js';
import { getRenewalRequestLockPath, ownerFileName, getServerLockPath, withLock } from './lock.js';
import { syncFolder } from './sync-folder.js';
import { createUnwritableError } from './unwritable.js';
import { removeMovedLogin, writeMovedLogin } from './moved-login.js';
import { writePendingRenewal, writeNewestLogins, copyLogins, restoreNewestLogins, readAllNewestLogins } from './newest.js';
import { findUntrustedOwner } from './file-owner.js';
import { createOtherUserError, readStoreText } from './reading.js';
import { removeOwnPath } from './removal.js';
import type { StoreWriting } from './store.js';

/** Milliseconds that a change of the file, which is short, and a refresh, which waits for a server several times, are waited for. */
const changePatience = 30_000;
const refreshPatience = 150_000;
/** Another program that writes the file without our lock is given way to so often. */
const mostAttempts = 50;
/** Bytes that a login may add to the file. */
const roomForLogin = 32 * 1024;

type Alter<T> = (document: StoreDocument, putBack: readonly string[], text: string) => T;

/** A change that waits for its turn, with those that ask at the same time. */
interface Waiting {
  readonly alter: Alter<unknown>;
  /** The one server whose login it may change; undefined for any. */
  readonly server: string | undefined;
  /** A text that the file had before. */
  readonly former: string | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** @param signal ends the waiting for a lock, with its reason. */
export function openForWriting(file: string, signal: AbortSignal): StoreWriting {
  const refresh = { timeout: refreshPatience, signal };
  let last: Promise<unknown> = Promise.resolve();
  /** Nobody in this process waits for its own lock. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const working = last.then(work);
    last = working.catch(() => undefined);
    return working;
  };

  /** What gathers until its turn comes is written together, and checked once: 200 renewals are not 200 times fsync. */
  let waiting: Waiting[] = [];
  const changeAll = async () => {
    const together = waiting;
    waiting = [];
    await changeTogether({ file, together });
  };
  let checking: Promise<void> | undefined;
  const check = async () => {
    checking = undefined;
    const target = await lockableTarget(file);
    await withLock(`${target}.lock`, { timeout: changePatience, signal }, () => checkRoom(target));
  };

  return {
    update: (alter, server, former) =>
      new Promise((resolve, reject) => {
        waiting.push({ alter, server, former, resolve: resolve as Waiting['resolve'], reject });
        if (waiting.length === 1) void inTurn(changeAll);
      }),
    checkWritable: () => (checking ??= inTurn(check)),
    withServerLock: async (name, work, instead) =>
      withLock(getServerLockPath(await lockableTarget(file), name), { ...refresh, findResult: instead }, work),
    withRenewalRequestLock: async (name, work, instead) =>
      withLock(getRenewalRequestLockPath(await lockableTarget(file), name), { ...refresh, findResult: instead }, work),
    savePendingRenewal: async ({ name, login, document }) => {
      const before = findServer(document, name);
      const entry = structuredClone(before);
      if (entry) writeLogin(entry, login, name);
      const renewed = { ...document, mcpServers: entry === undefined ? {} : { [name]: entry } };
      // Where the folder is gone, or is none any more, there is the temporary one.
      const target = await lockableTarget(file).catch(() => file);
      return writePendingRenewal(target, { name, before, document: renewed });
    },
    saveAttempt: async (attempt) => writeAttempt(await lockableTarget(file), attempt),
    readAttempts: async (now) => readAttempts(await lockableTarget(file), now),
    removeAttempts: async (server, now) => removeAttempts({ store: await lockableTarget(file), server, now }),
    finishAttempt: async (attempt, work) => withAttempt({ store: await lockableTarget(file), attempt, signal }, work),
    saveMovedLogin: async (name, document) => writeMovedLogin(await lockableTarget(file), { name, document }),
    removeMovedLogin: async (name) => removeMovedLogin(await lockableTarget(file), name),
  };
}

/** Makes changes with one write. Where one of them throws, or they cannot be written, each is made by itself. */
async function changeTogether({ file, together }: { file: string; together: readonly Waiting[] }): Promise<void> {
  const all: Alter<unknown[]> = (...of) => together.map(({ alter }) => alter(...of));
  const named = together.flatMap(({ server }) => server ?? []);
  const names = named.length === together.length ? named : undefined;
  const formers = together.flatMap(({ former }) => former ?? []);
  try {
    const target = await lockableTarget(file);
    const results = await withLock(`${target}.lock`, { timeout: changePatience }, () =>
      change({ file, target, alter: all, names, formers }),
    );
    together.forEach(({ resolve }, at) => resolve(results[at]));
  } catch (error) {
    const [only, ...others] = together;
    if (only && others.length === 0) only.reject(error);
    else for (const one of together) await changeTogether({ file, together: [one] });
  }
}

interface Change<T> {
  readonly file: string;
  readonly target: string;
  readonly alter: Alter<T>;
  /** The servers whose logins it may change; undefined for any. */
  readonly names: readonly string[] | undefined;
  /** Texts that the file had before. */
  readonly formers: readonly string[];
}

/**
 * Reads, alters and writes, and begins again when somebody has written the file in between: other programs know nothing
 * of our lock. What is left is the moment between one look and one rename.
 */
async function change<T>({ file, target, alter, names, formers }: Change<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const before = versionOf(target);
    const { text } = readStoreText(target);
    const document = await parseDocument(text, file);
    const unchanged = formatDocument(document);
    // A file with nothing in it is about to be filled by another program: what is kept is not judged by that.
    const kept = before !== '' && text.trim() === '' ? [] : readAllNewestLogins(target, names);
    const undone = restoreNewestLogins(document, kept);
    const entries = copyLogins(document, names);
    const result = alter(document, undone, text);
    const needless = await writeNewestLogins(target, { document, before: entries, kept, names });
    const tidy = async () => {
      for (const one of needless) await rm(one, { force: true }).catch(() => undefined);
    };
    const changed = formatDocument(document);
    if (changed === unchanged) {
      await tidy();
      return result;
    }
    const written = await writeBeside(target, { document, text: formers.find((former) => says(former, changed)) ?? changed });
    if (attempt < mostAttempts && versionOf(target) !== before) {
      await rm(written, { force: true });
      continue;
    }
    await replace(target, written);
    await tidy();
    return result;
  }
}

/** The file behind a symbolic link, even one that leads nowhere yet, so that every path to a store leads to one lock, in a folder that exists. */
async function lockableTarget(file: string, depth = 40): Promise<string> {
  try {
    const stranger = findUntrustedOwner(file);
    if (stranger !== undefined) throw createOtherUserError(file, stranger);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw error instanceof AuthError ? error : createUnwritableError(path.dirname(file), error);
  }
  const target = await realpath(file).catch(() => undefined);
  if (target !== undefined) return target;
  const folder = await realpath(path.dirname(file));
  const link = await readlink(file).catch(() => undefined);
  if (link === undefined) return path.join(folder, path.basename(file));
  if (depth === 0) throw createUnwritableError(file, Object.assign(new Error(), { code: 'ELOOP' }));
  return lockableTarget(path.resolve(folder, link), depth - 1);
}

/** Whether a text, however it is laid out, is that of a document. */
function says(text: string, formatted: string): boolean {
  try {
    return formatDocument(JSON.parse(text)) === formatted;
  } catch {
    return false;
  }
}

/** What tells one version of the file from the next. */
function versionOf(target: string): string {
  const stats = statSync(target, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? '' : [stats.dev, stats.ino, stats.size, stats.mtimeNs].join(' ');
}

/** Conf writes the document to a file beside the store, by a temporary file that is fsynced. Returns its path. */
async function writeBeside(target: string, { document, text }: { document: StoreDocument; text: string }): Promise<string> {
  const { default: Conf } = await import('conf');
  const { dir, base } = path.parse(target);
  const modeNow = (statSync(target, { throwIfNoEntry: false })?.mode ?? 0o600) & 0o600;
  const configName = `.${base}.${crypto.randomUUID()}`;
  const written = path.join(dir, `${configName}.tmp`);
  try {
    await removeLeftovers(dir, base);
    new Conf<Record<string, unknown>>({
      cwd: dir,
      configName,
      fileExtension: 'tmp',
      configFileMode: modeNow || 0o600,
      accessPropertiesByDotNotation: false,
      serialize: () => text,
    }).store = document;
    return written;
  } catch (error) {
    await rm(written, { force: true }).catch(() => undefined);
    throw createUnwritableError(target, error);
  }
}

/** Puts the written file in the place of the store at once, and sees to it that the folder remembers. */
async function replace(target: string, written: string): Promise<void> {
  try {
    renameSync(written, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A file that is mounted into a container by itself cannot be replaced. What was written stays beside it until it has
    // been filled anew, and for good where that fails.
    if (code === 'EBUSY') await fill(target, written);
    await rm(written, { force: true }).catch(() => undefined);
    if (code !== 'EBUSY') throw createUnwritableError(target, error);
  }
  await syncFolder(path.dirname(target));
}

/** Writes into the file that is there; puts back what was in it when that fails, and keeps what should have been. */
async function fill(target: string, written: string): Promise<void> {
  const before = await readFile(target);
  const handle = await open(target, 'r+').catch((error: unknown) => {
    throw createUnwritableError(target, error);
  });
  try {
    await overwrite(handle, await readFile(written));
  } catch (error) {
    const kept = `${target}.unwritten`;
    renameSync(written, kept);
    await overwrite(handle, before).catch(() => undefined);
    throw new AuthError('store_unwritable', `${target} could not be filled anew. What should be in it is in ${kept}.`, {
      hint: 'Make room, and put that file in its place.',
      cause: error,
    });
  } finally {
    await handle.close();
  }
}

async function overwrite(handle: FileHandle, content: Buffer): Promise<void> {
  for (let at = 0; at < content.length;) at += (await handle.write(content, at, content.length - at, at)).bytesWritten;
  await handle.truncate(content.length);
  await handle.sync();
}

/** Milliseconds after which a temporary file belongs to nobody: whoever wrote it was killed. */
const leftoverAge = 60_000;

/** What comes after the store's name: of a file that Conf or we have written, or a lock that was prepared. */
const leftover = /^(.*\.)?[\da-f-]{4,36}\.tmp(\.tmp-[\da-f]+)?$/;

async function removeLeftovers(folder: string, base: string): Promise<void> {
  const start = `.${base}.`;
  for (const name of await readdir(folder)) {
    if (!name.startsWith(start) || !leftover.test(name.slice(start.length))) continue;
    const file = path.join(folder, name);
    const touched = (await lstat(file).catch(() => undefined))?.mtimeMs ?? Infinity;
    if (Date.now() - touched > leftoverAge) await removeOwnPath(file, ownerFileName).catch(() => undefined);
  }
}

/** Writes as much as a change may take, and takes it away again. */
async function checkRoom(target: string): Promise<void> {
  const size = statSync(target, { throwIfNoEntry: false })?.size ?? 0;
  const probe = path.join(path.dirname(target), `.${path.basename(target)}.${crypto.randomUUID()}.tmp`);
  try {
    await writeFile(probe, Buffer.alloc(size + roomForLogin), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw createUnwritableError(target, error);
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}
