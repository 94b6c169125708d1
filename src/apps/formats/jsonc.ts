import { isDeepStrictEqual } from 'node:util';
import { findNodeAtLocation, parse, parseTree, type Node, type ParseError } from 'jsonc-parser';
import { AuthError } from '../../errors.js';
import { isDeeperThan, isObject } from '../../text/json.js';
import { manualEditError, replaceValueAt, mergeEntry, getValueAt, type ConfigValue } from './format.js';
import { preserveLineEndings } from './line-endings.js';

const lenient = { allowTrailingComma: true };

/** JSON with comments and trailing commas, as editors allow. Only new text is formatted. */
export const jsonc = preserveLineEndings({
  parse: (text, file) => {
    const errors: ParseError[] = [];
    const value: unknown = text.trim() === '' ? {} : parsed(text, errors);
    const [first] = errors;
    if (isDeeperThan(value, deepest)) throw invalidFileError(file, 'is nested too deeply');
    if (first) throw invalidFileError(file, `is not valid JSON: see ${placeAt(text, first.offset)}`);
    if (!isObject(value)) throw invalidFileError(file, 'does not hold a JSON object at its top');
    return value;
  },
  put: (text, path, { entry, replaced }) => {
    let now = text.trim() === '' ? '{}\n' : text;
    const before = getValueAt(parse(now, [], lenient), path);
    if (!isObject(before)) return checked(set(now, path, entry), { path, wanted: entry, text });
    for (const key of replaced) if (key in before && !(key in entry)) now = removed(now, [...path, key]);
    for (const [key, value] of Object.entries(entry)) now = set(now, [...path, key], value);
    return checked(now, { path, wanted: mergeEntry(before, { entry, replaced }), text });
  },
  remove: (text, path) => checked(removed(text, path), { path, wanted: undefined, text }),
});

/** Levels of nesting that can be read and written without a stack overflow. */
const deepest = 500;

/** Parses the text. A text that overflows the parser's stack counts as endlessly nested. */
function parsed(text: string, errors: ParseError[]): unknown {
  try {
    return parse(text, errors, lenient);
  } catch (error) {
    if (error instanceof RangeError) return endless;
    throw error;
  }
}

const endless: unknown[] = [];
endless.push(endless);

/** Parses the result again and checks that only the entry has changed. */
function checked(result: string, { path, wanted, text }: { path: readonly string[]; wanted: unknown; text: string }): string {
  const errors: ParseError[] = [];
  const [before, after] = [parse(text, [], lenient), parse(result, errors, lenient)] as unknown[];
  if (errors.length === 0 && isDeepStrictEqual(after, replaceValueAt(before, path, wanted))) return result;
  throw manualEditError(path);
}

/** Removes a property with its line and its comma, and keeps the comments around it. */
function removed(text: string, path: readonly string[]): string {
  const root = parseTree(text, [], lenient);
  const property = root && findNodeAtLocation(root, [...path])?.parent;
  if (property === undefined) return text;
  const end = property.offset + property.length;
  const comma = /^\s*,/.exec(text.slice(end))?.[0] ?? '';
  const lineStart = text.slice(0, property.offset).trimEnd().length;
  const ownLine = text.slice(lineStart, property.offset).includes('\n');
  // Text that follows on the line stays on its own line: the line above may end in a comment.
  const endsLine = /^[ \t]*(\n|$)/.test(text.slice(end + comma.length));
  const start = ownLine && endsLine ? text.lastIndexOf('\n', property.offset) : property.offset;
  const rest = text.slice(end + comma.length);
  const siblings = property.parent?.children ?? [];
  const before = siblings[siblings.indexOf(property) - 1];
  if (comma !== '' || before === undefined) return text.slice(0, start) + rest;
  // The last property has no comma of its own: the one before becomes the last, so its comma goes.
  const between = text.slice(before.offset + before.length, start);
  return text.slice(0, before.offset + before.length) + between.replace(',', '') + rest;
}

/** Sets `value` at `path` and creates missing objects on the way. */
function set(text: string, path: readonly string[], value: ConfigValue): string {
  const root = parseTree(text, [], lenient);
  const found = root && findNodeAtLocation(root, [...path]);
  const unit = unitOf(text);
  if (found) {
    const same = JSON.stringify(parse(text.slice(found.offset, found.offset + found.length), [], lenient)) === JSON.stringify(value);
    return same ? text : spliced(text, found, formatted(value, indentAt(text, found.offset), unit));
  }
  const [key = '', ...above] = [...path].reverse();
  const parentPath = above.reverse();
  const parent = root && (parentPath.length === 0 ? root : findNodeAtLocation(root, parentPath));
  if (parent?.type !== 'object') return set(text, parentPath, { [key]: value });
  return withProperty(text, { parent, key, value, unit });
}

function withProperty(text: string, { parent, key, value, unit }: { parent: Node; key: string; value: ConfigValue; unit: string }): string {
  const outer = indentAt(text, parent.offset);
  const last = parent.children?.at(-1);
  const indent = last === undefined ? outer + unit : indentAt(text, last.offset);
  const property = `\n${indent}${JSON.stringify(key)}: ${formatted(value, indent, unit)}`;
  if (last) return `${text.slice(0, last.offset + last.length)},${property}${text.slice(last.offset + last.length)}`;
  const inner = text.slice(parent.offset + 1, parent.offset + parent.length - 1).trimEnd();
  return spliced(text, parent, `{${inner}${property}\n${outer}}`);
}

function spliced(text: string, { offset, length }: Node, by: string): string {
  return text.slice(0, offset) + by + text.slice(offset + length);
}

function formatted(value: ConfigValue, indent: string, unit: string): string {
  return JSON.stringify(value, null, unit).replace(/\n/g, `\n${indent}`);
}

/** The indentation of the line of `offset`. */
function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? '';
}

/** The indentation of one level. */
function unitOf(text: string): string {
  return /^([ \t]+)\S/m.exec(text)?.[1] ?? '  ';
}

/** The line and column of an offset. */
function placeAt(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** The error for a file that the user has to fix. */
export function invalidFileError(file: string, what: string): AuthError {
  return new AuthError('file_invalid', `${file} ${what}. It was not changed.`, { hint: 'Correct the file and run the command again.' });
}
