import { copyFile, lstat, mkdir, open, realpath, stat } from 'node:fs/promises';
import { constants } from 'node:fs';
import path from 'node:path';
import type { Files } from '../effects.js';
import { AuthError, getSystemCode } from '../errors.js';
import { writeAtomically } from '../store/atomic-write.js';
import { findUntrustedOwner, isTrustedOwner } from '../store/file-owner.js';
import { decodeText, saveAsUtf8Hint } from '../text/file-text.js';

/** Bytes that are read of a key or token file, which is far shorter. A device file never ends. */
const maxBytes = 64 * 1024;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The machine's own files. */
export const systemFiles: Files = {
  readText: async (file, what) => {
    try {
      const text = decodeText(await readStart(file));
      if (text === undefined) throw new AuthError('file_unreadable', `${what}, ${file}, is in UTF-16.`, { hint: saveAsUtf8Hint });
      return text;
    } catch (error) {
      if (error instanceof AuthError) throw error;
      throw new AuthError('file_unreadable', `${what}, ${file}, cannot be read (${getSystemCode(error)}).`, { cause: error });
    }
  },
  readIfThere: async (file) => {
    try {
      return decodeStrictly(await readWhole(file), file);
    } catch (error) {
      if (error instanceof AuthError) throw error;
      const reason = getReason(error);
      if (reason === 'ENOENT' || reason === 'ENOTDIR') return undefined;
      throw new AuthError('file_unreadable', `${file} cannot be read (${reason}).`, { cause: error });
    }
  },
  replaceText: async (file, text, options) => {
    try {
      await replace(file, text, options);
    } catch (error) {
      throw createUnwritableError(file, error);
    }
  },
  isSame: async (one, other) => {
    const [first, second] = await Promise.all([identifyFile(one), identifyFile(other)]);
    return first === second;
  },
  writeText: async (file, text) => {
    try {
      await writeAtomically(await resolveTarget(file), text, { mode: 0o666 });
    } catch (error) {
      throw createUnwritableError(file, error);
    }
  },
};

/** A file that is not read or written although the system would allow it. Its message completes “cannot be written (…)”. */
class UnsafeFileError extends Error {}

/** The reason for a message in parentheses. */
function getReason(error: unknown): string {
  return error instanceof UnsafeFileError ? error.message : getSystemCode(error);
}

function createUnwritableError(file: string, error: unknown): AuthError {
  return new AuthError('file_unwritable', `${file} cannot be written (${getReason(error)}).`, { cause: error });
}

/** The text of a file that will be written again. What cannot be decoded would be lost then; a byte order mark stays in the text. */
function decodeStrictly(bytes: Buffer, file: string): string {
  if (decodeText(bytes) === undefined) {
    throw new AuthError('file_invalid', `${file} is in UTF-16. It was not changed.`, { hint: saveAsUtf8Hint });
  }
  try {
    return strictUtf8.decode(bytes);
  } catch (error) {
    throw new AuthError('file_invalid', `${file} is not in UTF-8. It was not changed.`, { hint: 'Save it as UTF-8.', cause: error });
  }
}

/** The first 64 KiB of a file, a device or a pipe. */
async function readStart(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const buffer = Buffer.alloc(maxBytes);
    let size = 0;
    // No position is given: a pipe, such as a shell's <(…), has none.
    for (let read = -1; read !== 0 && size < maxBytes; size += read) {
      ({ bytesRead: read } = await handle.read(buffer, size, maxBytes - size, null));
    }
    return buffer.subarray(0, size);
  } finally {
    await handle.close();
  }
}

/** A file's content. A pipe is refused: reading it would wait for its writer, wherever another user has put it. */
async function readWhole(file: string): Promise<Buffer> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK || 0));
  try {
    if ((await handle.stat()).isFIFO()) throw new UnsafeFileError('it is a pipe');
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** Identifies a file behind symbolic links; a path with no file is identified by its folder and name. */
async function identifyFile(file: string): Promise<string> {
  const stats = await stat(file, { bigint: true }).catch(() => undefined);
  // Some file systems have no inode numbers.
  if (stats !== undefined && stats.ino !== 0n) return `${stats.dev} ${stats.ino}`;
  const folder = await realpath(path.dirname(file)).catch(() => path.resolve(path.dirname(file)));
  return path.join(folder, path.basename(file));
}

/** The end of the name of the copy that is made before the first change. */
const backupSuffix = '.before-mcp-auth';

async function replace(file: string, text: string, { secret }: { secret: boolean }): Promise<void> {
  const target = await resolveTarget(file);
  const before = await stat(target).catch(() => undefined);
  // COPYFILE_EXCL: an existing copy is the oldest one, and stays.
  if (before) await copyFile(target, `${target}${backupSuffix}`, constants.COPYFILE_EXCL).catch(ignoreExisting);
  await writeAtomically(target, text, before ? { mode: before.mode & (secret ? 0o700 : 0o777), ignoreUmask: true } : {});
}

/** The path behind trusted symbolic links, in a folder that exists and has a trusted owner. */
async function resolveTarget(file: string): Promise<string> {
  const untrusted = findUntrustedOwner(file);
  // Another user's link may lead to where that user reads, or to any file of this user.
  if (untrusted !== undefined) throw createOtherUserError(untrusted);
  await mkdir(path.dirname(file), { recursive: true });
  const target = await realpath(file).catch(() => file);
  const folder = await lstat(path.dirname(target)).catch(() => undefined);
  // The owner of the folder can replace the file.
  if (folder && !isTrustedOwner(folder.uid)) throw createOtherUserError(folder.uid);
  return target;
}

function createOtherUserError(uid: number): UnsafeFileError {
  return new UnsafeFileError(`belongs to uid ${uid}`);
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
