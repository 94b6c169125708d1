/** The commands as data, for completion scripts and the manual page. */

/** How a word is completed: names of servers in the store, files, or a list of words. Absent for free text. */
export type Completion = 'server' | 'file' | readonly string[];

export interface ArgumentReference {
  /** For example `<name>`, `[name]` or `<words...>`. */
  readonly syntax: string;
  readonly help: string;
  readonly complete?: Completion | undefined;
}

export interface OptionReference {
  /** Its names, for example `-h` and `--help`. */
  readonly names: readonly string[];
  /** For example `<file>`; absent for an option without a value. */
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
  /** Command lines without the leading `mcp-auth`. */
  readonly examples: readonly string[];
}
