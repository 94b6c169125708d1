/** Reads and writes recordings: docs/NAME.cast, and docs/NAME.svg, which is made from it. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { formatCast, parseCast, type Cast } from './cast.js';
import { removeVolatileText } from './record.js';
import { readLines, renderSvg } from './svg.js';

const docs = path.resolve(import.meta.dirname, '../../docs');

export function findFiles(name: string): { readonly cast: string; readonly svg: string } {
  return { cast: path.join(docs, `${name}.cast`), svg: path.join(docs, `${name}.svg`) };
}

/**
 * Saves a recording. With `check`, compares it with the saved one instead.
 *
 * @throws Error with the first line that differs and the command to run.
 */
export async function saveRecording(name: string, cast: Cast, { check }: { check: boolean }): Promise<void> {
  const files = findFiles(name);
  if (!check) {
    writeFileSync(files.cast, formatCast(cast));
    writeFileSync(files.svg, await renderSvg(cast));
    return;
  }
  const now = removeVolatileText(await readLines(cast));
  const kept = removeVolatileText(await readLines(parseCast(readFileSync(files.cast, 'utf8'))));
  const different = [...now, ...kept].find((_, index) => now[index] !== kept[index]);
  if (different === undefined) return;
  const at = now.findIndex((line, index) => line !== kept[index]);
  throw new Error(`docs/${name}.cast shows “${kept[at] ?? ''}”, but the program prints “${now[at] ?? ''}”. Run: npm run demo -- --record`);
}
