/** From the command line to an exit code: finds the command, builds its Context, and tells what went wrong. */
import { Command as Parser, CommanderError } from 'commander';
import { commonOptions, commonOptionsHeading, type Command, type CommandListing, type CommandOption } from './commands/command.js';
import { commands } from './commands/index.js';
import type { LoginOptions } from './commands/login.js';
import type { ParsedOptions } from './commands/parsed-options.js';
import type { Context } from './context.js';
import type { Clock, Env, Refresher } from './effects.js';
import { AuthError, exitCodes, exitCodeMeanings, toAuthError } from './errors.js';
import { systemClock } from './machine/clock.js';
import { systemFiles } from './machine/files.js';
import type { DnsLookup } from './http/lookup.js';
import { createHttp } from './http/http.js';
import { Trace } from './http/trace.js';
import { collectSecrets, redactError } from './secrets/secrets.js';
import type { UserMessage } from './session/refresher-messages.js';
import { showUserMessage } from './session/renew-in-refresher.js';
import { getPreferencesPath, getStorePath } from './store/path.js';
import { openPreferences } from './store/preferences.js';
import { openStore } from './store/store.js';
import { createTerminal, type TerminalOptions } from './terminal/terminal.js';
import { version } from './version.js';

/** What lies outside the program. `bin.ts` gives the real one; a test replaces any of it. */
export interface World {
  /** The command line without `node` and the script. */
  readonly argv: readonly string[];
  /** Undefined when there is nothing to read from. */
  readonly stdin: NodeJS.ReadStream | undefined;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Env;
  readonly clock: Clock;
  readonly openBrowser: (url: string) => Promise<boolean>;
  /** The name service, where it is not the machine's own. */
  readonly lookup?: DnsLookup;
  readonly runTmux: TerminalOptions['runTmux'];
  readonly raise: TerminalOptions['raise'];
  /** Keeps the process alive whatever signal comes, until what it returns is called. */
  readonly hold: () => () => void;
  readonly runProgram: (words: readonly string[], environment: NodeJS.ProcessEnv) => Promise<number>;
  /** What renews tokens in processes of their own; absent where that is to be done in this one. */
  readonly refresher?: Context['refresher'];
  /** What a process that renews has said already. */
  readonly renewalMessages?: readonly UserMessage[];
  /** Aborted, with an AuthError as its reason, when the person interrupts. */
  readonly interrupt: AbortSignal;
}

/** The options of every command, and those of single commands that the terminal reads. */
type GlobalOptions = ParsedOptions<typeof commonOptions> & Pick<LoginOptions, 'json' | 'quiet' | 'qr'>;

