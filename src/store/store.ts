/** `mcp-servers.json`: reading it here, changing it in writing.ts. */
import { realpathSync, statSync } from 'node:fs';
import type { Clock, Secrets, SecretSource } from '../effects.js';
import { isObject } from '../text/json.js';
import type { AttemptFile } from './attempts.js';
import type { Alteration } from './change.js';
import { delegate } from './delegate.js';
import { findServer, listServers, parseDocument, type StoreDocument } from './document.js';
import { readLastSeen, type LastSeen } from './last-seen.js';
import type { EngineFinding } from './engines/engine.js';
import type { LockStatus } from './lock.js';
import { readLogin, type Login } from './login.js';
import { listNewestFiles } from './newest-file.js';
import { isRenewalPending, needsUpdate, readAllNewestLogins, restoreNewestLogins } from './newest.js';
import { readStoreText } from './reading.js';
import { describeBroken } from './seal/sealed-document.js';
import { readSeal, type Seal } from './seal/seal.js';
import { createIdentityNeededError, Sealing, type KnownSeal, type OpenSeal, type SealMark } from './seal/sealing.js';

/** `mcp-servers.json` on disk. It is read again by every call: nothing is cached. */
export interface Store extends StoreWriting {
  /** The file's path, as the user gave it; or the URL of a database, without its password. */
  readonly path: string;
  /** The path whose beginning the files of this machine have that belong to the store: a file's own path. */
  readonly localPath: string;
  /**
   * The document; `{}` if there is no file. If another program has saved older tokens over newer ones, the newer ones are
   * restored in the file. Only for that a lock is taken.
   *
   * @param server the only server whose login the caller needs; by default all.
   */
  read(server?: string): Promise<StoreDocument>;
  /** As `read`, but restores nothing in the file: for a caller that checks again and again while another process is at work. */
  peek(server: string): Promise<StoreDocument>;
  /** What server `name` last said about itself, if it is still at `url`. */
  readLastSeen(server: { readonly name: string; readonly url: string }): LastSeen;
  /** What the user should know about the file, as sentences. */
  getWarnings(): string[];
  readState(): Promise<StoreState>;
  /** Closes the connection that a store in a database has. */
  close(): Promise<void>;
  /** The seal of the store, and the one that this machine expects. Needs no identity. */
  readSealState(): Promise<SealState>;
  /** A document that was sealed elsewhere, as the copy of a moved login, in the clear. */
  openForeign(document: StoreDocument): Promise<StoreDocument>;
}

export interface SealState {
  readonly seal: Seal | undefined;
  readonly expected: KnownSeal | undefined;
}

/** The file and its locks, or the database and its leases. */
export interface StoreState {
  /** The permission bits of the file; undefined if there is none. */
  readonly mode: number | undefined;
  /** The kind of the database; undefined for a file. */
  readonly engine?: string;
  /** What the operator of the database should know. */
  readonly findings?: readonly EngineFinding[];
  readonly locks: readonly LockStatus[];
}

