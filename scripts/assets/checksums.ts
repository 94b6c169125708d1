/** The checksums of the files on a release page. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Format } from './page.js';
import { notesFile } from './notes.js';

const sumsFile = 'SHA256SUMS';

/** The SHA-256 of a file. */
export function hashFile(file: string): Buffer {
  return createHash('sha256').update(readFileSync(file)).digest();
}

/**
 * The format of `sha256sum`, for `sha256sum --check`. The workflow attaches the files that are listed here, and the list. The
 * notes are the text of the page, not a file on it.
 */
export const checksums: Format = {
  name: 'checksums',
  make: ({ folder }) => {
    const files = readdirSync(folder).filter((name) => name !== sumsFile && name !== notesFile);
    const lines = files.sort().map((name) => `${hashFile(path.join(folder, name)).toString('hex')}  ${name}\n`);
    writeFileSync(path.join(folder, sumsFile), lines.join(''));
    return [sumsFile];
  },
};
