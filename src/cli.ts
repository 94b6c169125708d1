/** From the command line to an exit code: has it parsed, builds the Context of its command, runs it, and reports errors. */
import { checkStoreOption } from './store/open.js';
import type { Context } from './context.js';
import type { Agents, Clock, Env, Refresher } from './effects.js';
import { exitCodes, toAuthError } from './errors.js';
import type { DnsLookup } from './http/lookup.js';
import { parsePlainLine, type GlobalOptions, type ParsedLine } from './plain-line.js';
import { createContext } from './machine/create-context.js';
import { collectSecrets, redactError } from './secrets/secrets.js';
import type { UserMessage } from './session/refresher-messages.js';
import { showUserMessage } from './session/renew-in-refresher.js';
import { createTerminal, type TerminalOptions } from './terminal/terminal.js';

/** Everything outside the program. main.ts provides the real one; tests replace parts of it. */
export interface World {
  /** The command line without `node` and the script. */
  readonly argv: readonly string[];
  /** Undefined if there is no input. */
  readonly stdin: NodeJS.ReadStream | undefined;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Env;
  readonly clock: Clock;
  readonly openBrowser: (url: string) => Promise<boolean>;
  /** Replaces the DNS of the machine. */
  readonly lookup?: DnsLookup;
  readonly runTmux: TerminalOptions['runTmux'];
  readonly raise: TerminalOptions['raise'];
  /** Keeps the process alive in spite of signals, until the returned function is called. */
  readonly hold: () => () => void;
  readonly runProgram: (words: readonly string[], environment: NodeJS.ProcessEnv) => Promise<number>;
  /** Starts processes that renew tokens; absent to renew tokens in this process. */
  readonly refresher?: Context['refresher'];
  /** Agents to ask for logins that the store does not have. */
  readonly agents?: Agents | undefined;
  /** Messages that a refresher process has sent already. */
  readonly renewalMessages?: readonly UserMessage[];
  /** Aborted when the user interrupts; the reason is an AuthError. */
  readonly interrupt: AbortSignal;
}

/** Runs one command line and resolves to its exit code. Never rejects: every failure is reported on stderr. */
export async function runCli(given: World): Promise<number> {
  const world = { ...given, env: { ...given.env, secrets: collectSecrets(given.env.variables, given.argv) } };
  try {
    const parsed = (await parsePlainLine(world.argv)) ?? (await (await import('./options-parser.js')).parseLine(world.argv, world));
    return parsed === undefined ? exitCodes.done : await runCommand(parsed, world);
  } catch (error) {
    return reportFailure(error, world);
  }
}

async function runCommand({ command, words, options }: ParsedLine, world: World): Promise<number> {
  const { env, clock, interrupt: signal, agents, lookup, hold, runProgram } = world;
  const { store, debug = false } = options;
  if (store !== undefined) checkStoreOption(store);
  const ui = openTerminal(world, options);
  const refresher = world.refresher && withDebug(world.refresher, debug);
  const context = createContext({ env, clock, ui, signal, store, debug, refresher, agents, lookup, runProgram, hold });
  for (const message of world.renewalMessages ?? []) showUserMessage(message, ui);
  try {
    return (await command.run({ arguments: words, options }, context)) ?? exitCodes.done;
  } finally {
    for (const warning of context.store.getWarnings()) ui.warn(warning);
    ui.close();
    context.http.close();
    context.agents?.close();
    await context.store.close();
  }
}

/** Passes --debug on, so that requests of the refresher process are logged too. */
function withDebug(refresher: Refresher, debug: boolean): Refresher {
  return { start: (request, options) => refresher.start({ ...request, debug }, options) };
}

/** Prints an error and returns its exit code. The only place where errors are printed. */
export function reportFailure(error: unknown, world: World): number {
  const failure = redactError(toAuthError(error), world.env);
  const json = world.argv.includes('--json');
  const ui = openTerminal(world, { json });
  ui.fail(failure.message, failure.hint);
  ui.event({ event: 'error', code: failure.code, message: failure.message, hint: failure.hint ?? '' });
  return failure.exitCode;
}

function openTerminal(world: World, { json = false, quiet = false, qr }: GlobalOptions) {
  const { stdin, stdout, stderr, env, clock, openBrowser, runTmux, raise } = world;
  return createTerminal({ stdin, stdout, stderr, env, clock, json, quiet, qr, openBrowser, runTmux, raise });
}