/** Changing the file, under its lock, and the files next to it. */
export interface StoreWriting {
  /**
   * Changes the document: reads the file under its lock, calls `change`, and writes the file if the document has changed. The file
   * is 0600, a new folder 0700. Resolves to the result of `change`.
   *
   * @param change alters the document. It is also given the names of the servers whose newest tokens were restored just before,
   * and the file's text.
   * @param server the only server whose login it may change; by default any.
   * @param former an earlier text of the file: written again, unchanged, if the document becomes what that text says.
   */
  update<T>(change: Alteration<T>, server?: string, former?: string): Promise<T>;
  /**
   * Runs `work` while no other process does so for the same server: for a renewal, which spends a refresh token. While another
   * process holds the lock, `findResult` may return a result that makes `work` unnecessary.
   */
  withServerLock<T>(name: string, work: () => Promise<T>, findResult?: () => Promise<T | undefined>): Promise<T>;
  /** The same with another lock: for a process that starts a process for the renewal, which itself takes the server's lock. */
  withRenewalRequestLock<T>(name: string, work: () => Promise<T>, findResult?: () => Promise<T | undefined>): Promise<T>;
  /** The same with a third lock: for a process that starts a login which other processes may join. */
  withLoginStartLock<T>(name: string, work: () => Promise<T>): Promise<T>;
  /**
   * Seals the store, changes its seal, or with undefined unseals it: the document, and all files next to it. This machine expects that
   * seal from then on. If another program has removed the seal, the one that this machine knows opens what is still sealed.
   *
   * @throws AuthError `identity_needed` if the old or the new seal cannot be opened; `seal_broken` for undefined if something else cannot.
   */
  changeSeal(seal: Seal | undefined): Promise<void>;
  /**
   * Checks that `update` could add one more login, without changing the document. Throws `store_unwritable`; `store_away` for a
   * database, and `store_locked` if this process no longer holds the server's lock, which begins the work under that lock again.
   *
   * @param server whose lock this process holds, if it does.
   */
  checkWritable(server?: string): Promise<void>;
  /**
   * Writes a renewed login to its own file at once, without waiting for a lock. `read` finds it there until `update` has put it into
   * the store. Returns the path; throws `store_unwritable`.
   */
  savePendingRenewal(renewal: PendingRenewal): Promise<string>;
  /** Writes a login that another process will finish to its own file. Throws `store_unwritable`. */
  saveAttempt(attempt: AttemptFile): Promise<void>;
  /** The attempts that have not expired by `now` (milliseconds since the epoch), newest first. */
  readAttempts(now: number): Promise<AttemptFile[]>;
  /** Deletes one attempt, by its ID. */
  removeAttempt(attempt: string): Promise<void>;
  /** Deletes the attempts of server `name`, and all that have expired by `now`. */
  removeAttempts(name: string, now: number): Promise<void>;
  /**
   * Runs `work` while no other process finishes `attempt`. Deletes the attempt when `work` succeeds, or when it calls `spent` because
   * the code has been used. Undefined if another process has finished the attempt.
   *
   * @param lockTimeout milliseconds to wait for another process that finishes it; by default an hour. Then throws `store_locked`.
   */
  finishAttempt<T>(attempt: AttemptFile, work: (spent: () => Promise<void>) => Promise<T>, lockTimeout?: number): Promise<T | undefined>;
  /** Keeps a copy of a login that moves to another store until it is known to have arrived. Returns the path. */
  saveMovedLogin(name: string, document: StoreDocument): Promise<string>;
  removeMovedLogin(name: string): Promise<void>;
  /** Throws the system's error: the file is a convenience. */
  saveLastSeen(name: string, seen: LastSeen): Promise<void>;
  removeLastSeen(name: string): Promise<void>;
}

/** A renewed login of server `name`, and the document with the login before it. */
export interface PendingRenewal {
  readonly name: string;
  readonly login: Login;
  readonly document: StoreDocument;
}

export interface StoreOptions {
  /** Aborted to end the wait for a lock, with its reason. */
  readonly signal: AbortSignal;
  /** For waiting. The locks are shared with other processes, so it should be the machine's own. */
  readonly clock: Clock;
  /** Is given the secrets of the file, to redact them. */
  readonly secrets?: Secrets | undefined;
  /** Opens the seal of a sealed store. Without it, a sealed store cannot be read. */
  readonly openSeal?: OpenSeal | undefined;
  /** What this machine remembers of the store's seal. */
  readonly sealMark?: SealMark | undefined;
}

/**
 * The store in a file, which need not exist yet. Does nothing until it is used: a command that needs no store needs no path.
 *
 * @param getPath throws if there is no place for a store.
 */
export function openFileStore(getPath: () => string, options: StoreOptions): Store {
  let knownPath: string | undefined;
  const file = () => (knownPath ??= getPath());
  const readSecrets = createSecretSource(options.secrets);
  const warnings = new Set<string>();
  const sealing = createSealing(options);
  const readNewest = (server?: string) => readNewestDocument(file(), { server, clock: options.clock, sealing });
  let loading: Promise<StoreWriting> | undefined;
  // Loaded when the first of its methods is called: most runs only read a token.
  const writing = delegate<StoreWriting, keyof StoreWriting>(
    writingMethods,
    () => (loading ??= import('./writing.js').then(({ StoreWriter }) => new StoreWriter(file(), options, sealing))),
  );
  return {
    ...writing,
    get path() {
      return file();
    },
    get localPath() {
      return file();
    },
    read: async (server) => {
      const { document, newest, restored, warning } = await readNewest(server);
      readSecrets(document);
      if (warning !== undefined) warnings.add(warning);
      for (const one of describeBroken(document, server)) warnings.add(one);
      if (restored.length > 0 || newest.some((one) => needsUpdate(document, one))) {
        const written = await writing.update((_, names) => names, server).catch(() => undefined);
        // Another process may have been writing both files, and has finished by now: that needs no warning.
        for (const name of (written ?? restored).filter((one) => !isRenewalPending(one, newest))) {
          const hasEnded = readLogin(findServer(document, name)) === undefined;
          warnings.add(formatRestoredWarning({ name, file: file(), isWritten: written !== undefined, hasEnded }));
        }
      }
      return document;
    },
    peek: async (server) => (await readNewest(server)).document,
    readLastSeen: (server) => readLastSeen(resolveLinks(file()), server),
    getWarnings: () => [...warnings],
    close: () => Promise.resolve(),
    readSealState: async () => ({ seal: await readStoredSeal(file()), expected: sealing.getExpected() }),
    openForeign: (document) => sealing.openForeign(document),
    readState: async () => {
      const { readLocks } = await import('./lock.js');
      return { mode: statSync(file(), { throwIfNoEntry: false })?.mode, locks: await readLocks(file()) };
    },
  };
}