/** Runs one command line to its end. Never rejects: every failure is told on stderr and becomes an exit code. */
export async function runCli(given: World): Promise<number> {
  const world = { ...given, env: { ...given.env, secrets: collectSecrets(given.env.variables, given.argv) } };
  try {
    let code: number = exitCodes.done;
    const parser = await parserFor(world, (ended) => (code = ended));
    if (world.argv.length === 0) parser.outputHelp();
    else await parser.parseAsync(wordsToParse(world.argv), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
    return reportFailure(error, world);
  }
}

/** `help login` is `login --help`. Of what is no command only its name is read, so that it is told and not helped with. */
function wordsToParse(argv: readonly string[]): readonly string[] {
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  const [first = ''] = words;
  return first.startsWith('-') || commands.some((listing) => isNamed(listing, [first])) ? words : [first];
}

/** @param end is told the exit code of the command. */
async function parserFor(world: World, end: (code: number) => void): Promise<Parser> {
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
    .addHelpText('after', `\nFor one command: mcp-auth COMMAND --help\n\n${exitCodesInWords()}`);
  for (const listing of commands) {
    const one = parser.command(listing.name).summary(listing.summary);
    if (listing.alias !== undefined) one.alias(listing.alias);
    // Only the command that is used is loaded: start-up is paid at every call of every app.
    if (isNamed(listing, world.argv)) describe({ parser: one, command: await listing.load(), end }, world);
  }
  return parser;
}

function exitCodesInWords(): string {
  const codes = Object.entries(exitCodeMeanings).map(([name, meaning]) => `${exitCodes[name as keyof typeof exitCodes]} ${meaning}`);
  return `Exit codes: ${codes.join(', ')}.`;
}

function isNamed({ name, alias }: CommandListing, argv: readonly string[]): boolean {
  return argv.some((word) => word === name || word === alias);
}

function describe({ parser, command, end }: { parser: Parser; command: Command; end: (code: number) => void }, world: World): void {
  parser.description(command.description).optionsGroup(commonOptionsHeading).helpOption('-h, --help', 'show this help');
  for (const { syntax, help } of command.arguments) parser.argument(syntax, help);
  const options: readonly CommandOption[] = [...command.options, ...commonOptions];
  for (const { flags, help, group = 'Options:', parse } of options) {
    const option = parser.createOption(flags, help);
    if (parse) option.argParser(parse);
    option.helpGroup(group);
    parser.addOption(option);
  }
  parser
    .addHelpText('after', `\nExamples:\n${command.examples.map((line) => `  mcp-auth ${line}`).join('\n')}\n\n${exitCodesInWords()}`)
    .action(async () => {
      end(await runCommand({ command, words: parser.args, options: parser.opts() }, world));
    });
}

async function runCommand(
  { command, words, options }: { command: Command; words: string[]; options: GlobalOptions },
  world: World,
): Promise<number> {
  const { env, clock, interrupt } = world;
  const ui = terminalOf(world, options);
  const trace = options.debug ? new Trace((line) => ui.remark(line), env.secrets) : undefined;
  const http = createHttp({ env, clock, userAgent: `mcp-auth/${version}`, lookup: world.lookup, trace });
  const store = openStore(() => getStorePath({ option: options.store, env }), {
    signal: interrupt,
    clock: systemClock,
    secrets: env.secrets,
  });
  const preferences = openPreferences(getPreferencesPath({ env }));
  const runProgram: Context['runProgram'] = (words, variables) => world.runProgram(words, { ...env.variables, ...variables });
  const refresher = world.refresher && withDebug(world.refresher, options.debug ?? false);
  const effects = { store, preferences, http, files: systemFiles, clock, ui, env, refresher, runProgram };
  const undisturbed: Context = { ...effects, signal: new AbortController().signal, uninterrupted: (work) => work(undisturbed) };
  const context: Context = { ...effects, signal: interrupt, uninterrupted: (work) => held(() => work(undisturbed), world) };
  for (const one of world.renewalMessages ?? []) showUserMessage(one, ui);
  try {
    return (await command.run({ arguments: words, options }, context)) ?? exitCodes.done;
  } finally {
    for (const finding of store.getWarnings()) ui.warn(finding);
    ui.close();
    http.close();
  }
}

/** What goes over the wire in the other process is told here. */
function withDebug(refresher: Refresher, debug: boolean): Refresher {
  return { start: (request, options) => refresher.start({ ...request, debug }, options) };
}

async function held<T>(work: () => Promise<T>, { hold }: World): Promise<T> {
  const release = hold();
  try {
    return await work();
  } finally {
    release();
  }
}

/** The one place where an error becomes words and an exit code. */
export function reportFailure(error: unknown, world: World): number {
  const failure = redactError(error instanceof CommanderError ? usageError(error) : toAuthError(error), world.env);
  const json = world.argv.includes('--json');
  const ui = terminalOf(world, { json });
  ui.fail(failure.message, failure.hint);
  ui.event({ event: 'error', code: failure.code, message: failure.message, hint: failure.hint ?? '' });
  return failure.exitCode;
}

/** `error: unknown option '--x'` and, on a second line, `(Did you mean --y?)`. */
function usageError({ message }: CommanderError): AuthError {
  const [what = '', ...more] = message.replace(/^error: /, '').split('\n');
  const suggestion = more.join(' ').replace(/^\(|\)$/g, '');
  return new AuthError('usage', `${what.charAt(0).toUpperCase()}${what.slice(1)}.`, { hint: suggestion || 'See: mcp-auth --help' });
}

function terminalOf(world: World, { json = false, quiet = false, qr }: GlobalOptions) {
  const { stdin, stdout, stderr, env, clock, openBrowser, runTmux, raise } = world;
  return createTerminal({ stdin, stdout, stderr, env, clock, json, quiet, qr, openBrowser, runTmux, raise });
}
