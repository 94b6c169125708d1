import { copyFile, lstat, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { constants } from 'node:fs';
import path from 'node:path';
import type { Files } from '../effects.js';
import { AuthError } from '../errors.js';
import { saveAsUtf8Hint, decodeText } from '../text/file-text.js';
import { isTrustedOwner, findUntrustedOwner } from '../store/file-owner.js';

/** Bytes: keys and tokens are far shorter, and a device file never ends. */
const largest = 64 * 1024;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The machine's own files. */
export const systemFiles: Files = {
  readText: async (file, what) => {
    try {
      const handle = await open(file);
      try {
        const buffer = Buffer.alloc(largest);
        let size = 0;
        // No position is named: a pipe, as of a shell's <(…), has none.
        for (let read = -1; read !== 0 && size < largest; size += read) {
          ({ bytesRead: read } = await handle.read(buffer, size, largest - size, null));
        }
        const text = decodeText(buffer.subarray(0, size));
        if (text === undefined) throw new AuthError('file_unreadable', `${what}, ${file}, is in UTF-16.`, { hint: saveAsUtf8Hint });
        return text;
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (error instanceof AuthError) throw error;
      const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
      throw new AuthError('file_unreadable', `${what}, ${file}, cannot be read (${code}).`, { cause: error });
    }
  },
  readIfThere: async (file) => {
    try {
      const bytes = await readWhole(file);
      if (decodeText(bytes) === undefined) {
        throw new AuthError('file_invalid', `${file} is in UTF-16. It was left as it is.`, { hint: saveAsUtf8Hint });
      }
      // What cannot be decoded would be lost when the file is written again; a mark at its beginning stays there.
      return strictUtf8.decode(bytes);
    } catch (error) {
      if (error instanceof AuthError) throw error;
      if (error instanceof TypeError) {
        throw new AuthError('file_invalid', `${file} is not in UTF-8. It was left as it is.`, { hint: 'Save it as UTF-8.', cause: error });
      }
      const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw new AuthError('file_unreadable', `${file} cannot be read (${code}).`, { cause: error });
    }
  },
  replaceText: async (file, text, options) => {
    try {
      await replace(file, text, options);
    } catch (error) {
      const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
      throw new AuthError('file_unwritable', `${file} cannot be written (${code}).`, { cause: error });
    }
  },
  isSame: async (one, other) => {
    const [first, second] = await Promise.all([identityOf(one), identityOf(other)]);
    return first === second;
  },
  writeText: async (file, text) => {
    try {
      const target = await targetOf(file);
      await put(target, text, { mode: 0o666 });
    } catch (error) {
      const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
      throw new AuthError('file_unwritable', `${file} cannot be written (${code}).`, { cause: error });
    }
  },
};

/** The file itself, whatever links lead to it; where there is none, its place. */
async function identityOf(file: string): Promise<string> {
  const stats = await stat(file, { bigint: true }).catch(() => undefined);
  // Where a file system numbers no files, its name is all there is.
  if (stats !== undefined && stats.ino !== 0n) return `${stats.dev} ${stats.ino}`;
  const folder = await realpath(path.dirname(file)).catch(() => path.resolve(path.dirname(file)));
  return path.join(folder, path.basename(file));
}

/** What is added to the name of the copy that is made before the first change. */
const backup = '.before-mcp-auth';

async function replace(file: string, text: string, { secret }: { secret: boolean }): Promise<void> {
  const target = await targetOf(file);
  const before = await stat(target).catch(() => undefined);
  // wx: a copy that is there stays the oldest one.
  if (before) await copyFile(target, `${target}${backup}`, constants.COPYFILE_EXCL).catch(ignoreExisting);
  await put(target, text, before ? { mode: before.mode & (secret ? 0o700 : 0o777), isExact: true } : { mode: 0o600 });
}

/** The file that is to be written, behind links of ours, in a folder that is there. */
async function targetOf(file: string): Promise<string> {
  checkLinks(file);
  await mkdir(path.dirname(file), { recursive: true });
  const target = await realpath(file).catch(() => file);
  await checkOwner(path.dirname(target));
  return target;
}

/** At once, in the place of what is there. @param isExact whether the umask takes nothing from the mode. */
async function put(target: string, text: string, { mode, isExact = false }: { mode: number; isExact?: boolean }): Promise<void> {
  const temporary = `${target}.${crypto.randomUUID()}`;
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      // By the file that is open: its name may lead elsewhere, in a folder that others can write.
      if (isExact) await handle.chmod(mode);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** What a file holds. A pipe is none: it would be waited for, in whatever folder another user has put it. */
async function readWhole(file: string): Promise<Buffer> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK || 0));
  try {
    if ((await handle.stat()).isFIFO()) throw Object.assign(new Error(), { code: 'it is a pipe' });
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** A link of another user may lead to where they read what is written, or to any file of ours. */
function checkLinks(file: string): void {
  const stranger = findUntrustedOwner(file);
  if (stranger !== undefined) throw belongsTo(stranger);
}

/** In a folder of another user, they can put something else in its place. */
async function checkOwner(folder: string): Promise<void> {
  const stats = await lstat(folder).catch(() => undefined);
  if (stats && !isTrustedOwner(stats.uid)) throw belongsTo(stats.uid);
}

function belongsTo(uid: number): Error {
  return Object.assign(new Error(), { code: `belongs to uid ${uid}` });
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
