import { isDeepStrictEqual } from 'node:util';
import { findNodeAtLocation, parse, parseTree, type Node, type ParseError } from 'jsonc-parser';
import { isDeeperThan, isObject } from '../../text/json.js';
import { invalidFileError, manualEditError, replaceValueAt, mergeEntry, getValueAt, type ConfigValue } from './format.js';
import { preserveLineEndings } from './line-endings.js';

const lenient = { allowTrailingComma: true };

/**
 * JSON with comments and trailing commas, as editors allow. Only new text is formatted.
 *
 * `modify` of jsonc-parser is not used: it reformats the entry before a new one, and deletes the comments next to a removed entry
 * (3.3.1).
 */
export const jsonc = preserveLineEndings({
  syntax: 'JSON',
  parse: (text, file) => {
    const errors: ParseError[] = [];
    const value: unknown = text.trim() === '' ? {} : parseLeniently(text, errors);
    const [first] = errors;
    if (isDeeperThan(value, maxDepth)) throw invalidFileError(file, 'is nested too deeply');
    if (first) throw invalidFileError(file, `is not valid JSON: see ${formatPosition(text, first.offset)}`);
    if (!isObject(value)) throw invalidFileError(file, 'does not hold a JSON object at its top');
    return value;
  },
  put: (text, path, { entry, replaced }) => {
    let now = text.trim() === '' ? '{}\n' : text;
    const before = getValueAt(parse(now, [], lenient), path);
    if (!isObject(before)) return checkEdit(setValue(now, path, entry), { path, wanted: entry, text });
    for (const key of replaced) if (key in before && !(key in entry)) now = removeProperty(now, [...path, key]);
    for (const [key, value] of Object.entries(entry)) now = setValue(now, [...path, key], value);
    return checkEdit(now, { path, wanted: mergeEntry(before, { entry, replaced }), text });
  },
  remove: (text, path) => checkEdit(removeProperty(text, path), { path, wanted: undefined, text }),
});

/** Levels of nesting that can be read and written without a stack overflow. */
const maxDepth = 500;

/** Parses the text. A text that overflows the parser's stack counts as endlessly nested. */
function parseLeniently(text: string, errors: ParseError[]): unknown {
  try {
    return parse(text, errors, lenient);
  } catch (error) {
    if (error instanceof RangeError) return endlesslyNested;
    throw error;
  }
}

const endlesslyNested: unknown[] = [];
endlesslyNested.push(endlesslyNested);

/** Parses the result again and checks that only the entry has changed. */
function checkEdit(result: string, { path, wanted, text }: { path: readonly string[]; wanted: unknown; text: string }): string {
  const errors: ParseError[] = [];
  const [before, after] = [parse(text, [], lenient), parse(result, errors, lenient)] as unknown[];
  if (errors.length === 0 && isDeepStrictEqual(after, replaceValueAt(before, path, wanted))) return result;
  throw manualEditError(path);
}

/** Removes a property with its line and its comma, and keeps the comments around it. */
function removeProperty(text: string, path: readonly string[]): string {
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
function setValue(text: string, path: readonly string[], value: ConfigValue): string {
  const root = parseTree(text, [], lenient);
  const found = root && findNodeAtLocation(root, [...path]);
  const unit = readIndentationUnit(text);
  if (found) {
    const same = JSON.stringify(parse(text.slice(found.offset, found.offset + found.length), [], lenient)) === JSON.stringify(value);
    return same ? text : replaceNode(text, found, formatValue(value, readIndentation(text, found.offset), unit));
  }
  const [key = '', ...above] = [...path].reverse();
  const parentPath = above.reverse();
  const parent = root && (parentPath.length === 0 ? root : findNodeAtLocation(root, parentPath));
  if (parent?.type !== 'object') return setValue(text, parentPath, { [key]: value });
  return addProperty(text, { parent, key, value, unit });
}

function addProperty(text: string, { parent, key, value, unit }: { parent: Node; key: string; value: ConfigValue; unit: string }): string {
  const outer = readIndentation(text, parent.offset);
  const last = parent.children?.at(-1);
  const indent = last === undefined ? outer + unit : readIndentation(text, last.offset);
  const property = `\n${indent}${JSON.stringify(key)}: ${formatValue(value, indent, unit)}`;
  if (last) return `${text.slice(0, last.offset + last.length)},${property}${text.slice(last.offset + last.length)}`;
  const inner = text.slice(parent.offset + 1, parent.offset + parent.length - 1).trimEnd();
  return replaceNode(text, parent, `{${inner}${property}\n${outer}}`);
}

function replaceNode(text: string, { offset, length }: Node, by: string): string {
  return text.slice(0, offset) + by + text.slice(offset + length);
}

function formatValue(value: ConfigValue, indent: string, unit: string): string {
  return JSON.stringify(value, null, unit).replace(/\n/g, `\n${indent}`);
}

/** The indentation of the line of `offset`. */
function readIndentation(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? '';
}

/** The indentation of one level. */
function readIndentationUnit(text: string): string {
  return /^([ \t]+)\S/m.exec(text)?.[1] ?? '  ';
}

/** The line and column of an offset. */
function formatPosition(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}
