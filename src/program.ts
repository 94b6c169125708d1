import { once } from 'node:events';
import os from 'node:os';
import { AuthError } from './errors.js';

/** Runs a program in this one's place: its streams, its terminal, the signals that come. Resolves to its exit code. */
export async function runProgram([command = '', ...words]: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const { spawn } = await import('node:child_process');
  const child = spawn(command, words, { stdio: 'inherit', env: environment });
  // A terminal sends SIGINT to both; what is sent to this process alone is passed on.
  const pass = (signal: NodeJS.Signals) => void child.kill(signal);
  const passed = ['SIGTERM', 'SIGHUP'] as const;
  for (const signal of passed) process.on(signal, pass);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + (signal === null ? 0 : os.constants.signals[signal]);
  } catch (error) {
    throw new AuthError(
      'program_failed',
      `${JSON.stringify(command)} cannot be run (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}).`,
      { cause: error },
    );
  } finally {
    for (const signal of passed) process.off(signal, pass);
  }
}

/** Runs tmux with `input` on its stdin. Resolves to what it printed; undefined when it cannot be run, or fails. */
export async function runTmux(words: readonly string[], input: string): Promise<string | undefined> {
  const { spawn } = await import('node:child_process');
  const child = spawn('tmux', words, { stdio: ['pipe', 'pipe', 'ignore'] });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return code === 0 ? printed : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Does what a terminal does on ^C and ^Z: signals all processes of the job that this one is part of. Returns when the job
 * has been continued.
 */
export function raise(signal: 'SIGINT' | 'SIGTSTP'): void {
  if (process.platform !== 'win32') process.kill(0, signal);
  else if (signal === 'SIGINT') process.emit('SIGINT');
}
