/**
 * The one way in which mcp-auth writes a file: the content goes into a temporary file in the same folder, is flushed, and
 * is renamed to the target. A reader sees the old content or the new, never a part; a full disk or a kill leaves the old.
 *
 * `conf` writes in the same way (with `atomically`), but it renames at once: the store has to check in between whether
 * another program has changed the file (writing.ts), and an app's file keeps its mode (machine/files.ts).
 */
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { retryWhileInUse } from './in-use.js';
import { syncFolder } from './sync-folder.js';

interface TemporaryFileOptions {
  /** Permission bits of the new file, from its creation on: 0600 by default. The umask may remove some. */
  readonly mode?: number | undefined;
  /** Give the file exactly `mode`, whatever the umask is. */
  readonly ignoreUmask?: boolean;
  /** Whether the content has to survive a power failure: true by default. */
  readonly flush?: boolean;
  /**
   * The file name that the temporary name begins with: the target's by default. Below a store's name, the next change of
   * that store deletes what a killed process has left (`removeLeftovers` in writing.ts).
   */
  readonly namedAfter?: string | undefined;
}

interface AtomicWriteOptions extends TemporaryFileOptions {
  /** Flush the folder too, so that the rename survives a power failure: false by default. */
  readonly flushFolder?: boolean;
}

/** Replaces or creates `target`. A symbolic link at that path is replaced, not followed. Throws the system's error. */
export async function writeAtomically(
  target: string,
  content: string | Uint8Array,
  { flushFolder = false, ...options }: AtomicWriteOptions = {},
): Promise<void> {
  const temporary = await writeTemporaryFile(target, content, options);
  try {
    await retryWhileInUse(() => rename(temporary, target));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  if (flushFolder) await syncFolder(path.dirname(target));
}

/** The first half: a new file next to `target`, ready to be renamed. Returns its path; leaves nothing behind when it fails. */
export async function writeTemporaryFile(
  target: string,
  content: string | Uint8Array,
  { mode = 0o600, ignoreUmask = false, flush = true, namedAfter = path.basename(target) }: TemporaryFileOptions = {},
): Promise<string> {
  const temporary = getTemporaryPath(path.dirname(target), namedAfter);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      // By the open file: in a folder that others can write, the name may lead elsewhere by now.
      if (ignoreUmask) await handle.chmod(mode);
      await handle.writeFile(content);
      if (flush) await handle.sync();
    } finally {
      await handle.close();
    }
    return temporary;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** A path that no other process uses, in a form that `removeLeftovers` of the store recognises. */
export function getTemporaryPath(folder: string, namedAfter: string): string {
  return path.join(folder, `.${namedAfter}.${crypto.randomUUID()}.tmp`);
}
