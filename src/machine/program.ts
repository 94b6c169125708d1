/** The machine's own processes: other programs, and this program as the process that renews tokens. */
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import os from 'node:os';
import type { Readable } from 'node:stream';
import type { BackgroundProgram, Refresher, StartedProgram, StartOptions } from '../effects.js';
import { AuthError, getSystemCode } from '../errors.js';
import { findWorkingFolder } from '../folders.js';
import { isFile, prepareStart } from './program-start.js';
import { refresherCommand, stopMessage } from './refresher-command.js';

/** Starts a program, which is looked for in the PATH of its environment. Throws `program_failed` if it is not found. */
async function spawnProgram(words: readonly string[], { env = process.env, ...options }: SpawnOptions): Promise<ChildProcess> {
  const { spawn } = await import('node:child_process');
  const place = { platform: process.platform, variables: env, folder: findWorkingFolder(), isFile };
  const start = prepareStart(words, place);
  return spawn(start.file, start.words, { ...options, env, windowsVerbatimArguments: start.windowsVerbatimArguments });
}

/** Runs a program with this process's streams and terminal; signals are passed on. Resolves to its exit code. Throws `program_failed`. */
export async function runProgram(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const child = await spawnProgram(words, { stdio: 'inherit', env: environment });
  // A terminal sends SIGINT to both processes. Other signals reach only this one.
  const passOn = (signal: NodeJS.Signals) => void child.kill(signal);
  const signals = ['SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, passOn);
  try {
    const [code, signal] = (await once(child, 'close')) as ExitEvent;
    return toExitCode(code, signal);
  } catch (error) {
    throw createStartError(words, error);
  } finally {
    for (const signal of signals) process.off(signal, passOn);
  }
}

/** The most characters of a program's stderr that are kept. */
const maxKeptCharacters = 4000;

/** Starts a program in a session of its own, which goes on when this process ends. */
export async function startInBackground(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<BackgroundProgram> {
  let said = '';
  let failure: string | undefined;
  const child = await spawnProgram(words, {
    detached: true,
    windowsHide: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment,
  });
  child.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-maxKeptCharacters)));
  child.on('error', (error) => (failure = getSystemCode(error)));
  child.on('close', (code) => (failure ??= said.trim() || `exit code ${code}`));
  // This process does not wait for it.
  child.unref();
  (child.stderr as (Readable & { unref(): void }) | null)?.unref();
  return { getFailure: () => failure };
}

type ExitEvent = [code: number | null, signal: NodeJS.Signals | null];

function toExitCode(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : os.constants.signals[signal]);
}

function createStartError([command = '']: readonly string[], cause: unknown): AuthError {
  return new AuthError('program_failed', `${JSON.stringify(command)} cannot be run (${getSystemCode(cause)}).`, { cause });
}

/** Characters of each stream of a started program that are kept. */
const maxKeptOutput = 2 ** 20;

/** Starts a program whose stdin and stdout are pipes to this process. Throws `program_failed`. */
export async function startProgram(
  words: readonly string[],
  { showsErrors, take, environment }: StartOptions & { readonly environment?: NodeJS.ProcessEnv },
): Promise<StartedProgram> {
  const child = await spawnProgram(words, {
    stdio: ['pipe', 'pipe', showsErrors ? 'inherit' : 'pipe'],
    env: environment,
    windowsHide: true,
  });
  const stdout = keepOutput(child.stdout, take);
  const stderr = keepOutput(child.stderr);
  child.stdin?.on('error', () => undefined);
  const ended = new Promise<Awaited<StartedProgram['ended']>>((resolve) => {
    child.on('close', (...[code, signal]: ExitEvent) => {
      resolve({ exitCode: toExitCode(code, signal), stdout: stdout(), stderr: stderr() });
    });
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw createStartError(words, error);
  }
  return {
    ended,
    write: (text) => void child.stdin?.write(text),
    endInput: () => void child.stdin?.end(),
    stop: () => void child.kill(),
  };
}

/** Collects the start of a stream, and hands over all of it. */
function keepOutput(stream: Readable | null, take?: (text: string) => void): () => string {
  let text = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    if (text.length < maxKeptOutput) text += chunk;
    take?.(chunk);
  });
  return () => text;
}

