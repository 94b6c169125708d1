import type { Context } from '../context.js';
import type { Completion, OptionReference } from '../reference/model.js';
import type { ParsedOptions } from './parsed-options.js';

/**
 * A command of the CLI: its arguments and options, and what it does. The type of its parsed options follows from its list of
 * options: `Command<typeof options>`.
 */
export interface Command<Options extends readonly CommandOption[] = readonly CommandOption[]> {
  /** One or two sentences in imperative mood, at the top of its help. */
  readonly description: string;
  readonly arguments: readonly CommandArgument[];
  readonly options: Options;
  /** At least two example command lines, without the leading `mcp-auth`. */
  readonly examples: readonly string[];
  /** Whether all words from the first argument on are arguments, also those that look like options: they are for another program. */
  readonly passesOptionsOn?: true;
  /** Resolves to the exit code, or to nothing for 0. */
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- most commands return no exit code
  run(input: CommandInput<Options>, context: Context): Promise<number | void>;
}

export interface CommandArgument {
  /** As the help shows it: `<name>` is required, `[name]` is optional, `[names...]` is repeatable. */
  readonly syntax: string;
  readonly help: string;
  readonly complete?: Completion;
}

export interface CommandOption {
  /** For example `--timeout <seconds>`, in commander's notation. */
  readonly flags: string;
  readonly help: string;
  /** Its heading in the help; `Options:` by default. */
  readonly group?: string;
  /** How shells complete its value. */
  readonly complete?: Completion;
  /** Parses the value. `before` is the value so far of a repeatable option. @throws AuthError `usage` for an invalid value. */
  readonly parse?: (text: string, before: unknown) => unknown;
}

/** Arguments in order, options by camelCase name. */
export interface CommandInput<Options extends readonly CommandOption[]> {
  readonly arguments: readonly (string | undefined)[];
  readonly options: ParsedOptions<readonly [...Options, ...typeof commonOptions]>;
}

/** An entry of the help. The command itself is loaded only when it is used. */
export interface CommandListing {
  readonly name: string;
  readonly alias?: string;
  readonly summary: string;
  load(): Promise<Command>;
}

export const commonOptionsHeading = 'Options of every command:';

/** The options of every command, except `--help`, which commander adds. */
export const commonOptions = [
  { flags: '--store <file>', group: commonOptionsHeading, help: 'store file to use (or MCP_AUTH_STORE)', complete: 'file' },
  { flags: '--debug', group: commonOptionsHeading, help: 'log every request and response to stderr, secrets redacted' },
] as const satisfies readonly CommandOption[];

/** Puts options under a heading in the help. */
export function groupOptions<const Options extends readonly CommandOption[]>(group: string, options: Options): Options {
  return options.map((option) => ({ ...option, group })) as readonly CommandOption[] as Options;
}

/** An option as completion scripts and the manual page need it. */
export function toOptionReference({ flags, help, complete }: CommandOption): OptionReference {
  const names = flags.split(/[ ,|]+/).filter((word) => word.startsWith('-'));
  return { names, value: /[<[][^]*/.exec(flags)?.[0], help, complete };
}
