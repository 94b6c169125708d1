/** Reads and writes docs/demo.cast, and docs/demo.svg, which is made from it. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { formatCast, parseCast, type Cast } from './cast.js';
import { removeVolatileText } from './record.js';
import { readLines, renderSvg } from './svg.js';

const docs = path.resolve(import.meta.dirname, '../../docs');
export const castFile = path.join(docs, 'demo.cast');
export const svgFile = path.join(docs, 'demo.svg');

/**
 * Saves a recording. With `check`, compares it with the saved one instead.
 *
 * @throws Error with the first line that differs and the command to run.
 */
export async function saveRecording(cast: Cast, { check }: { check: boolean }): Promise<void> {
  if (!check) {
    writeFileSync(castFile, formatCast(cast));
    writeFileSync(svgFile, await renderSvg(cast));
    return;
  }
  const now = removeVolatileText(await readLines(cast));
  const kept = removeVolatileText(await readLines(parseCast(readFileSync(castFile, 'utf8'))));
  const different = [...now, ...kept].find((_, index) => now[index] !== kept[index]);
  if (different === undefined) return;
  const at = now.findIndex((line, index) => line !== kept[index]);
  throw new Error(`docs/demo.cast shows “${kept[at] ?? ''}”, but the program prints “${now[at] ?? ''}”. Run: npm run demo -- --record`);
}