/** Milliseconds to wait for the first message of the other process: it may be stopped, for example by a debugger. */
const defaultStartTimeout = 20_000;

/**
 * Renews tokens in processes of their own.
 *
 * @param program the command line that starts this program.
 */
export function createRefresher([node = '', ...script]: readonly string[], startTimeout = defaultStartTimeout): Refresher {
  const program = [node, ...process.execArgv.filter((word) => passedOption.test(word)), ...script, refresherCommand];
  return { start: (request, options) => startDetached({ program, request, startTimeout }, options) };
}

/** Options of Node.js about certificates and networks are passed on to the other process, but not those of a debugger or a script. */
const passedOption = /^--(use-(system|openssl|bundled)-ca$|tls-|openssl-|dns-result-order=|max-http-header-size=)/;

/**
 * The initial PID namespace of Linux. In any other one, such as a container's, the end of the first process kills all others.
 */
const initialPidNamespace = 'pid:[4026531836]';

function mayEndOtherProcesses(): boolean {
  try {
    return readlinkSync('/proc/self/ns/pid') !== initialPidNamespace;
  } catch {
    return false;
  }
}

/**
 * Starts this program again in its own session: a closed terminal or a signal to the caller's process group does not reach
 * it, and it keeps none of the caller's pipes open. The two processes exchange messages over an IPC channel, which may close early.
 */
async function startDetached(
  { program: [command = '', ...words], request, startTimeout }: { program: readonly string[]; request: object; startTimeout: number },
  { take, signal }: Parameters<Refresher['start']>[1],
): Promise<void> {
  signal.throwIfAborted();
  const { spawn } = await import('node:child_process');
  // In an Electron app, execPath is Electron, which behaves as Node.js only with this variable.
  const env = process.versions['electron'] === undefined ? process.env : { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  const start = () => spawn(command, words, { detached: true, windowsHide: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], env });
  let child: ReturnType<typeof start>;
  try {
    child = start();
  } catch {
    // The system cannot start a process. It may also report that by an event.
    return;
  }
  await new Promise<void>((resolve, reject) => {
    // The other process continues by itself: this one does not wait for its end.
    const detach = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      if (child.connected) child.disconnect();
      child.unref();
    };
    const stop = () => {
      // It starts no more renewals, and ends when the responses that are on their way are stored.
      if (child.connected) child.send(stopMessage, () => undefined);
      if (!mayEndOtherProcesses()) done();
    };
    const done = () => {
      detach();
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    const timer = setTimeout(done, startTimeout);
    signal.addEventListener('abort', stop);
    child.on('message', (message) => {
      clearTimeout(timer);
      if (take(message)) done();
    });
    child.on('error', done);
    child.on('close', done);
    // If it has ended already, `close` follows. There is no channel if this process cannot open more files.
    if (child.channel) child.send(request, () => undefined);
  });
}

/** Runs tmux with `input` on its stdin. Resolves to its output; undefined if tmux cannot be run or fails. */
export async function runTmux(words: readonly string[], input: string): Promise<string | undefined> {
  try {
    const tmux = await startProgram(['tmux', ...words], { showsErrors: false });
    tmux.write(input);
    tmux.endInput();
    const { exitCode, stdout } = await tmux.ended;
    return exitCode === 0 ? stdout : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Does what a terminal does on ^C and ^Z: sends a signal to all processes of this job. Returns when the job is continued.
 */
export function raiseSignal(signal: 'SIGINT' | 'SIGTSTP'): void {
  if (process.platform !== 'win32') process.kill(0, signal);
  else if (signal === 'SIGINT') process.emit('SIGINT');
}
