import { AuthError } from '../../errors.js';
import { isObject } from '../../text/json.js';

/** A file format that apps keep their servers in, edited so that everything else in the file stays as it is. */
export type ConfigValue = string | number | boolean | readonly ConfigValue[] | { readonly [key: string]: ConfigValue };
export type ConfigEntry = Readonly<Record<string, ConfigValue>>;

export interface ConfigFormat {
  /**
   * What the text says. An empty text is an empty document.
   *
   * @throws AuthError `file_invalid` that names the file and the place, never what stands there.
   */
  parse(text: string, file: string): Record<string, unknown>;
  /** Puts `entry` at `path`: these keys, in place of those of `replaced`; others that are there stay. */
  put(text: string, path: readonly string[], change: { entry: ConfigEntry; replaced: readonly string[] }): string;
  /** Takes out what is at `path`. */
  remove(text: string, path: readonly string[]): string;
}

/** The value at `path`; undefined where there is none. */
export function getValueAt(document: unknown, path: readonly string[]): unknown {
  let value = document;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** What an entry has to be after a change: what was there, without `replaced`, and with `entry`. */
export function mergeEntry(
  before: unknown,
  { entry, replaced }: { entry: ConfigEntry; replaced: readonly string[] },
): Record<string, unknown> {
  const all = typeof before === 'object' && before !== null ? Object.entries(before) : [];
  const kept = all.filter(([key]) => !replaced.includes(key) && !(key in entry));
  return { ...entry, ...Object.fromEntries(kept) };
}

/**
 * `document` with `value` at `path`, or without what is there.
 *
 * @param emptied whether an outer table goes with the last thing in it.
 */
export function replaceValueAt(document: unknown, [key = '', ...rest]: readonly string[], value: unknown, emptied = false): unknown {
  const { [key]: inner, ...others } = isObject(document) ? document : {};
  const next = rest.length === 0 ? value : replaceValueAt(inner, rest, value, emptied);
  const isGone = next === undefined || (emptied && value === undefined && isObject(next) && Object.keys(next).length === 0);
  return isGone ? others : { ...others, [key]: next };
}

/** The error for an entry that cannot be changed without changing something else. */
export function manualEditError(path: readonly string[]): AuthError {
  return new AuthError('file_invalid', `${path.join('.')} is written in a way that mcp-auth does not change.`, {
    hint: 'Change it by hand: --print shows what it has to say.',
  });
}
