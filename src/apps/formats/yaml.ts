import { isDeepStrictEqual } from 'node:util';
import { isMap, isPair, isScalar, LineCounter, parseDocument, stringify, visit, type Document, type Pair, type YAMLMap } from 'yaml';
import { isObject } from '../../text/json.js';
import { invalidFileError, manualEditError, replaceValueAt, mergeEntry, getValueAt } from './format.js';
import { preserveLineEndings } from './line-endings.js';

/**
 * YAML. Entries of a block mapping are edited line by line, everything else as nodes of the document.
 *
 * Lines go first because printing the nodes reformats the whole file: indentation, spaces before comments, flow sequences.
 */
export const yaml = preserveLineEndings({
  syntax: 'YAML',
  parse: parseYamlFile,
  put: (text, path, change) => replaceEntry(text, path, (before) => mergeEntry(getValueAt(before, path), change)),
  remove: (text, path) => replaceEntry(text, path, () => undefined),
});

function replaceEntry(text: string, path: readonly string[], toWanted: (document: unknown) => Record<string, unknown> | undefined): string {
  const before: unknown = parseYaml(text).toJS() ?? {};
  const wanted = toWanted(before);
  return applyFirstExact([editLines, editNodes], { text, path, wanted, meant: replaceValueAt(before, path, wanted) });
}

/** @throws AuthError `file_invalid` */
export function parseYamlFile(text: string, file: string): Record<string, unknown> {
  const lines = new LineCounter();
  const document = parseYaml(text, lines);
  const error = findError(document);
  const { line, col } = lines.linePos(error ?? 0);
  if (error !== undefined) throw invalidFileError(file, `is not valid YAML: see line ${line}, column ${col}`);
  if (isUnsupported(document)) throw invalidFileError(file, 'has more aliases than mcp-auth supports, or keys that are not strings');
  const value = toValue(document, file);
  if (value === null || value === undefined) return {};
  if (!isObject(value)) throw invalidFileError(file, 'does not hold a mapping at its top');
  return value;
}

export interface YamlEdit {
  readonly text: string;
  readonly path: readonly string[];
  /** The entry at that path; undefined to remove it. */
  readonly wanted: Record<string, unknown> | undefined;
  /** The whole document after the edit. */
  readonly meant: unknown;
}

/**
 * Returns the result of the first edit after which only the entry has changed.
 *
 * @throws AuthError `file_invalid` if there is none.
 */
export function applyFirstExact(edits: readonly ((edit: YamlEdit) => string)[], edit: YamlEdit): string {
  const { path, meant } = edit;
  for (const apply of edits) {
    try {
      const result = apply(edit);
      const document = parseYaml(result);
      if (findError(document) === undefined && isDeepStrictEqual(withoutNulls(document.toJS()), withoutNulls(meant))) return result;
    } catch {
      // For example, an alias refers to the removed entry.
    }
  }
  throw manualEditError(path);
}

/** Parses without the library's check for duplicate keys, which takes quadratic time. */
export function parseYaml(text: string, lineCounter?: LineCounter): Document.Parsed {
  return parseDocument(text, { uniqueKeys: false, ...(lineCounter && { lineCounter }) });
}

/** The position of the first error in a document, or of the first duplicate key; undefined if it is valid. */
function findError(document: Document.Parsed): number | undefined {
  let place = document.errors[0]?.pos[0];
  if (place !== undefined) return place;
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      const twice = items.find(({ key }) => isScalar(key) && seen.size === seen.add(key.value).size);
      place = isScalar(twice?.key) ? (twice.key.range?.[0] ?? 0) : undefined;
      return place === undefined ? undefined : visit.BREAK;
    },
  });
  return place;
}

/** For each alias, the library searches the document from the beginning. */
const maxAliases = 100;

/** Whether a document has too many aliases, or keys that are collections, which the library converts to text at each level. */
function isUnsupported(document: Document.Parsed): boolean {
  let [aliases, hasOddKey] = [0, false];
  visit(document, {
    Alias: () => void (aliases += 1),
    Pair: (_, { key }) => {
      hasOddKey ||= key !== null && !isScalar(key);
      return hasOddKey ? visit.BREAK : undefined;
    },
  });
  return aliases > maxAliases || hasOddKey;
}

/** Without empty values: `extensions:` with nothing below it is equivalent to an empty mapping and to no mapping. */
function withoutNulls(document: unknown): unknown {
  if (!isObject(document)) return document ?? {};
  const isEmpty = (value: unknown) => value === null || (typeof value === 'object' && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(document).filter(([, value]) => !isEmpty(value)));
}

/** @throws AuthError `file_invalid` for aliases that are undefined or expand without limit. */
function toValue(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS();
  } catch {
    throw invalidFileError(file, 'has aliases that cannot be resolved');
  }
}

function editNodes({ text, path, wanted }: YamlEdit): string {
  const document = parseYaml(text);
  // A mapping without entries is parsed as null, so it is created again.
  for (let depth = 1; depth < path.length; depth += 1) {
    if (!isMap(document.getIn(path.slice(0, depth), true))) document.setIn(path.slice(0, depth), document.createNode({}));
  }
  if (wanted === undefined) document.deleteIn(path);
  else document.setIn(path, document.createNode(wanted));
  return document.toString({ lineWidth: 0 });
}

function editLines({ text, path, wanted }: YamlEdit): string {
  const document = parseYaml(text);
  const [name = '', ...reversed] = [...path].reverse();
  const parent = document.getIn(reversed.reverse(), true);
  if (!isMap(parent) || parent.flow) return wanted === undefined ? text : appendMapping(text, path, wanted);
  const pair = findPair(parent, name);
  const block =
    wanted === undefined ? '' : indent(stringify({ [name]: wanted }, { lineWidth: 0 }), getColumn(text, getStart(parent.items[0])));
  if (pair === undefined) {
    const end = getEnd(text, parent.items.at(-1));
    return `${text.slice(0, end)}${text.slice(0, end).endsWith('\n') ? '' : '\n'}${block}${text.slice(end)}`;
  }
  const start = getLineStart(text, getStart(pair));
  return text.slice(0, start) + block + text.slice(getEnd(text, pair));
}

/** Appends the mapping to a file that does not have it yet. */
export function appendMapping(text: string, path: readonly string[], wanted: unknown): string {
  const nested = [...path].reverse().reduce<unknown>((inner, key) => ({ [key]: inner }), wanted);
  return `${text === '' || text.endsWith('\n') ? text : `${text}\n`}${stringify(nested, { lineWidth: 0 })}`;
}

function findPair(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find((pair) => isPair(pair) && isScalar(pair.key) && String(pair.key.value) === name);
}

function getStart(pair: unknown): number {
  return isPair(pair) && isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
}

function getEnd(text: string, pair: unknown): number {
  const value = isPair(pair) ? (pair.value as { range?: [number, number, number] } | null) : null;
  return getLineEnd(text, value?.range?.[1] ?? getStart(pair));
}

/** The end of the last line of a node that ends there. Comments after it belong to the next node. */
export function getLineEnd(text: string, end: number): number {
  const at = text[end - 1] === '\n' ? end : text.indexOf('\n', end) + 1;
  return at === 0 ? text.length : at;
}

export function getLineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

export function getColumn(text: string, offset: number): number {
  return offset - getLineStart(text, offset);
}

export function indent(text: string, columns: number): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(columns));
}
