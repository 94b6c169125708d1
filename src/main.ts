/** Runs the CLI with the real streams, signals and clock. Apart from refresher.ts, the only file that ends the process. */
import { existsSync, fstatSync } from 'node:fs';
import { runCli, reportFailure, type World } from './cli.js';
import { createAgentRefresher } from './machine/agent-refresher.js';
import { createAgents } from './machine/agents.js';
import { systemClock } from './machine/clock.js';
import { AuthError, exitCodes, createInterruptedError } from './errors.js';
import { findWorkingFolder } from './folders.js';
import { raiseSignal, createRefresher, runProgram, runTmux } from './machine/program.js';
import { createReplayingRefresher, getProgramWords, type RefresherReport } from './fast-path/quick-renewal.js';
import { openBrowser } from './terminal/open-browser.js';

const interrupt = new AbortController();
/** How many tasks are running that must not be interrupted. */
let holding = 0;
// SIGBREAK is Ctrl+Break of Windows.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const) {
  process.on(signal, () => {
    // A second signal ends the process at once.
    if (interrupt.signal.aborted && holding === 0) process.exit(exitCodes.interrupted);
    interrupt.abort(createInterruptedError());
  });
}

const program = getProgramWords();

const world: World = {
  argv: process.argv.slice(2),
  stdin: isStdinReadable() ? process.stdin : undefined,
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
  agents: createAgents({ variables: process.env, platform: process.platform }),
  hold: () => {
    holding += 1;
    return () => void (holding -= 1);
  },
  interrupt: interrupt.signal,
};

// An uncaught error is a bug in mcp-auth, reported like every other error.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error) => process.exit(reportFailure(error, world)));
}

let unwritten: NodeJS.ErrnoException | undefined;
process.stderr.on('error', () => undefined);
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A closed reader, as in `mcp-auth list | head -1`, is not an error. A full disk is.
  if (error.code !== 'EPIPE') unwritten = error;
});

/** Runs the command line and ends the process. `messages` are those that the refresher process has sent so far. */
export async function run({ messages, isInterrupted }: RefresherReport): Promise<never> {
  if (isInterrupted) return process.exit(reportFailure(createInterruptedError(), world));
  const userMessages = messages.filter((one) => one.is === 'said');
  const exitCode = await runCli({
    ...world,
    renewalMessages: userMessages,
    refresher: createReplayingRefresher(messages, createAgentRefresher(world.agents, createRefresher(program))),
  });
  await waitUntilWritten(process.stdout);
  await waitUntilWritten(process.stderr);
  process.exit(unwritten === undefined ? exitCode : reportFailure(createOutputError(unwritten), world));
}

/** Waits until a stream is flushed: a pipe takes 64 KiB at once, and process.exit drops the rest. */
async function waitUntilWritten(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => stream.write('', () => resolve()));
}

function createOutputError(cause: NodeJS.ErrnoException): AuthError {
  return new AuthError('output_failed', `Could not write to stdout (${cause.code ?? cause.name}).`, { cause });
}

/** False if stdin is closed or /dev/null, where no input can ever come from, unlike from an empty pipe. */
function isStdinReadable(): boolean {
  try {
    return process.stdin.isTTY || !fstatSync(0).isCharacterDevice();
  } catch {
    return false;
  }
}
