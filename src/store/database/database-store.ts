/**
 * The store in a database that a fleet of machines shares. What one machine alone needs stays on its disk: token responses that the
 * database could not take, and what its bridges remember of servers.
 */
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../effects.js';
import { AuthError, hasCode } from '../../errors.js';
import type { AttemptFile } from '../attempts.js';
import type { Alteration } from '../change.js';
import type { StoreDocument } from '../document.js';
import type { Engine, Lease, WriteResult } from '../engines/engine.js';
import type { StoreUrl } from '../engines/store-url.js';
import { createFingerprint } from '../fingerprint.js';
import { readLastSeen, removeLastSeen, writeLastSeen, type LastSeen } from '../last-seen.js';
import { getThisSystem, parseLockOwner } from '../lock-owner.js';
import { removeMovedLogin, writeMovedLogin } from '../moved-login.js';
import { applyRenewal, readAllNewestLogins, restoreNewestLogins, writePendingRenewal } from '../newest.js';
import { attemptTimeout, renewalTimeout } from '../lock-times.js';
import { describeBroken } from '../seal/sealed-document.js';
import { readSeal, type Seal } from '../seal/seal.js';
import type { Sealing } from '../seal/sealing.js';
import { createSealing, createSecretSource } from '../store.js';
import type { PendingRenewal, SealState, Store, StoreOptions, StoreState } from '../store.js';
import { AttemptRows } from './attempt-rows.js';
import { Content, type OpenSnapshot } from './content.js';
import { leaseDuration, Leases } from './leases.js';
import { patience, reachEngine } from './reach.js';

/** Milliseconds to wait for an engine that is away with tokens in hand that are stored nowhere. */
const patienceWithTokens = 45_000;
/** How often a change is made again because another process has written the same rows. */
const maxTries = 50;
/** How often work begins again because its lease was lost before it did anything. */
const maxLateStarts = 3;

export interface DatabaseStoreOptions extends StoreOptions {
  readonly place: StoreUrl;
  /** The path that names this store's files on this machine: see `Store.localPath`. */
  readonly localPath: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

type FindResult<T> = (() => Promise<T | undefined>) | undefined;

export class DatabaseStore implements Store {
  readonly path: string;
  readonly localPath: string;
  readonly #kind: string;
  readonly #engine: Engine;
  readonly #sealing: Sealing;
  readonly #content: Content;
  readonly #attempts: AttemptRows;
  readonly #leases: Leases;
  /** Has the secrets of a document redacted. */
  readonly #tell: (document: StoreDocument) => void;
  readonly #waiting: { readonly clock: Clock; readonly signal: AbortSignal };
  /** The leases of logins that this process holds, by the server's name. */
  readonly #held = new Map<string, Lease>();
  /** The errors of work that lost its lease before it did anything. */
  readonly #late = new WeakSet<Error>();
  /** What was read last, by what was asked for: used while the engine is away. */
  readonly #last = new Map<string | undefined, OpenSnapshot>();
  readonly #warnings = new Set<string>();

  constructor({ place, localPath, variables, clock, signal, ...options }: DatabaseStoreOptions) {
    this.path = place.shown;
    this.localPath = localPath;
    this.#kind = place.kind.name;
    this.#waiting = { clock, signal };
    this.#engine = place.kind.open({ url: place.url, store: place.store, clock, variables });
    this.#sealing = createSealing(options);
    this.#tell = createSecretSource(options.secrets);
    this.#content = new Content({ engine: this.#engine, sealing: this.#sealing, path: this.path });
    this.#attempts = new AttemptRows(this.#engine);
    this.#leases = new Leases({ engine: this.#engine, clock, signal });
  }

