/**
 * Two-step logins: started by one process, to be finished by another. Each has its own file next to the store, 0600,
 * because it holds secrets of that login (RFC 7636's verifier, RFC 8628's device code).
 */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { isObject } from '../text/json.js';
import { writeAtomically } from './atomic-write.js';
import { withLock, type LockOptions } from './lock.js';
import { attemptTimeout } from './lock-times.js';
import { createUnwritableError } from './unwritable.js';
import { readOwnFile } from './own-file.js';
import type { SealCodec } from './seal/codec.js';
import { encodeForFileName } from './file-name.js';

/** The format of the files that are written now. An older file says none, and its `started_at` is in milliseconds. */
export const attemptFormat = 2;

/** JSON, in snake_case. The named members are for finding it; the others belong to the login that was started. */
export interface AttemptFile {
  readonly format?: number;
  readonly attempt: string;
  readonly server: string;
  /** Seconds since the epoch, with a fraction: two attempts may start within one second. */
  readonly started_at: number;
  /** Seconds since the epoch. */
  readonly expires_at: number;
  readonly [member: string]: unknown;
}

/** A new attempt ID, short enough to be typed. */
export function createAttemptId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(6)))
    .toString('base64url')
    .replace(/[-_]/g, 'x');
}

/** @param codec of a sealed store. @throws AuthError `store_unwritable`. */
export async function writeAttempt(store: string, attempt: AttemptFile, codec?: SealCodec): Promise<void> {
  try {
    await writeAtomically(getAttemptPath(store, attempt.attempt), formatAttempt(attempt, codec), { namedAfter: path.basename(store) });
  } catch (error) {
    throw createUnwritableError(store, error);
  }
}

/**
 * The attempts that have not expired by `now` (milliseconds since the epoch), newest first. Deletes the expired ones.
 *
 * @param codec of a sealed store. Without it, sealed attempts have only the members that are named above.
 */
export async function readAttempts(store: string, now: number, codec?: SealCodec): Promise<AttemptFile[]> {
  const prefix = `${path.basename(store)}.`;
  const names = await readdir(path.dirname(store)).catch(() => []);
  const found: AttemptFile[] = [];
  for (const name of names.filter((one) => one.startsWith(prefix) && one.endsWith(suffix))) {
    const file = path.join(path.dirname(store), name);
    const attempt = parseAttempt(readOwnFile(file));
    if (attempt === undefined) continue;
    if (attempt.expires_at * 1000 > now) found.push(...openAttempt(attempt, codec));
    else await rm(file, { force: true }).catch(() => undefined);
  }
  return found.sort((one, other) => other.started_at - one.started_at);
}

/** Writes all attempts again: the seal of the store has changed. */
export async function rewriteAttempts(
  store: string,
  { before, after }: { before: SealCodec | undefined; after: SealCodec | undefined },
): Promise<void> {
  for (const attempt of await readAttempts(store, 0, before)) {
    if (attempt['sealed'] === undefined) await writeAttempt(store, attempt, after);
  }
}

/** Deletes one attempt, which cannot succeed any more. */
export async function removeAttempt(store: string, attempt: string): Promise<void> {
  await rm(getAttemptPath(store, attempt), { force: true }).catch(() => undefined);
}

/** Deletes the attempts of a server. */
export async function removeAttempts({ store, server, now }: { store: string; server: string; now: number }): Promise<void> {
  for (const { attempt } of (await readAttempts(store, now)).filter((one) => one.server === server)) {
    await removeAttempt(store, attempt);
  }
}

/**
 * Runs `work` while no other process finishes the same attempt, whose code can be used only once. Deletes the attempt when
 * `work` succeeds, or when it calls `spent` because the code has been used. Undefined when the attempt is gone by the time
 * the lock is free.
 */
export async function withAttempt<T>(
  {
    store,
    attempt,
    timeout = attemptTimeout,
    ...waiting
  }: { store: string; attempt: AttemptFile; timeout?: number | undefined } & Pick<LockOptions, 'clock' | 'signal'>,
  work: (spent: () => Promise<void>) => Promise<T>,
): Promise<T | undefined> {
  const file = getAttemptPath(store, attempt.attempt);
  const remove = () => removeAttempt(store, attempt.attempt);
  return withLock(`${file}.lock`, { ...waiting, timeout }, async () => {
    if (parseAttempt(readOwnFile(file)) === undefined) return undefined;
    const result = await work(remove);
    await remove();
    return result;
  });
}

const suffix = '.attempt';

function getAttemptPath(store: string, attempt: string): string {
  return `${store}.${encodeForFileName(attempt)}${suffix}`;
}

/** The text of an attempt. What finds it stays in the clear; the rest is sealed. */
export function formatAttempt(attempt: AttemptFile, codec: SealCodec | undefined): string {
  if (codec === undefined) return JSON.stringify(attempt);
  const { format, attempt: id, server, started_at, expires_at } = attempt;
  const sealed = codec.seal(getSealedPlace(attempt), JSON.stringify(attempt));
  return JSON.stringify({ format, attempt: id, server, started_at, expires_at, sealed });
}

function getSealedPlace({ attempt, server }: AttemptFile): string {
  return JSON.stringify(['attempt', attempt, server]);
}

/** The attempt in the clear; none for one that is of another seal. */
export function openAttempt(attempt: AttemptFile, codec: SealCodec | undefined): AttemptFile[] {
  const { sealed } = attempt;
  if (typeof sealed !== 'string' || codec === undefined) return [attempt];
  const opened = parseAttempt(codec.open(getSealedPlace(attempt), sealed));
  return opened === undefined ? [] : [opened];
}

/** Undefined for anything else. */
export function parseAttempt(text = ''): AttemptFile | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || typeof value['attempt'] !== 'string' || typeof value['server'] !== 'string') return undefined;
    const { format, started_at: startedAt, expires_at: expiresAt } = value;
    if (typeof startedAt !== 'number' || typeof expiresAt !== 'number') return undefined;
    return { ...value, started_at: format === undefined ? startedAt / 1000 : startedAt } as AttemptFile;
  } catch {
    return undefined;
  }
}
