import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** The built command, as `npm run build` makes it. */
export const command = path.join(root, 'dist/bin.js');

/** Builds once before all tests. */
export default function build(): void {
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', path.join(root, 'scripts/tsconfig.build.json')], { stdio: 'inherit' });
}
