import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import os from 'node:os';
import type { Refresher } from '../effects.js';
import { AuthError } from '../errors.js';
import { refresherCommand, stopMessage } from './refresher-command.js';

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

/** Milliseconds for which a process may say nothing after it was started, as one that waits for a debugger. */
const startPatience = 20_000;

/** @param program the words that start this program. */
export function createRefresher([node = '', ...script]: readonly string[], patience = startPatience): Refresher {
  const program = [node, ...process.execArgv.filter((word) => trustOption.test(word)), ...script, refresherCommand];
  return { start: (request, options) => startAside({ program, request, patience }, options) };
}

/** What Node was told of certificates and of networks holds for the other process, too; its debugger and its script do not. */
const trustOption = /^--(use-(system|openssl|bundled)-ca$|tls-|openssl-|dns-result-order=|max-http-header-size=)/;

/**
 * The first namespace of processes of a Linux system. In any other one, as in a container, all processes may end with the one
 * that somebody waits for.
 */
const firstNamespace = 'pid:[4026531836]';

function mayTakeOthersAlong(): boolean {
  try {
    return readlinkSync('/proc/self/ns/pid') !== firstNamespace;
  } catch {
    return false;
  }
}

/**
 * Starts this very program again, in a session of its own: neither a terminal that is closed nor a signal to the caller's group
 * reaches it, and it holds none of the caller's pipes open. What is said goes over a channel of their own, and may end early.
 */
async function startAside(
  { program: [command = '', ...words], request, patience }: { program: readonly string[]; request: object; patience: number },
  { take, signal }: Parameters<Refresher['start']>[1],
): Promise<void> {
  signal.throwIfAborted();
  const { spawn } = await import('node:child_process');
  // In an app that is made with Electron, the program that runs is no Node without it.
  const env = process.versions['electron'] === undefined ? process.env : { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  const start = () => spawn(command, words, { detached: true, windowsHide: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], env });
  let child: ReturnType<typeof start>;
  try {
    child = start();
  } catch {
    // A system that starts no process says so in this way, or by an event.
    return;
  }
  await new Promise<void>((resolve, reject) => {
    // It goes on by itself, and this process does not wait for its end.
    const leave = () => {
      clearTimeout(silence);
      signal.removeEventListener('abort', interrupted);
      if (child.connected) child.disconnect();
      child.unref();
    };
    const interrupted = () => {
      // It begins nothing more, and ends when what is on its way has been stored.
      if (child.connected) child.send(stopMessage, () => undefined);
      if (!mayTakeOthersAlong()) done();
    };
    const done = () => {
      leave();
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    const silence = setTimeout(done, patience);
    signal.addEventListener('abort', interrupted);
    child.on('message', (message) => {
      clearTimeout(silence);
      if (take(message)) done();
    });
    child.on('error', done);
    child.on('close', done);
    // That one has ended already is heard of by `close`. Where there are no more files to open, there is no channel.
    if (child.channel) child.send(request, () => undefined);
  });
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
export function raiseSignal(signal: 'SIGINT' | 'SIGTSTP'): void {
  if (process.platform !== 'win32') process.kill(0, signal);
  else if (signal === 'SIGINT') process.emit('SIGINT');
}
