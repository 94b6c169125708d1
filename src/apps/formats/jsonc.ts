import { applyEdits, modify, parse, type FormattingOptions, type ParseError } from 'jsonc-parser';
import { AuthError } from '../../errors.js';
import { isObject } from '../../json.js';
import { valueAt, type Format } from './format.js';

/** JSON, with the comments and trailing commas that editors allow. */
export const jsonc: Format = {
  parse: (text, file) => {
    const errors: ParseError[] = [];
    const value: unknown = text.trim() === '' ? {} : parse(text, errors, { allowTrailingComma: true });
    const [first] = errors;
    if (first) throw invalid(file, `is not valid JSON: see ${placeAt(text, first.offset)}`);
    if (!isObject(value)) throw invalid(file, 'does not hold a JSON object at its top');
    return value;
  },
  put: (text, path, { entry, replaced }) => {
    let now = text.trim() === '' ? '{}\n' : text;
    const before = valueAt(parse(now, [], { allowTrailingComma: true }), path);
    if (!isObject(before)) return withLastLineEnd(changed(now, path, entry), text);
    for (const key of replaced) if (key in before && !(key in entry)) now = changed(now, [...path, key], undefined);
    for (const [key, value] of Object.entries(entry)) now = changed(now, [...path, key], value);
    return now;
  },
  remove: (text, path) => changed(text, path, undefined),
};

/** A file that was empty ends its last line now. */
function withLastLineEnd(text: string, before: string): string {
  return before.trim() === '' && !text.endsWith('\n') ? `${text}\n` : text;
}

function changed(text: string, path: readonly string[], value: unknown): string {
  return applyEdits(text, modify(text, [...path], value, { formattingOptions: formattingOf(text) }));
}

/** As the file is indented now. */
function formattingOf(text: string): FormattingOptions {
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? '  ';
  return {
    insertSpaces: !indent.startsWith('\t'),
    tabSize: indent.startsWith('\t') ? 1 : indent.length,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  };
}

/** The line and column of an offset. */
export function placeAt(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** The error for a file that somebody else has to put right. */
export function invalid(file: string, what: string): AuthError {
  return new AuthError('file_invalid', `${file} ${what}. It was left as it is.`, { hint: 'Correct the file, and run this again.' });
}
