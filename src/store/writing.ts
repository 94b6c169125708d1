/** Everything that changes the store or the files next to it. Loaded at the first change: a token is read far more often. */
import { readAttempts, removeAttempt, removeAttempts, withAttempt, writeAttempt, type AttemptFile } from './attempts.js';
import { applyTogether, type Alteration, type QueuedChange } from './change.js';
import { parseDocument, type StoreDocument } from './document.js';
import { removeLastSeen, writeLastSeen, type LastSeen } from './last-seen.js';
import { getLoginStartLockPath, getRenewalRequestLockPath, getServerLockPath, withLock, type LockOptions } from './lock.js';
import { removeMovedLogin, writeMovedLogin } from './moved-login.js';
import { renewalTimeout } from './lock-times.js';
import { applyRenewal, writePendingRenewal } from './newest.js';
import { readStoreText } from './reading.js';
import { changeSeal } from './seal-change.js';
import type { SealCodec } from './seal/codec.js';
import { readSeal, type Seal } from './seal/seal.js';
import type { Sealing } from './seal/sealing.js';
import { checkRoom, resolveTarget } from './store-file.js';
import type { PendingRenewal, StoreOptions, StoreWriting } from './store.js';

/** Milliseconds to wait for another process that changes the file. */
const changeTimeout = 30_000;

type FindResult<T> = LockOptions<T>['findResult'];

/** The changes of one process to a store, one after the other: a process never waits for its own lock. */
export class StoreWriter implements StoreWriting {
  readonly #file: string;
  readonly #waiting: Pick<StoreOptions, 'clock' | 'signal'>;
  readonly #sealing: Sealing;
  #last: Promise<unknown> = Promise.resolve();
  /** Changes that are written together when their turn comes: 200 renewals are not 200 times fsync. */
  #queue: QueuedChange[] = [];
  #checking: Promise<void> | undefined;

  constructor(file: string, { clock, signal }: StoreOptions, sealing: Sealing) {
    this.#file = file;
    this.#sealing = sealing;
    this.#waiting = { clock, signal };
  }

  update<T>(change: Alteration<T>, server?: string, former?: string): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ alter: change, server, former, resolve: resolve as QueuedChange['resolve'], reject });
      if (this.#queue.length === 1) void this.#inTurn(() => this.#writeQueue());
    });
  }

  changeSeal(seal: Seal | undefined): Promise<void> {
    const lock = { ...this.#waiting, timeout: changeTimeout };
    return this.#inTurn(() => changeSeal(seal, { file: this.#file, lock, sealing: this.#sealing }));
  }

  checkWritable(): Promise<void> {
    return (this.#checking ??= this.#inTurn(async () => {
      this.#checking = undefined;
      const target = await this.#resolveTarget();
      await withLock(`${target}.lock`, { ...this.#waiting, timeout: changeTimeout }, () => checkRoom(target));
    }));
  }

  async withServerLock<T>(name: string, work: () => Promise<T>, findResult?: FindResult<T>): Promise<T> {
    return this.#withLock(getServerLockPath(await this.#resolveTarget(), name), work, findResult);
  }

  async withRenewalRequestLock<T>(name: string, work: () => Promise<T>, findResult?: FindResult<T>): Promise<T> {
    return this.#withLock(getRenewalRequestLockPath(await this.#resolveTarget(), name), work, findResult);
  }

  async withLoginStartLock<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#withLock(getLoginStartLockPath(await this.#resolveTarget(), name), work);
  }

  async savePendingRenewal(renewal: PendingRenewal): Promise<string> {
    // If the store's folder is gone, the temporary folder is used.
    const target = await this.#resolveTarget().catch(() => this.#file);
    const codec = await this.#sealing.codec(readSeal(renewal.document));
    return writePendingRenewal(target, { ...applyRenewal(renewal), codec });
  }

  async saveAttempt(attempt: AttemptFile): Promise<void> {
    await writeAttempt(await this.#resolveTarget(), attempt, await this.#findCodec());
  }

  async readAttempts(now: number): Promise<AttemptFile[]> {
    return readAttempts(await this.#resolveTarget(), now, await this.#findCodec());
  }

  async removeAttempt(attempt: string): Promise<void> {
    await removeAttempt(await this.#resolveTarget(), attempt);
  }

  async removeAttempts(server: string, now: number): Promise<void> {
    await removeAttempts({ store: await this.#resolveTarget(), server, now });
  }

  async finishAttempt<T>(
    attempt: AttemptFile,
    work: (spent: () => Promise<void>) => Promise<T>,
    lockTimeout?: number,
  ): Promise<T | undefined> {
    return withAttempt({ store: await this.#resolveTarget(), attempt, timeout: lockTimeout, ...this.#waiting }, work);
  }

  async saveMovedLogin(name: string, document: StoreDocument): Promise<string> {
    const seal = await this.#readSeal();
    return writeMovedLogin(await this.#resolveTarget(), { name, document: await this.#sealing.closeCopy(seal, document) });
  }

  async removeMovedLogin(name: string): Promise<void> {
    await removeMovedLogin(await this.#resolveTarget(), name);
  }

  async saveLastSeen(name: string, seen: LastSeen): Promise<void> {
    await writeLastSeen(await this.#resolveTarget(), name, seen);
  }

  async removeLastSeen(name: string): Promise<void> {
    await removeLastSeen(await this.#resolveTarget(), name);
  }

  #withLock<T>(lockPath: string, work: () => Promise<T>, findResult?: FindResult<T>): Promise<T> {
    return withLock(lockPath, { ...this.#waiting, timeout: renewalTimeout, findResult }, work);
  }

  async #readSeal(): Promise<Seal | undefined> {
    return readSeal(await parseDocument(readStoreText(this.#file).text, this.#file));
  }

  async #findCodec(): Promise<SealCodec | undefined> {
    return this.#sealing.codec(await this.#readSeal());
  }

  #resolveTarget(): Promise<string> {
    return resolveTarget(this.#file);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const working = this.#last.then(work);
    this.#last = working.catch(() => undefined);
    return working;
  }

  async #writeQueue(): Promise<void> {
    const changes = this.#queue;
    this.#queue = [];
    const lock = { clock: this.#waiting.clock, timeout: changeTimeout };
    await applyTogether({ file: this.#file, changes, lock, sealing: this.#sealing });
  }
}
