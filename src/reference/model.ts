/** All that can be typed, as data: what completion scripts and the manual page are made from. */

/** How a word is completed: by the names of servers in the store, by files, by one of a list; absent for free text. */
export type Completion = 'server' | 'file' | readonly string[];

export interface TypedArgument {
  /** As `<name>`, `[name]` or `<words...>`. */
  readonly syntax: string;
  readonly help: string;
  readonly complete?: Completion | undefined;
}

export interface TypedOption {
  /** Its names, as `-h` and `--help`. */
  readonly names: readonly string[];
  /** As `<file>`; absent for one that takes no value. */
  readonly value?: string | undefined;
  readonly help: string;
  readonly complete?: Completion | undefined;
}

export interface TypedCommand {
  readonly name: string;
  readonly alias?: string | undefined;
  readonly summary: string;
  readonly description: string;
  readonly arguments: readonly TypedArgument[];
  readonly options: readonly TypedOption[];
  /** Without the program's own name. */
  readonly examples: readonly string[];
}
