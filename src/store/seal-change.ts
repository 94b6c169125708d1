/** Sealing a store, changing its seal, and unsealing it: the document and all files next to it, under the lock. */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { rewriteAttempts } from './attempts.js';
import { formatDocument, parseDocument } from './document.js';
import { withLock, type LockOptions } from './lock.js';
import { readMovedLogin, writeMovedLogin } from './moved-login.js';
import { readAllNewestLogins, restoreNewestLogins, rewriteNewestLogins } from './newest.js';
import { readStoreText } from './reading.js';
import { replaceSeal } from './seal/sealed-document.js';
import type { Seal } from './seal/seal.js';
import type { Sealing } from './seal/sealing.js';
import { getVersion, replaceFile, resolveTarget, writeNextTo } from './store-file.js';

interface SealChange {
  readonly file: string;
  readonly lock: Omit<LockOptions, 'findResult'>;
  readonly sealing: Sealing;
}

/** How often it is made again because another program has written the file in between. */
const maxTries = 50;

/** See `StoreWriting.changeSeal`. */
export async function changeSeal(seal: Seal | undefined, { file, lock, sealing }: SealChange): Promise<void> {
  const target = await resolveTarget(file);
  await withLock(`${target}.lock`, lock, async () => {
    for (let tries = 1; ; tries += 1) {
      if (await tryChange(seal, { file, target, sealing, isLast: tries === maxTries })) return;
    }
  });
}

/** False if another program has written the file in between. */
async function tryChange(
  seal: Seal | undefined,
  { file, target, sealing, isLast }: { file: string; target: string; sealing: Sealing; isLast: boolean },
): Promise<boolean> {
  const version = getVersion(target);
  const stored = await parseDocument(readStoreText(target).text, file);
  const { document, codec: before } = await sealing.openToChange(stored, 'member "seal" of the store');
  const newest = readAllNewestLogins(target, { codec: before });
  restoreNewestLogins(document, newest);
  const changed = replaceSeal(document, seal);
  const after = await sealing.codec(seal);
  const written = await writeNextTo(target, formatDocument(await sealing.close(changed)));
  if (!isLast && getVersion(target) !== version) {
    await rm(written, { force: true });
    return false;
  }
  await replaceFile(target, written);
  await sealing.expect(seal);
  await rewriteNewestLogins(target, newest, after);
  await rewriteAttempts(target, { before, after });
  for (const name of await listMoved(target)) await rewriteMoved(target, name, { seal, sealing });
  return true;
}

/** The names of the servers with a copy of a moved login. */
async function listMoved(store: string): Promise<string[]> {
  const start = `${path.basename(store)}.`;
  const names = (await readdir(path.dirname(store))).filter((one) => one.startsWith(start) && one.endsWith('.moved'));
  return names.map((one) => decodeURIComponent(one.slice(start.length, -'.moved'.length)));
}

async function rewriteMoved(store: string, name: string, { seal, sealing }: { seal: Seal | undefined; sealing: Sealing }): Promise<void> {
  const copy = await readMovedLogin(store, name);
  if (copy === undefined) return;
  const opened = await sealing.openForeign(copy).catch(() => undefined);
  if (opened === undefined) return;
  await writeMovedLogin(store, { name, document: await sealing.close(replaceSeal(opened, seal)) });
}
