import { realpathSync, statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { AttemptFile } from './attempts.js';
import { isObject } from '../text/json.js';
import type { Secrets, SecretSource } from '../effects.js';
import { findServer, parseDocument, listServers, type StoreDocument } from './document.js';
import { isRenewalPending, needsUpdate, restoreNewestLogins, readAllNewestLogins } from './newest.js';
import { listNewestFiles } from './newest-file.js';
import { readStoreText } from './reading.js';
import type { LockStatus } from './lock.js';
import { readLogin, type Login } from './login.js';

/** `mcp-servers.json` on disk, the only copy of the truth: nothing is remembered between two calls. */
export interface Store extends StoreWriting {
  /** The file's path, as the person named it. */
  readonly path: string;
  /**
   * What the file holds now; `{}` when there is none. Where another program has saved an older login over a newer one, the newer
   * one is put back: only then a lock is taken.
   *
   * @param server the only one that is of interest; all are, without it.
   */
  read(server?: string): Promise<StoreDocument>;
  /** The same of one server, and nothing is put back: for who looks again and again while another process is at work. */
  peek(server: string): Promise<StoreDocument>;
  /** What the person should know of the file that was read, as sentences. */
  getWarnings(): string[];
  readState(): Promise<StoreState>;
}

/** What there is on disk. */
export interface StoreState {
  /** The permission bits of the file; undefined where there is none. */
  readonly mode: number | undefined;
  readonly locks: readonly LockStatus[];
}

/** What is done under its lock, or to the files beside it. */
export interface StoreWriting {
  /**
   * Changes the file: reads it under its lock, lets `change` alter the document, and writes it if that altered anything.
   * The file is 0600, its folder, if new, 0700. Resolves to what `change` returned. It is told, too, the names of the servers
   * whose newest tokens had to be put back just before, and the file's text as it was.
   *
   * @param server the only one whose login it may change; any, without it.
   * @param former a text that the file had before: it is written again, as it was, where the document comes to say the same.
   */
  update<T>(change: (document: StoreDocument, putBack: readonly string[], text: string) => T, server?: string, former?: string): Promise<T>;
  /**
   * Runs `work` while no other process does so for the same server. For a refresh, which spends a refresh token. While
   * another one does, `instead` is asked for what makes the work needless.
   */
  withServerLock<T>(name: string, work: () => Promise<T>, instead?: () => Promise<T | undefined>): Promise<T>;
  /**
   * Runs `work` while no other process does so for the same server: for who has another process renew a login, which takes the lock of
   * `withServerLock`.
   */
  withRenewalRequestLock<T>(name: string, work: () => Promise<T>, instead?: () => Promise<T | undefined>): Promise<T>;
  /** Finds out whether `update` could write a login more, without changing the file. Throws `store_unwritable`. */
  checkWritable(): Promise<void>;
  /**
   * Keeps a renewed login in a file of its own, without waiting for anything, until `update` has put it into the store: `read`
   * finds it there. Returns where; throws `store_unwritable` where there is no place.
   */
  savePendingRenewal(answer: PendingRenewal): Promise<string>;
  /** Keeps a login that waits to be finished by another process, in a file of its own. Throws `store_unwritable`. */
  saveAttempt(attempt: AttemptFile): Promise<void>;
  /** Those that have not expired by `now` (milliseconds since the epoch), newest first. */
  readAttempts(now: number): Promise<AttemptFile[]>;
  /** Forgets those of server `name`, and all that have expired by `now`. */
  removeAttempts(name: string, now: number): Promise<void>;
  /**
   * Runs `work` for the one process that finishes `attempt`, and forgets it when that succeeds, or says that its code is spent.
   * Undefined when it has been finished.
   */
  finishAttempt<T>(attempt: AttemptFile, work: (spent: () => Promise<void>) => Promise<T>): Promise<T | undefined>;
  /** Keeps a document that has left the store for another one, until it is known to have arrived. Returns where. */
  saveMovedLogin(name: string, document: StoreDocument): Promise<string>;
  removeMovedLogin(name: string): Promise<void>;
}

/** A renewed login of server `name`, and what the store held, with the one that it follows. */
export interface PendingRenewal {
  readonly name: string;
  readonly login: Login;
  readonly document: StoreDocument;
}

/**
 * The store in the file that `place` names, which need not exist yet. Touches nothing until it is used: a command that needs
 * no store needs no place for one either.
 *
 * @param place throws where there is no place for a store.
 * @param signal ends the waiting for a lock, with its reason.
 * @param secrets is told what the file holds that must not be told.
 */
export function openStore(place: () => string, signal: AbortSignal, secrets?: Secrets): Store {
  /** What was read last, and what of it is secret, once that was asked for. */
  let seen: StoreDocument = {};
  let personal: SecretSource | undefined;
  secrets?.addSource(() => (personal ??= personalOf(seen)));
  const findings = new Set<string>();
  let known: string | undefined;
  const file = () => (known ??= place());
  let opened: Promise<StoreWriting> | undefined;
  const writing = () => (opened ??= import('./writing.js').then(({ openForWriting }) => openForWriting(file(), signal)));
  return {
    get path() {
      return file();
    },
    read: async (server) => {
      const { document, kept, names, finding } = await look(file(), server);
      seen = document;
      personal = undefined;
      if (finding !== undefined) findings.add(finding);
      if (names.length > 0 || kept.some((one) => needsUpdate(document, one))) {
        const done = await (await writing()).update((_, again) => again, server).catch(() => undefined);
        // Nothing is amiss where another process was between the one file and the other, and has written both by now.
        for (const name of (done ?? names).filter((one) => !isRenewalPending(one, kept))) {
          const hasEnded = readLogin(findServer(document, name)) === undefined;
          findings.add(putBackInWords({ name, file: file(), isDone: done !== undefined, hasEnded }));
        }
      }
      return document;
    },
    peek: async (server) => (await look(file(), server)).document,
    getWarnings: () => [...findings],
    readState: async () => {
      const { readLocks } = await import('./lock.js');
      return { mode: statSync(file(), { throwIfNoEntry: false })?.mode, locks: await readLocks(file()) };
    },
    update: async (...of) => (await writing()).update(...of),
    withServerLock: async (...of) => (await writing()).withServerLock(...of),
    withRenewalRequestLock: async (...of) => (await writing()).withRenewalRequestLock(...of),
    checkWritable: async (...of) => (await writing()).checkWritable(...of),
    savePendingRenewal: async (...of) => (await writing()).savePendingRenewal(...of),
    saveAttempt: async (...of) => (await writing()).saveAttempt(...of),
    readAttempts: async (...of) => (await writing()).readAttempts(...of),
    removeAttempts: async (...of) => (await writing()).removeAttempts(...of),
    finishAttempt: async (...of) => (await writing()).finishAttempt(...of),
    saveMovedLogin: async (...of) => (await writing()).saveMovedLogin(...of),
    removeMovedLogin: async (...of) => (await writing()).removeMovedLogin(...of),
  };
}

/** What of its servers only their owner knows: keys in addresses, and headers. Tokens are noted where they are sent. */
function personalOf(document: StoreDocument): SecretSource {
  const entries = listServers(document).map(([, entry]) => entry);
  const headers = entries.flatMap((entry): unknown[] => (isObject(entry.headers) ? Object.values(entry.headers) : []));
  return {
    values: headers.filter((value) => typeof value === 'string').filter((value) => !value.includes('${')),
    urls: entries.map(({ url }) => url).filter((url) => typeof url === 'string'),
  };
}

/** What the file says, with newer logins than it has. */
async function look(file: string, server: string | undefined) {
  const { text, finding } = await readFilled(file);
  const document = await parseDocument(text, file);
  const kept = readAllNewestLogins(realPath(file), server === undefined ? undefined : [server]);
  return { document, kept, names: restoreNewestLogins(document, kept), finding };
}

/** Milliseconds between two looks at a file that another program has emptied, and how many there are. */
const pauseWhileEmpty = 10;
const mostLooks = 20;

/** What the file says. One that has nothing in it, and had a login, is about to be filled: by a program that does not write beside it. */
async function readFilled(file: string): Promise<ReturnType<typeof readStoreText>> {
  for (let look = 1; ; look += 1) {
    const read = readStoreText(file);
    if (read.text.trim() !== '' || look === mostLooks || listNewestFiles(realPath(file)).length === 0) return read;
    await wait(pauseWhileEmpty);
  }
}

/** The file behind a link; the path itself where there is none. */
function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function putBackInWords({ name, file, isDone, hasEnded }: { name: string; file: string; isDone: boolean; hasEnded: boolean }): string {
  const what = `${file} had older tokens of ${name}: another program has saved an older copy of it, or it could not be written.`;
  const now = hasEnded ? 'That login has ended, and they' : 'The newest ones';
  const done = hasEnded ? 'are taken out' : 'are in it again';
  const used = hasEnded ? 'are not used' : 'are used';
  return `${what} ${now} ${isDone ? `${done}.` : `${used}, but the file cannot be written now.`}`;
}
