/** What this machine remembers of sealed stores, in a file next to the preferences: it is not where the stores are. No secrets. */
import { mkdirSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isListOfText, isObject, parseObject } from '../../text/json.js';
import { readOwnFile } from '../own-file.js';
import type { KnownSeal, SealMark } from './sealing.js';

/** The file, for the path of the preferences. */
export function getSealMarksPath(preferences: string): string {
  return `${preferences}.seals`;
}

/** @param preferences the path of the preferences; undefined if there is no place for them. */
export function openSealMark(preferences: string | undefined, getStore: () => string): SealMark {
  if (preferences === undefined) return { read: () => undefined, write: () => undefined };
  const file = getSealMarksPath(preferences);
  return {
    read: () => readKnownSeal(readMarks(file)[resolveStore(getStore())]),
    write: (known) => {
      const store = resolveStore(getStore());
      const others = Object.entries(readMarks(file)).filter(([one]) => one !== store);
      writeMarks(file, Object.fromEntries(known === undefined ? others : [...others, [store, known]]));
    },
  };
}

/** Whether this machine expects a store to be sealed. For the fast path. */
export function isExpectedSealed(preferences: string | undefined, store: string): boolean {
  return preferences !== undefined && openSealMark(preferences, () => store).read() !== undefined;
}

/** Links lead to one store. A store that is not a file is its URL. */
function resolveStore(store: string): string {
  try {
    return realpathSync(store);
  } catch {
    return store;
  }
}

function readMarks(file: string): Record<string, unknown> {
  return parseObject(readOwnFile(file) ?? '{}') ?? {};
}

function readKnownSeal(value: unknown): KnownSeal | undefined {
  if (!isObject(value)) return undefined;
  const { recipients, key, fingerprint } = value;
  const isKnown = isListOfText(recipients) && typeof key === 'string' && typeof fingerprint === 'string';
  return isKnown ? { recipients, key, fingerprint } : undefined;
}

/** A machine without a place for it expects nothing, as one that has not opened the store before. */
function writeMarks(file: string, marks: Record<string, unknown>): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const temporary = `${file}.${crypto.randomUUID()}.tmp`;
    writeFileSync(temporary, `${JSON.stringify(marks, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, file);
  } catch {
    // A read-only file system.
  }
}
