import type { Context } from '../context.js';

/** What a person types: one verb. Its file says what it takes, and does it. */
export interface Command<Options = object> {
  /** The positional arguments as the help shows them: `<name>` is required, `[name]` is not. */
  readonly arguments: readonly { readonly syntax: string; readonly help: string }[];
  readonly options: readonly Option[];
  /** Command lines that show how it is used, without the leading `mcp-auth`. */
  readonly examples: readonly string[];
  /** Resolves to the exit code, if that is another than 0. */
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- most commands say nothing of their exit code
  run(input: Input<Options>, context: Context): Promise<number | void>;
}

export interface Option {
  /** As `--timeout <seconds>`, in commander's notation. */
  readonly flags: string;
  readonly help: string;
  /** The heading that it stands under in the help, if not the first one. */
  readonly group?: string;
  /** Reads the value; throws AuthError `usage` for a wrong one. `before` is what a repeated option has so far. */
  readonly parse?: (text: string, before: unknown) => unknown;
}

/** Arguments by their order, options by their camelCase names. */
export interface Input<Options> {
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
