import { isDeepStrictEqual } from 'node:util';
import { findNodeAtLocation, parse, parseTree, type Node, type ParseError } from 'jsonc-parser';
import { AuthError } from '../../errors.js';
import { isDeeperThan, isObject } from '../../text/json.js';
import { manualEditError, replaceValueAt, mergeEntry, getValueAt, type ConfigValue } from './format.js';
import { preserveLineEndings } from './line-endings.js';

const lenient = { allowTrailingComma: true };

/** JSON, with the comments and trailing commas that editors allow. Nothing is formatted but what is new. */
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

/** Levels of a file that are read and written again without an end of the stack. */
const deepest = 500;

/** What the text says. What ends the parser's stack counts as nested deeper than anything. */
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

/** What was written is read again: nothing but the entry may have changed, whatever the file looks like. */
function checked(result: string, { path, wanted, text }: { path: readonly string[]; wanted: unknown; text: string }): string {
  const errors: ParseError[] = [];
  const [before, after] = [parse(text, [], lenient), parse(result, errors, lenient)] as unknown[];
  if (errors.length === 0 && isDeepStrictEqual(after, replaceValueAt(before, path, wanted))) return result;
  throw manualEditError(path);
}

/** Takes a property out with its line and its comma, and leaves the comments around it to their owners. */
function removed(text: string, path: readonly string[]): string {
  const root = parseTree(text, [], lenient);
  const property = root && findNodeAtLocation(root, [...path])?.parent;
  if (property === undefined) return text;
  const end = property.offset + property.length;
  const comma = /^\s*,/.exec(text.slice(end))?.[0] ?? '';
  const lineStart = text.slice(0, property.offset).trimEnd().length;
  const ownLine = text.slice(lineStart, property.offset).includes('\n');
  // What follows on the line is another's, and keeps its line: the one above may end in a comment.
  const endsLine = /^[ \t]*(\n|$)/.test(text.slice(end + comma.length));
  const start = ownLine && endsLine ? text.lastIndexOf('\n', property.offset) : property.offset;
  const rest = text.slice(end + comma.length);
  const siblings = property.parent?.children ?? [];
  const before = siblings[siblings.indexOf(property) - 1];
  if (comma !== '' || before === undefined) return text.slice(0, start) + rest;
  // The last one, without a comma of its own: the one before ends the list now.
  const between = text.slice(before.offset + before.length, start);
  return text.slice(0, before.offset + before.length) + between.replace(',', '') + rest;
}

/** Puts `value` at `path`, making the objects on the way that are missing. */
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

/** What the line of `offset` begins with. */
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

/** The error for a file that somebody else has to put right. */
export function invalidFileError(file: string, what: string): AuthError {
  return new AuthError('file_invalid', `${file} ${what}. It was left as it is.`, { hint: 'Correct the file, and run this again.' });
}
