/** The type of a command's parsed options, inferred from their flags: renaming a flag is a type error where it is read. */
import type { CommandOption } from './command.js';

/** `min-ttl` of `-m, --min-ttl <seconds>`. */
type LongFlag<Flags extends string> = Flags extends `${string}--${infer Rest}`
  ? Rest extends `${infer Name} ${string}`
    ? Name
    : Rest
  : never;

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : Name;

/** The name under which commander stores an option: `--no-browser` is `browser`. */
type OptionName<Flags extends string> = CamelCase<LongFlag<Flags> extends `no-${infer Name}` ? Name : LongFlag<Flags>>;

type OptionValue<Option extends CommandOption> = Option extends { readonly parse: (...args: never[]) => infer Value }
  ? Value
  : Option['flags'] extends `${string} <${string}`
    ? string
    : Option['flags'] extends `${string} [${string}`
      ? string | true
      : boolean;

/**
 * The parsed options of a list that was declared with `as const satisfies readonly CommandOption[]`. All are optional; an option
 * that exists only as `--no-x` is true by default.
 */
export type ParsedOptions<List extends readonly CommandOption[]> = {
  readonly [Flags in List[number]['flags'] as OptionName<Flags>]?: OptionValue<Extract<List[number], { readonly flags: Flags }>>;
};