/** The seals of a store. Without a way to open one, a sealed store cannot be read. */
export function createSealing({ openSeal, sealMark }: Pick<StoreOptions, 'openSeal' | 'sealMark'>): Sealing {
  return new Sealing(openSeal ?? (() => Promise.reject(createIdentityNeededError())), sealMark);
}

/** The methods of StoreWriting, which has to name each. */
export const writingMethods = Object.keys({
  update: true,
  withServerLock: true,
  withRenewalRequestLock: true,
  withLoginStartLock: true,
  changeSeal: true,
  checkWritable: true,
  savePendingRenewal: true,
  saveAttempt: true,
  readAttempts: true,
  removeAttempt: true,
  removeAttempts: true,
  finishAttempt: true,
  saveMovedLogin: true,
  removeMovedLogin: true,
  saveLastSeen: true,
  removeLastSeen: true,
} satisfies Record<keyof StoreWriting, true>) as (keyof StoreWriting)[];

/** Registers the secrets of the document that was read last. Returns the function that is given each document. */
export function createSecretSource(secrets: Secrets | undefined): (document: StoreDocument) => void {
  let last: StoreDocument = {};
  let known: SecretSource | undefined;
  secrets?.addSource(() => (known ??= findSecrets(last)));
  return (document) => {
    last = document;
    known = undefined;
  };
}

/** The secrets in a document: headers, and keys in URLs. Tokens are registered where they are sent. */
function findSecrets(document: StoreDocument): SecretSource {
  const entries = listServers(document).map(([, entry]) => entry);
  const headers = entries.flatMap((entry): unknown[] => (isObject(entry.headers) ? Object.values(entry.headers) : []));
  return {
    values: headers.filter((value) => typeof value === 'string').filter((value) => !value.includes('${')),
    urls: entries.map(({ url }) => url).filter((url) => typeof url === 'string'),
  };
}

interface ReadOptions {
  readonly server: string | undefined;
  readonly clock: Clock;
  readonly sealing: Sealing;
}

/** The document with the newest logins, and the names of the servers whose logins are older in the file. */
async function readNewestDocument(file: string, { server, clock, sealing }: ReadOptions) {
  const { text, warning } = await readTextUnlessEmpty(file, clock);
  const stored = await parseDocument(text, file);
  const document = await sealing.open(stored);
  const codec = await sealing.codec(readSeal(stored));
  const newest = readAllNewestLogins(resolveLinks(file), { names: server === undefined ? undefined : [server], codec });
  return { document, newest, restored: restoreNewestLogins(document, newest), warning };
}

async function readStoredSeal(file: string): Promise<Seal | undefined> {
  return readSeal(await parseDocument(readStoreText(file).text, file));
}

/** Milliseconds between two reads of a file that another program has emptied, and the number of reads. */
const pauseWhileEmpty = 10;
const maxReads = 20;

/** The file's text. An empty file that had a login before is being written in place by another program: it is read again. */
async function readTextUnlessEmpty(file: string, clock: Clock): Promise<ReturnType<typeof readStoreText>> {
  for (let reads = 1; ; reads += 1) {
    const read = readStoreText(file);
    if (read.text.trim() !== '' || reads === maxReads || listNewestFiles(resolveLinks(file)).length === 0) return read;
    await clock.sleep(pauseWhileEmpty);
  }
}

/** The file that a symbolic link leads to; the path itself if there is no file. */
function resolveLinks(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

interface Restored {
  readonly name: string;
  readonly file: string;
  readonly isWritten: boolean;
  /** Whether the newest state is a logout. */
  readonly hasEnded: boolean;
}

function formatRestoredWarning({ name, file, isWritten, hasEnded }: Restored): string {
  const cause = `${file} had older tokens of ${name}: another program saved an older copy of the file, or the file could not be written.`;
  const subject = hasEnded ? 'This login has ended, and its tokens' : 'The newest tokens';
  const written = hasEnded ? 'were removed' : 'were restored';
  const used = hasEnded ? 'are not used' : 'are used';
  return `${cause} ${subject} ${isWritten ? `${written}.` : `${used}, but the file cannot be written now.`}`;
}
