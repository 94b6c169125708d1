/** Parses a command line with options, and prints the help: with commander. */
import { Command as Parser, CommanderError } from 'commander';
import { commonOptions, commonOptionsHeading, type Command, type CommandOption } from './commands/command.js';
import { commands } from './commands/index.js';
import { AuthError, exitCodes, exitCodeMeanings } from './errors.js';
import { findListing, type ParsedLine } from './plain-line.js';
import { version } from './version.js';

/** Where help and messages are printed. */
interface Output {
  readonly stdout: Pick<NodeJS.WriteStream, 'write'>;
  readonly stderr: Pick<NodeJS.WriteStream, 'write'>;
}

/**
 * What the line says; undefined if it asks for the help or the version, which this prints.
 *
 * @throws AuthError `usage`
 */
export async function parseLine(argv: readonly string[], output: Output): Promise<ParsedLine | undefined> {
  let parsed: ParsedLine | undefined;
  try {
    const parser = await createParser(argv, output, (line) => (parsed = line));
    if (argv.length === 0) parser.outputHelp();
    else await parser.parseAsync(normalizeArgv(argv), { from: 'user' });
    return parsed;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw toUsageError(error, argv);
  }
}

/** `help login` becomes `login --help`. An unknown command is parsed without its options, so that it is reported as unknown. */
function normalizeArgv(argv: readonly string[]): readonly string[] {
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  const [first = ''] = words;
  return first.startsWith('-') || findListing(first) !== undefined ? words : [first];
}

/** @param take receives what the line says. */
async function createParser(argv: readonly string[], output: Output, take: (parsed: ParsedLine) => void): Promise<Parser> {
  const parser = new Parser('mcp-auth')
    .description('Log a machine without a browser in to remote MCP servers, and keep it logged in.')
    .version(version)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void output.stdout.write(text),
      writeErr: (text) => void output.stderr.write(text),
      outputError: () => undefined,
    })
    .addHelpText('after', `\nFor help on a command, run: mcp-auth COMMAND --help\n\n${formatExitCodes()}`);
  const used = new Set(argv.map(findListing));
  for (const listing of commands) {
    const one = parser.command(listing.name).summary(listing.summary);
    if (listing.alias !== undefined) one.alias(listing.alias);
    // Load only the command that is used: apps run mcp-auth often, and start-up time counts.
    if (used.has(listing)) addCommand({ parser: one, command: await listing.load(), isFirst: one.name() === argv[0] }, take);
  }
  return parser;
}

function formatExitCodes(): string {
  const codes = Object.entries(exitCodeMeanings).map(([name, meaning]) => `${exitCodes[name as keyof typeof exitCodes]} ${meaning}`);
  return `Exit codes: ${codes.join(', ')}.`;
}

function addCommand(
  { parser, command, isFirst }: { parser: Parser; command: Command; isFirst: boolean },
  take: (parsed: ParsedLine) => void,
): void {
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
  if (command.passesOptionsOn && isFirst) {
    parser.parent?.enablePositionalOptions();
    parser.passThroughOptions();
  }
  parser
    .addHelpText('after', `\nExamples:\n${command.examples.map((line) => `  mcp-auth ${line}`).join('\n')}\n\n${formatExitCodes()}`)
    .action(() => take({ command, words: parser.args, options: parser.opts() }));
}

/** Converts commander's `error: unknown option '--x'` with `(Did you mean --y?)` on a second line. */
function toUsageError({ message }: CommanderError, argv: readonly string[]): AuthError {
  const [what = '', ...more] = message.replace(/^error: /, '').split('\n');
  const suggestion = more.join(' ').replace(/^\(|\)$/g, '');
  const command = findListing(argv[0])?.name;
  return new AuthError('usage', `${what.charAt(0).toUpperCase()}${what.slice(1).replace(/\.$/, '')}.`, {
    hint: suggestion || `For help, run: ${['mcp-auth', command, '--help'].filter(Boolean).join(' ')}`,
  });
}
