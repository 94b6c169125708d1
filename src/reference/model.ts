/** All that can be typed, as data: what completion scripts and the manual page are made from. */

/** How a word is completed: by the names of servers in the store, by files, by one of a list; absent for free text. */
export type Completion = 'server' | 'file' | readonly string[];

export interface ArgumentReference {
  /** As `<name>`, `[name]` or `<words...>`. */
  readonly syntax: string;
  readonly help: string;
  readonly complete?: Completion | undefined;
}

export interface OptionReference {
  /** Its names, as `-h` and `--help`. */
  readonly names: readonly string[];
  /** As `<file>`; absent for one that takes no value. */
  readonly value?: string | undefined;
  readonly help: string;
  readonly complete?: Completion | undefined;
}

export interface CommandReference {
  readonly name: string;
  readonly alias?: string | undefined;
  readonly summary: string;
  readonly description: string;
  readonly arguments: readonly ArgumentReference[];
  readonly options: readonly OptionReference[];
  /** Without the program's own name. */
  readonly examples: readonly string[];
}
