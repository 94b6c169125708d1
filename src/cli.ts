/** From the command line to an exit code: finds the command, builds its Context, runs it, and reports errors. */
import { Command as Parser, CommanderError } from 'commander';
import { checkStoreOption } from './store/open.js';
import { commonOptions, commonOptionsHeading, type Command, type CommandListing, type CommandOption } from './commands/command.js';
import { commands } from './commands/index.js';
import type { LoginOptions } from './commands/login.js';
import type { ParsedOptions } from './commands/parsed-options.js';
import type { Context } from './context.js';
import type { Agents, Clock, Env, Refresher } from './effects.js';
import { AuthError, exitCodes, exitCodeMeanings, toAuthError } from './errors.js';
import type { DnsLookup } from './http/lookup.js';
import { createContext } from './machine/create-context.js';
import { collectSecrets, redactError } from './secrets/secrets.js';
import type { UserMessage } from './session/refresher-messages.js';
import { showUserMessage } from './session/renew-in-refresher.js';
import { createTerminal, type TerminalOptions } from './terminal/terminal.js';
import { version } from './version.js';

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

/** The options of every command, and those of single commands that the terminal reads. */
type GlobalOptions = ParsedOptions<typeof commonOptions> & Pick<LoginOptions, 'json' | 'quiet' | 'qr'>;

/** Runs one command line and resolves to its exit code. Never rejects: every failure is reported on stderr. */
export async function runCli(given: World): Promise<number> {
  const world = { ...given, env: { ...given.env, secrets: collectSecrets(given.env.variables, given.argv) } };
  try {
    let code: number = exitCodes.done;
    const parser = await createParser(world, (ended) => (code = ended));
    if (world.argv.length === 0) parser.outputHelp();
    else await parser.parseAsync(normalizeArgv(world.argv), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
    return reportFailure(error, world);
  }
}

/** `help login` becomes `login --help`. An unknown command is parsed without its options, so that it is reported as unknown. */
function normalizeArgv(argv: readonly string[]): readonly string[] {
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  const [first = ''] = words;
  return first.startsWith('-') || commands.some((listing) => isNamed(listing, [first])) ? words : [first];
}

/** @param end receives the exit code of the command. */
async function createParser(world: World, end: (code: number) => void): Promise<Parser> {
  const parser = new Parser('mcp-auth')
    .description('Log a machine without a browser in to remote MCP servers, and keep it logged in.')
    .version(version)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void world.stdout.write(text),
      writeErr: (text) => void world.stderr.write(text),
      outputError: () => undefined,
    })
    .addHelpText('after', `\nFor help on a command, run: mcp-auth COMMAND --help\n\n${formatExitCodes()}`);
  for (const listing of commands) {
    const one = parser.command(listing.name).summary(listing.summary);
    if (listing.alias !== undefined) one.alias(listing.alias);
    // Load only the command that is used: apps run mcp-auth often, and start-up time counts.
    if (isNamed(listing, world.argv)) addCommand({ parser: one, command: await listing.load(), end }, world);
  }
  return parser;
}

function formatExitCodes(): string {
  const codes = Object.entries(exitCodeMeanings).map(([name, meaning]) => `${exitCodes[name as keyof typeof exitCodes]} ${meaning}`);
  return `Exit codes: ${codes.join(', ')}.`;
}

function isNamed({ name, alias }: CommandListing, argv: readonly string[]): boolean {
  return argv.some((word) => word === name || word === alias);
}

function addCommand({ parser, command, end }: { parser: Parser; command: Command; end: (code: number) => void }, world: World): void {
  parser.description(command.description).optionsGroup(commonOptionsHeading).helpOption('-h, --help', 'show this help');
  for (const { syntax, help } of command.arguments) parser.argument(syntax, help);
  const options: readonly CommandOption[] = [...command.options, ...commonOptions];
  for (const { flags, help, group = 'Options:', parse } of options) {
    const option = parser.createOption(flags, help);
    if (parse) option.argParser(parse);
    option.helpGroup(group);
    parser.addOption(option);
  }
  // commander allows it only with a setting of the whole program, so it is set only for the command that is run.
  if (command.passesOptionsOn && parser.name() === world.argv[0]) {
    parser.parent?.enablePositionalOptions();
    parser.passThroughOptions();
  }
  parser
    .addHelpText('after', `\nExamples:\n${command.examples.map((line) => `  mcp-auth ${line}`).join('\n')}\n\n${formatExitCodes()}`)
    .action(async () => {
      end(await runCommand({ command, words: parser.args, options: parser.opts() }, world));
    });
}

async function runCommand(
  { command, words, options }: { command: Command; words: string[]; options: GlobalOptions },
  world: World,
): Promise<number> {
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
  const failure = redactError(error instanceof CommanderError ? toUsageError(error) : toAuthError(error), world.env);
  const json = world.argv.includes('--json');
  const ui = openTerminal(world, { json });
  ui.fail(failure.message, failure.hint);
  ui.event({ event: 'error', code: failure.code, message: failure.message, hint: failure.hint ?? '' });
  return failure.exitCode;
}

/** Converts commander's `error: unknown option '--x'` with `(Did you mean --y?)` on a second line. */
function toUsageError({ message }: CommanderError): AuthError {
  const [what = '', ...more] = message.replace(/^error: /, '').split('\n');
  const suggestion = more.join(' ').replace(/^\(|\)$/g, '');
  return new AuthError('usage', `${what.charAt(0).toUpperCase()}${what.slice(1)}.`, {
    hint: suggestion || 'For help, run: mcp-auth --help',
  });
}

function openTerminal(world: World, { json = false, quiet = false, qr }: GlobalOptions) {
  const { stdin, stdout, stderr, env, clock, openBrowser, runTmux, raise } = world;
  return createTerminal({ stdin, stdout, stderr, env, clock, json, quiet, qr, openBrowser, runTmux, raise });
}
