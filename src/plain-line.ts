/**
 * Parses a command line without options, as `bridge NAME`, which apps use for each connection. commander would be loaded for the same
 * result: without it, the bridge starts in 5 % less time.
 */
import type { Command, CommandListing, commonOptions } from './commands/command.js';
import { commands } from './commands/index.js';
import type { LoginOptions } from './commands/login.js';
import type { ParsedOptions } from './commands/parsed-options.js';

/** The options of every command, and those of single commands that the terminal reads. */
export type GlobalOptions = ParsedOptions<typeof commonOptions> & Pick<LoginOptions, 'json' | 'quiet' | 'qr'>;

/** What a command line says. */
export interface ParsedLine {
  readonly command: Command;
  /** The arguments of the command. */
  readonly words: readonly string[];
  readonly options: GlobalOptions;
}

/** What such a line says; undefined for any line that is not one, or that has too few or too many arguments. */
export async function parsePlainLine([first, ...words]: readonly string[]): Promise<ParsedLine | undefined> {
  const listing = findListing(first);
  if (listing === undefined || words.some((word) => word.startsWith('-'))) return undefined;
  const command = await listing.load();
  const least = command.arguments.filter(({ syntax }) => syntax.startsWith('<')).length;
  const most = command.arguments.some(({ syntax }) => syntax.includes('...')) ? Infinity : command.arguments.length;
  if (words.length < least || words.length > most) return undefined;
  return { command, words, options: listDefaults(command) };
}

/** An option that exists only as `--no-x` is true by default, as with commander. */
function listDefaults({ options }: Command): GlobalOptions {
  const names = options.map(({ flags }) => /--([\w-]+)/.exec(flags)?.[1] ?? '');
  const negated = names.flatMap((name) => (name.startsWith('no-') ? [name.slice('no-'.length)] : []));
  return Object.fromEntries(negated.filter((name) => !names.includes(name)).map((name) => [toCamelCase(name), true]));
}

function toCamelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The command that a word names. */
export function findListing(word: string | undefined): CommandListing | undefined {
  return word === undefined ? undefined : commands.find(({ name, alias }) => word === name || word === alias);
}
