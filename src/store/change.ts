/** Changing the store's document: read, alter, write, under the lock, and again if another program wrote in between. */
import { rm } from 'node:fs/promises';
import { formatDocument, parseDocument, type StoreDocument } from './document.js';
import { withLock, type LockOptions } from './lock.js';
import { copyLogins, readAllNewestLogins, restoreNewestLogins, writeNewestLogins } from './newest.js';
import { readStoreText } from './reading.js';
import { readSeal } from './seal/seal.js';
import type { Sealing } from './seal/sealing.js';
import { getVersion, replaceFile, resolveTarget, writeNextTo } from './store-file.js';

/** How often a change is made again because another program, which does not use our lock, has written the file. */
const maxTries = 50;

/** Alters the document. Also given the servers whose newest tokens were restored just before, and the file's text. */
export type Alteration<T> = (document: StoreDocument, restored: readonly string[], text: string) => T;

/** A change that waits for its turn, to be written together with others. */
export interface QueuedChange {
  readonly alter: Alteration<unknown>;
  /** The only server whose login it may change; undefined for any. */
  readonly server: string | undefined;
  /** An earlier text of the file. */
  readonly former: string | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface TogetherOptions {
  readonly file: string;
  readonly changes: readonly QueuedChange[];
  readonly lock: Omit<LockOptions, 'findResult'>;
  readonly sealing: Sealing;
}

/** Makes changes with one write. If one of them throws, or they cannot be written, each is made by itself. Settles every change. */
export async function applyTogether({ file, changes, lock, sealing }: TogetherOptions): Promise<void> {
  const all: Alteration<unknown[]> = (...given) => changes.map(({ alter }) => alter(...given));
  const named = changes.flatMap(({ server }) => server ?? []);
  const names = named.length === changes.length ? named : undefined;
  const formers = changes.flatMap(({ former }) => former ?? []);
  try {
    const target = await resolveTarget(file);
    const results = await withLock(`${target}.lock`, lock, () => applyChange({ file, target, alter: all, names, formers, sealing }));
    changes.forEach(({ resolve }, index) => resolve(results[index]));
  } catch (error) {
    const [only, ...others] = changes;
    if (only && others.length === 0) only.reject(error);
    else for (const change of changes) await applyTogether({ file, changes: [change], lock, sealing });
  }
}

interface Change<T> {
  /** The path as the user gave it, for messages. */
  readonly file: string;
  readonly target: string;
  readonly alter: Alteration<T>;
  /** The servers whose logins it may change; undefined for any. */
  readonly names: readonly string[] | undefined;
  /** Earlier texts of the file. */
  readonly formers: readonly string[];
  readonly sealing: Sealing;
}

/** Other programs do not use our lock: the file is checked again right before the rename. Only the moment between the two is left. */
async function applyChange<T>({ file, target, alter, names, formers, sealing }: Change<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const version = getVersion(target);
    const { text } = readStoreText(target);
    const stored = await parseDocument(text, file);
    const unchanged = formatDocument(stored);
    const document = await sealing.open(stored);
    const codec = await sealing.codec(readSeal(stored));
    // An empty file is about to be filled by another program: it does not mean that the logins were removed.
    const newest = version !== '' && text.trim() === '' ? [] : readAllNewestLogins(target, { names, codec });
    const restored = restoreNewestLogins(document, newest);
    const before = copyLogins(document, names);
    const result = alter(document, restored, text);
    const unneeded = await writeNewestLogins(target, { document, before, newest, names, codec });
    const changed = formatDocument(await sealing.close(document));
    if (changed !== unchanged) {
      const written = await writeNextTo(target, (await findFormer(formers, { document, sealing })) ?? changed);
      if (tries < maxTries && getVersion(target) !== version) {
        await rm(written, { force: true });
        continue;
      }
      await replaceFile(target, written);
    }
    for (const one of unneeded) await rm(one, { force: true }).catch(() => undefined);
    return result;
  }
}

/** The text, in any layout, that is of this document. Secrets are compared in the clear: a sealed text is never the same twice. */
async function findFormer(
  formers: readonly string[],
  { document, sealing }: { document: StoreDocument; sealing: Sealing },
): Promise<string | undefined> {
  const formatted = formatDocument(document);
  // A file that did not exist is not made empty: its text is that of an empty document.
  for (const former of formers.filter((one) => one.trim() !== '')) {
    const opened = await parseDocument(former, undefined)
      .then((one) => sealing.open(one))
      .catch(() => undefined);
    if (opened !== undefined && formatDocument(opened) === formatted) return former;
  }
  return undefined;
}
