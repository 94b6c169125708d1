import { AuthError } from '../../errors.js';
import { isObject } from '../../text/json.js';

/** A value in a configuration file. */
export type ConfigValue = string | number | boolean | readonly ConfigValue[] | { readonly [key: string]: ConfigValue };
export type ConfigEntry = Readonly<Record<string, ConfigValue>>;

export interface ConfigFormat {
  readonly syntax: 'JSON' | 'TOML' | 'YAML';
  /**
   * Parses the text. An empty text is an empty document.
   *
   * @throws AuthError `file_invalid` with the file and the position, never with the text there.
   */
  parse(text: string, file: string): Record<string, unknown>;
  /** Sets the keys of `entry` at `path`, and removes the other keys in `replaced`. All other keys stay. */
  put(text: string, path: readonly string[], change: { entry: ConfigEntry; replaced: readonly string[] }): string;
  /** Removes the value at `path`. */
  remove(text: string, path: readonly string[]): string;
}

/** The value at `path`; undefined if there is none. */
export function getValueAt(document: unknown, path: readonly string[]): unknown {
  let value = document;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** The entry after a change: the keys of `before` without `replaced`, and the keys of `entry`. */
export function mergeEntry(
  before: unknown,
  { entry, replaced }: { entry: ConfigEntry; replaced: readonly string[] },
): Record<string, unknown> {
  const all = typeof before === 'object' && before !== null ? Object.entries(before) : [];
  const kept = all.filter(([key]) => !replaced.includes(key) && !(key in entry));
  return { ...entry, ...Object.fromEntries(kept) };
}

/**
 * A copy of `document` with `value` at `path`, or without that key if `value` is undefined.
 *
 * @param emptied whether to remove outer tables that become empty.
 */
export function replaceValueAt(document: unknown, [key = '', ...rest]: readonly string[], value: unknown, emptied = false): unknown {
  const { [key]: inner, ...others } = isObject(document) ? document : {};
  const next = rest.length === 0 ? value : replaceValueAt(inner, rest, value, emptied);
  const isGone = next === undefined || (emptied && value === undefined && isObject(next) && Object.keys(next).length === 0);
  return isGone ? others : { ...others, [key]: next };
}

/** The error for an entry that cannot be changed without changing other parts of the file. */
export function manualEditError(path: readonly string[]): AuthError {
  return new AuthError('file_invalid', `mcp-auth cannot edit ${path.join('.')} without changing other parts of the file.`, {
    hint: 'Edit the file yourself. For an entry to copy, run: mcp-auth connect json NAME',
  });
}

/** The error for a file that the user has to fix. */
export function invalidFileError(file: string, what: string): AuthError {
  return new AuthError('file_invalid', `${file} ${what}. It was not changed.`, { hint: 'Correct the file and run the command again.' });
}
