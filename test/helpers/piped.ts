/** A process with pipes, and its output. */
import type { ChildProcess } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { completeMatch } from './complete.js';

/** What is needed of a child process, which may run on another machine. */
export interface PipedChild extends EventEmitter {
  readonly stdin?: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
}

export interface Piped<Child extends PipedChild = ChildProcess> {
  readonly child: Child;
  readonly output: { stdout: string; stderr: string };
  /** Resolves to the exit code. */
  readonly exit: Promise<number | null>;
  /** Resolves to the first match on stderr. Rejects if the process ends without it. */
  shown(pattern: RegExp): Promise<string>;
}

export function piped<Child extends PipedChild>(child: Child): Piped<Child> {
  const output = { stdout: '', stderr: '' };
  let waiting: (() => void)[] = [];
  for (const name of ['stdout', 'stderr'] as const) {
    // A chunk may end in the middle of a character.
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk;
      for (const wake of waiting.splice(0)) wake();
    });
  }
  let isOver = false;
  const exit = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      isOver = true;
      resolve(code);
      for (const wake of waiting.splice(0)) wake();
    });
  });
  const shown = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const match = completeMatch(pattern, output.stderr, isOver ? undefined : output.stderr.length);
      if (match) return match[1] ?? match[0];
      if (isOver) throw new Error(`ended before ${pattern}:\n${output.stderr}`);
      await new Promise<void>((resolve) => (waiting = [...waiting, resolve]));
    }
  };
  return { child, output, exit, shown };
}
