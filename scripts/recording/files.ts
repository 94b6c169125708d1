/** docs/demo.cast, and docs/demo.svg that is made of it. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { formatCast, parseCast, type Cast } from './cast.js';
import { lasting } from './record.js';
import { linesOf, svgOf } from './svg.js';

const docs = path.resolve(import.meta.dirname, '../../docs');
export const castFile = path.join(docs, 'demo.cast');
export const svgFile = path.join(docs, 'demo.svg');

/**
 * Keeps a recording, or, to `check`, sees whether the one that is kept shows the same.
 *
 * @throws Error with the first line that is different, and what to run.
 */
export async function recorded(cast: Cast, { check }: { check: boolean }): Promise<void> {
  if (!check) {
    writeFileSync(castFile, formatCast(cast));
    writeFileSync(svgFile, await svgOf(cast));
    return;
  }
  const now = lasting(await linesOf(cast));
  const kept = lasting(await linesOf(parseCast(readFileSync(castFile, 'utf8'))));
  const different = [...now, ...kept].find((_, index) => now[index] !== kept[index]);
  if (different === undefined) return;
  const at = now.findIndex((line, index) => line !== kept[index]);
  throw new Error(`docs/demo.cast shows “${kept[at] ?? ''}”, and the program “${now[at] ?? ''}”. Run: npm run demo -- --record`);
}
