import { isDeepStrictEqual } from 'node:util';
import { parse, stringify, TomlError } from 'smol-toml';
import { invalidFileError, manualEditError, replaceValueAt, mergeEntry, getValueAt } from './format.js';
import { preserveLineEndings } from './line-endings.js';

/**
 * TOML, edited line by line: a table is its header and the lines up to the next header. The result is parsed again and must be
 * the intended document; otherwise, for example for inline tables, the user has to edit the file.
 */
export const toml = preserveLineEndings({
  syntax: 'TOML',
  parse: (text, file) => {
    try {
      return parse(text);
    } catch (error) {
      const place = error instanceof TomlError ? `line ${error.line}, column ${error.column}` : 'its beginning';
      throw invalidFileError(file, `is not valid TOML: see ${place}`);
    }
  },
  put: (text, path, change) => {
    const document = parse(text);
    const wanted = mergeEntry(getValueAt(document, path), change);
    const lines = text.split('\n');
    const table = findTable(lines, path);
    const block = formatTable(path, wanted);
    const result = table
      ? [...lines.slice(0, table.start), ...block, ...readTrailingLines(lines, table), ...lines.slice(table.end)].join('\n')
      : `${text.trimEnd()}${text.trim() === '' ? '' : '\n\n'}${block.join('\n')}\n`;
    return checkEdit(result, { path, wanted, document });
  },
  remove: (text, path) => {
    const lines = text.split('\n');
    const table = findTable(lines, path);
    if (!table) throw manualEditError(path);
    const before = lines.slice(0, table.start);
    const after = lines.slice(table.end);
    // Of the empty lines before and after the table, keep those after it.
    if (before.at(-1)?.trim() === '') before.pop();
    const rest = after.some((line) => line.trim() !== '') ? [...readTrailingLines(lines, table), ...after] : [''];
    return checkEdit([...before, ...rest].join('\n'), {
      path,
      wanted: undefined,
      document: parse(text),
    });
  },
});

/** A table's header. Keys may be quoted and contain brackets. */
const headerLine = /^\s*\[((?:"(?:[^"\\]|\\.)*"|'[^']*'|[^[\]"'#])+)\]\s*(#.*)?$/;

interface Table {
  readonly start: number;
  readonly end: number;
}

/** The lines of a table and of its subtables. */
function findTable(lines: readonly string[], path: readonly string[]): Table | undefined {
  const headers = lines.flatMap((line, at) => {
    const name = headerLine.exec(line)?.[1];
    const found = name === undefined ? (/^\s*\[\[/.test(line) ? [] : undefined) : parseKeys(name);
    return found === undefined ? [] : [{ at, keys: found }];
  });
  const isBelow = (keys: readonly string[]) => path.every((key, i) => keys[i] === key);
  const first = headers.findIndex(({ keys }) => isBelow(keys));
  if (first === -1) return undefined;
  const next = headers.slice(first).find(({ keys }) => !isBelow(keys));
  return { start: headers[first]?.at ?? 0, end: next?.at ?? lines.length };
}

/** Empty lines and comments at the end of a table, which belong to the next table. */
function readTrailingLines(lines: readonly string[], { start, end }: Table): string[] {
  const body = lines.slice(start, end);
  const last = body.findLastIndex((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  return body.slice(last + 1);
}

/** The keys of a name such as `a."b c".d`. */
function parseKeys(name: string): string[] | undefined {
  try {
    const keys: string[] = [];
    let value: unknown = parse(`${name} = true`);
    while (typeof value === 'object' && value !== null) {
      const [key = ''] = Object.keys(value);
      keys.push(key);
      value = (value as Record<string, unknown>)[key];
    }
    return keys;
  } catch {
    return undefined;
  }
}

function formatTable(path: readonly string[], entry: Record<string, unknown>): string[] {
  const nested = [...path].reverse().reduce<Record<string, unknown>>((inner, key) => ({ [key]: inner }), entry);
  // Without the headers of the outer tables.
  const lines = stringify(nested).trimEnd().split('\n');
  return lines.slice(lines.findIndex((line) => parseKeys(headerLine.exec(line)?.[1] ?? '')?.length === path.length));
}

function checkEdit(
  result: string,
  { path, wanted, document }: { path: readonly string[]; wanted: Record<string, unknown> | undefined; document: Record<string, unknown> },
): string {
  try {
    if (isDeepStrictEqual(toPlainData(parse(result)), replaceValueAt(toPlainData(document), path, toPlainData(wanted), true)))
      return result;
  } catch {
    // The result is not valid TOML.
  }
  throw manualEditError(path);
}

/** Plain JSON data: the parser has its own classes for dates and tables. */
function toPlainData(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}