  async read(server?: string): Promise<StoreDocument> {
    const snapshot = await this.#readOrRemember(server);
    const unsaved = this.#readUnsaved(server, snapshot);
    if (unsaved.length === 0) return snapshot.document;
    const restored = await this.update((_, names) => names, server).catch(() => undefined);
    if (restored !== undefined) return (await this.#readOrRemember(server)).document;
    restoreNewestLogins(snapshot.document, unsaved);
    return snapshot.document;
  }

  async peek(server: string): Promise<StoreDocument> {
    const snapshot = await this.#readOrRemember(server);
    restoreNewestLogins(snapshot.document, this.#readUnsaved(server, snapshot));
    return snapshot.document;
  }

  readLastSeen(server: { readonly name: string; readonly url: string }): LastSeen {
    return readLastSeen(this.localPath, server);
  }

  getWarnings(): string[] {
    return [...this.#warnings];
  }

  async readState(): Promise<StoreState> {
    const [leases, findings] = await Promise.all([this.#engine.listLeases(), this.#engine.inspect()]);
    const now = this.#waiting.clock.now();
    const locks = leases.map(({ name, owner, remaining }) => {
      const holder = parseLockOwner(owner);
      return { path: name, hasEnded: false, touchedAt: now - (leaseDuration - remaining), ...(holder && { pid: holder.pid }) };
    });
    return { mode: undefined, engine: this.#kind, findings, locks };
  }

  async update<T>(change: Alteration<T>, server?: string): Promise<T> {
    for (let tries = 1; tries <= maxTries; tries += 1) {
      const lease = server === undefined ? undefined : this.#held.get(server);
      // A row outside of what was read may be in the way: the next try reads all of them.
      const attempt = () => this.#tryUpdate(change, { server, isWhole: tries > 1, lease });
      const { outcome, result } = await this.#reach(attempt, lease === undefined ? patience : patienceWithTokens);
      if (outcome === 'written') return result;
      // Another process took the lease while this one was stopped: this change waits until that process is done.
      if (outcome === 'late' && server !== undefined) return this.withServerLock(server, () => this.update(change, server));
    }
    throw this.#createBusyError();
  }

  /** One try. If the answer to its write is lost, the next try finds what it has written, and changes nothing. */
  async #tryUpdate<T>(
    change: Alteration<T>,
    { server, isWhole, lease }: { server: string | undefined; isWhole: boolean; lease: Lease | undefined },
  ): Promise<{ readonly outcome: WriteResult; readonly result: T }> {
    const snapshot = await this.#content.read(isWhole ? undefined : server);
    const unsaved = this.#readUnsaved(server, snapshot);
    const document = structuredClone(snapshot.document);
    const restored = restoreNewestLogins(document, unsaved);
    const result = change(document, restored, '');
    const outcome = await this.#content.write(snapshot, document, lease);
    if (outcome === 'written') for (const { file } of unsaved) await rm(file, { force: true }).catch(() => undefined);
    return { outcome, result };
  }

  async changeSeal(seal: Seal | undefined): Promise<void> {
    // What is unsaved is sealed as the store was: it is put into the store first.
    await this.read();
    for (let tries = 1; tries <= maxTries; tries += 1) {
      if ((await this.#reach(() => this.#content.changeSeal(seal, this.#attempts))) === 'written') return;
    }
    throw this.#createBusyError();
  }

  async readSealState(): Promise<SealState> {
    return { seal: await this.#reach(() => this.#content.readSeal()), expected: this.#sealing.getExpected() };
  }

  openForeign(document: StoreDocument): Promise<StoreDocument> {
    return this.#sealing.openForeign(document);
  }

  async withServerLock<T>(name: string, work: () => Promise<T>, findResult?: FindResult<T>): Promise<T> {
    const lease = { name: `renewal ${name}`, topic: `server ${name}`, timeout: renewalTimeout, maxHold: renewalTimeout, findResult };
    for (let start = 1; ; start += 1) {
      try {
        return await this.#leases.run(lease, (held) => this.#whileHeld({ name, held }, work));
      } catch (error) {
        if (!(error instanceof Error && this.#late.has(error)) || start === maxLateStarts) throw error;
      }
    }
  }

  async #whileHeld<T>({ name, held }: { name: string; held: Lease }, work: () => Promise<T>): Promise<T> {
    this.#held.set(name, held);
    try {
      return await work();
    } finally {
      if (this.#held.get(name) === held) this.#held.delete(name);
    }
  }

  async withRenewalRequestLock<T>(name: string, work: () => Promise<T>, findResult?: FindResult<T>): Promise<T> {
    // Of this machine only: each machine has processes of its own that renew.
    const lease = { name: `request ${name} ${createFingerprint(await getThisSystem())}`, topic: `server ${name}` };
    return this.#leases.run({ ...lease, timeout: renewalTimeout, maxHold: renewalTimeout, findResult }, work);
  }

  async withLoginStartLock<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#leases.run({ name: `start ${name}`, timeout: renewalTimeout, maxHold: renewalTimeout }, work);
  }

  /** Writes to the engine: extends the lease of a login that this process holds, or takes and releases one. */
  async checkWritable(server?: string): Promise<void> {
    const lease = server === undefined ? undefined : this.#held.get(server);
    if (lease === undefined) {
      await this.#reach(() => this.#content.checkMayHaveSecrets());
      const name = `check ${createFingerprint(await getThisSystem())}`;
      await this.#leases.run({ name, timeout: renewalTimeout, maxHold: 0 }, () => Promise.resolve());
      return;
    }
    if (await this.#leases.extend(lease)) return;
    const error = new AuthError('store_locked', `Another process has taken over the renewal of ${server}.`, { hint: 'Try again.' });
    this.#late.add(error);
    throw error;
  }

  async savePendingRenewal(renewal: PendingRenewal): Promise<string> {
    const codec = await this.#sealing.codec(readSeal(renewal.document));
    return writePendingRenewal(this.localPath, { ...applyRenewal(renewal), codec });
  }

  async saveAttempt(attempt: AttemptFile): Promise<void> {
    await this.#reach(async () => this.#attempts.add(attempt, await this.#content.findCodec()));
  }

  async readAttempts(now: number): Promise<AttemptFile[]> {
    return this.#reach(async () => this.#attempts.read(now, await this.#content.findCodec()));
  }

  async removeAttempt(attempt: string): Promise<void> {
    await this.#reach(() => this.#attempts.remove(attempt)).catch(() => undefined);
  }

  async removeAttempts(name: string, now: number): Promise<void> {
    for (const { attempt, server } of await this.readAttempts(now)) if (server === name) await this.removeAttempt(attempt);
  }

  async finishAttempt<T>(
    { attempt }: AttemptFile,
    work: (spent: () => Promise<void>) => Promise<T>,
    lockTimeout = attemptTimeout,
  ): Promise<T | undefined> {
    const remove = () => this.removeAttempt(attempt);
    const lease = { name: `attempt ${attempt}`, timeout: lockTimeout, maxHold: attemptTimeout };
    return this.#leases.run(lease, async () => {
      if (!(await this.#reach(() => this.#attempts.has(attempt)))) return undefined;
      const result = await work(remove);
      await remove();
      return result;
    });
  }

  async saveMovedLogin(name: string, document: StoreDocument): Promise<string> {
    await mkdir(dirname(this.localPath), { recursive: true, mode: 0o700 });
    const seal = await this.#reach(() => this.#content.readSeal());
    return writeMovedLogin(this.localPath, { name, document: await this.#sealing.closeCopy(seal, document) });
  }

  async removeMovedLogin(name: string): Promise<void> {
    await removeMovedLogin(this.localPath, name);
  }

  async saveLastSeen(name: string, seen: LastSeen): Promise<void> {
    await mkdir(dirname(this.localPath), { recursive: true, mode: 0o700 });
    await writeLastSeen(this.localPath, name, seen);
  }

  async removeLastSeen(name: string): Promise<void> {
    await removeLastSeen(this.localPath, name);
  }

  async close(): Promise<void> {
    await this.#engine.close().catch(() => undefined);
  }

  /** What was read; or, while the engine is away, what this process has read before: a token in it is used while it is valid. */
  async #readOrRemember(server: string | undefined): Promise<OpenSnapshot> {
    // Who holds the right to renew needs the refresh token of now: another machine may have spent the one that is remembered.
    const isHeld = server !== undefined && this.#held.has(server);
    const remembered = isHeld ? undefined : this.#last.get(server);
    try {
      const snapshot = await this.#reach(() => this.#content.read(server), remembered === undefined ? patience : 0);
      for (const one of describeBroken(snapshot.document)) this.#warnings.add(one);
      this.#tell(snapshot.document);
      this.#last.set(server, snapshot);
      return { ...snapshot, document: structuredClone(snapshot.document) };
    } catch (error) {
      if (!hasCode(error, 'store_away') || remembered === undefined) throw error;
      this.#warnings.add(`${error.message} The logins were used that had been read before.`);
      return { ...remembered, document: structuredClone(remembered.document) };
    }
  }

  /** The token responses on this machine's disk that the engine could not take. */
  #readUnsaved(server: string | undefined, { codec }: OpenSnapshot) {
    return readAllNewestLogins(this.localPath, { codec, ...(server !== undefined && { names: [server] }) });
  }

  #reach<T>(work: () => Promise<T>, longest = patience): Promise<T> {
    return reachEngine(work, { ...this.#waiting, patience: longest });
  }

  #createBusyError(): AuthError {
    return new AuthError('store_locked', `Other processes have changed ${this.path} ${maxTries} times in the meantime.`, {
      hint: 'Try again.',
    });
  }
}
