/** The whole program in the real world, and the only process.exit. */
import { existsSync, fstatSync } from 'node:fs';
import { runCli, reportFailure, type World } from './cli.js';
import { systemClock } from './machine/clock.js';
import { AuthError, exitCodes, createInterruptedError } from './errors.js';
import { findWorkingFolder } from './folders.js';
import { raiseSignal, createRefresher, runProgram, runTmux } from './machine/program.js';
import { createReplayingRefresher, getProgramWords, type RefresherReport } from './fast-path/quick-renewal.js';
import { openBrowser } from './terminal/open-browser.js';

const interrupt = new AbortController();
/** How many pieces of work must not be broken off now. */
let holding = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Whoever asks twice does not want to wait for an orderly end.
    if (interrupt.signal.aborted && holding === 0) process.exit(exitCodes.interrupted);
    interrupt.abort(createInterruptedError());
  });
}

const program = getProgramWords();

const world: World = {
  argv: process.argv.slice(2),
  stdin: canBeRead() ? process.stdin : undefined,
  stdout: process.stdout,
  stderr: process.stderr,
  env: {
    variables: process.env,
    platform: process.platform,
    folder: findWorkingFolder(),
    program,
    exists: existsSync,
  },
  clock: systemClock,
  openBrowser,
  runProgram,
  runTmux,
  raise: raiseSignal,
  hold: () => {
    holding += 1;
    return () => void (holding -= 1);
  },
  interrupt: interrupt.signal,
};

// What nobody waited for and nobody caught is a bug of ours, told like every other error.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error) => process.exit(reportFailure(error, world)));
}

let unwritten: NodeJS.ErrnoException | undefined;
process.stderr.on('error', () => undefined);
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has gone, as in `mcp-auth list | head -1`, is no reason to fail. A full disk is.
  if (error.code !== 'EPIPE') unwritten = error;
});

/** Runs the command line to the end of the process, after what has been heard of a process that renews. */
export async function run({ messages: said, isInterrupted }: RefresherReport): Promise<never> {
  if (isInterrupted) return process.exit(reportFailure(createInterruptedError(), world));
  const sentences = said.filter((one) => one.is === 'said');
  const exitCode = await runCli({
    ...world,
    renewalMessages: sentences,
    refresher: createReplayingRefresher(said, createRefresher(program)),
  });
  await drained(process.stdout);
  await drained(process.stderr);
  process.exit(unwritten === undefined ? exitCode : reportFailure(notWritten(unwritten), world));
}

/** Waits until everything that was written has gone: a pipe takes 64 KiB at once, and process.exit drops the rest. */
async function drained(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => stream.write('', () => resolve()));
}

function notWritten(cause: NodeJS.ErrnoException): AuthError {
  return new AuthError('output_failed', `What was asked for could not be written to stdout (${cause.code ?? cause.name}).`, { cause });
}

/** False for a stdin that is closed or /dev/null: nobody will ever write there. A pipe that is empty is another thing. */
function canBeRead(): boolean {
  try {
    return process.stdin.isTTY || !fstatSync(0).isCharacterDevice();
  } catch {
    return false;
  }
}
