/** Runs npm for the other scripts. */
import { execFileSync, type ExecFileSyncOptions } from 'node:child_process';

/**
 * Runs the npm that runs this script, or the one in PATH. On Windows, `npm` cannot be started without a shell.
 *
 * @returns what it printed on stdout, if that is a pipe.
 */
export function npm(words: readonly string[], options: ExecFileSyncOptions): string {
  const script = process.env['npm_execpath'];
  const [program = 'npm', ...before] = script === undefined ? [] : [process.execPath, script];
  return String(execFileSync(program, [...before, ...words], options));
}
