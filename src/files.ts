import { mkdir, open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Files } from './context.js';
import { AuthError } from './errors.js';

/** Bytes: keys and tokens are far shorter, and a device file never ends. */
const largest = 64 * 1024;

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
        return buffer.toString('utf8', 0, size);
      } finally {
        await handle.close();
      }
    } catch (error) {
      const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
      throw new AuthError('file_unreadable', `${what}, ${file}, cannot be read (${code}).`, { cause: error });
    }
  },
  writeText: async (file, text) => {
    try {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
    } catch (error) {
      const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
      throw new AuthError('file_unwritable', `${file} cannot be written (${code}).`, { cause: error });
    }
  },
};
