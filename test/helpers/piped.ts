/** A process with pipes, and what it has said. */
import type { ChildProcess } from 'node:child_process';
import { completeMatch } from './complete.js';

export interface Piped {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  /** Resolves to the exit code. */
  readonly exit: Promise<number | null>;
  /** The first match on stderr, now or later. Rejects when the process ends without it. */
  shown(pattern: RegExp): Promise<string>;
}

export function piped(child: ChildProcess): Piped {
  const output = { stdout: '', stderr: '' };
  let wake: (() => void) | undefined;
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk: Buffer) => {
      output[name] += chunk.toString();
      wake?.();
    });
  }
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
  const shown = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const match = completeMatch(pattern, output.stderr);
      if (match) return match[1] ?? match[0];
      const ended = await Promise.race([exit.then(() => true), new Promise<boolean>((resolve) => (wake = () => resolve(false)))]);
      if (ended && !completeMatch(pattern, output.stderr)) throw new Error(`ended before ${pattern}:\n${output.stderr}`);
    }
  };
  return { child, output, exit, shown };
}
