/** Runs npm for the other scripts. */
import { execFileSync, type ExecFileSyncOptions } from 'node:child_process';

/** Runs the npm that runs this script, or the one in PATH. On Windows, `npm` cannot be started without a shell. */
export function npm(words: readonly string[], options: ExecFileSyncOptions): void {
  const script = process.env['npm_execpath'];
  const [program = 'npm', ...before] = script === undefined ? [] : [process.execPath, script];
  execFileSync(program, [...before, ...words], options);
}
