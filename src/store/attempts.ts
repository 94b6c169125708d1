/**
 * Logins that have been started and wait to be finished by another process. Each has a file of its own beside the store,
 * 0600: it holds what only the one who started the login may know (RFC 7636's verifier, RFC 8628's device code).
 */
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isObject } from '../text/json.js';
import { withLock } from './lock.js';
import { createUnwritableError } from './unwritable.js';
import { readOwnFile } from './own-file.js';

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

/** A name for a new attempt, short enough to be typed. */
export function createAttemptId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(6)))
    .toString('base64url')
    .replace(/[-_]/g, 'x');
}

/** @throws AuthError `store_unwritable`. */
export async function writeAttempt(store: string, attempt: AttemptFile): Promise<void> {
  const file = fileOf(store, attempt.attempt);
  const temporary = `${file}.tmp`;
  try {
    await writeFile(temporary, JSON.stringify(attempt), { flag: 'wx', mode: 0o600, flush: true });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw createUnwritableError(store, error);
  }
}

/** All that have not expired by `now` (milliseconds since the epoch), the newest first. The others are removed. */
export async function readAttempts(store: string, now: number): Promise<AttemptFile[]> {
  const prefix = `${path.basename(store)}.`;
  const names = await readdir(path.dirname(store)).catch(() => []);
  const found: AttemptFile[] = [];
  for (const name of names.filter((one) => one.startsWith(prefix) && one.endsWith(suffix))) {
    const file = path.join(path.dirname(store), name);
    const attempt = parseAttempt(readOwnFile(file));
    if (attempt === undefined) continue;
    if (attempt.expires_at * 1000 > now) found.push(attempt);
    else await rm(file, { force: true }).catch(() => undefined);
  }
  return found.sort((one, other) => other.started_at - one.started_at);
}

/** Forgets what was started for a server. */
export async function removeAttempts({ store, server, now }: { store: string; server: string; now: number }): Promise<void> {
  for (const { attempt } of (await readAttempts(store, now)).filter((one) => one.server === server)) {
    await rm(fileOf(store, attempt), { force: true }).catch(() => undefined);
  }
}

/**
 * Runs `work` while no other process finishes the same attempt, whose code is good once only, and takes the attempt away
 * when that has succeeded, or says that the code has been used. Undefined when it has gone by the time that its turn comes.
 */
export async function withAttempt<T>(
  { store, attempt, signal }: { store: string; attempt: AttemptFile; signal: AbortSignal },
  work: (spent: () => Promise<void>) => Promise<T>,
): Promise<T | undefined> {
  const file = fileOf(store, attempt.attempt);
  const forget = () => rm(file, { force: true }).catch(() => undefined);
  return withLock(`${file}.lock`, { timeout: patience, signal }, async () => {
    if (parseAttempt(readOwnFile(file)) === undefined) return undefined;
    const result = await work(forget);
    await forget();
    return result;
  });
}

const suffix = '.attempt';
/** Milliseconds that another process may take to finish it: as long as a person may. */
const patience = 3_600_000;

function fileOf(store: string, attempt: string): string {
  return `${store}.${encodeURIComponent(attempt)}${suffix}`;
}

function parseAttempt(text = ''): AttemptFile | undefined {
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
