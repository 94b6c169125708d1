import type { Context } from '../context.js';
import type { Completion, OptionReference } from '../reference/model.js';

/** What a person types: one verb. Its file says what it takes, and does it. */
export interface Command<Options = object> {
  /** A sentence or two, at the top of its help. */
  readonly description: string;
  readonly arguments: readonly CommandArgument[];
  readonly options: readonly CommandOption[];
  /** At least two command lines that show how it is used, without the leading `mcp-auth`. */
  readonly examples: readonly string[];
  /** Resolves to the exit code, if that is another than 0. */
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- most commands say nothing of their exit code
  run(input: CommandInput<Options>, context: Context): Promise<number | void>;
}

export interface CommandArgument {
  /** As the help shows it: `<name>` is required, `[name]` is not, `[names...]` may be several. */
  readonly syntax: string;
  readonly help: string;
  readonly complete?: Completion;
}

export interface CommandOption {
  /** As `--timeout <seconds>`, in commander's notation. */
  readonly flags: string;
  readonly help: string;
  /** The heading that it stands under in the help, if not the first one. */
  readonly group?: string;
  /** How the shell completes its value. */
  readonly complete?: Completion;
  /** Reads the value; throws AuthError `usage` for a wrong one. `before` is what a repeated option has so far. */
  readonly parse?: (text: string, before: unknown) => unknown;
}

/** Arguments by their order, options by their camelCase names. */
export interface CommandInput<Options> {
  readonly arguments: readonly (string | undefined)[];
  readonly options: Options;
}

/** A line of the record that the help is made from. The command itself is loaded when it is used. */
export interface CommandListing {
  readonly name: string;
  readonly alias?: string;
  readonly summary: string;
  load(): Promise<Command<never>>;
}

export const commonOptionsHeading = 'In every command:';

/** The options of every command; `--help` is commander's own. */
export const commonOptions: readonly CommandOption[] = [
  { flags: '--store <file>', group: commonOptionsHeading, help: 'the store to use (or MCP_AUTH_STORE)', complete: 'file' },
  { flags: '--debug', group: commonOptionsHeading, help: 'tell every request and its answer on stderr, without what is secret in them' },
];

/** An option for those who read all of them: its names, and what follows them. */
export function toOptionReference({ flags, help, complete }: CommandOption): OptionReference {
  const names = flags.split(/[ ,|]+/).filter((word) => word.startsWith('-'));
  return { names, value: /[<[][^]*/.exec(flags)?.[0], help, complete };
}
