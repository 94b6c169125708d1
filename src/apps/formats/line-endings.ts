/** Keeps the byte order mark and the line endings of a file when it is edited. */
import { stripByteOrderMark } from '../../text/file-text.js';
import type { ConfigFormat } from './format.js';

/** Wraps a format that knows only `\n` and no byte order mark. */
export function preserveLineEndings(format: ConfigFormat): ConfigFormat {
  return {
    syntax: format.syntax,
    parse: (text, file) => format.parse(normalize(text), file),
    put: (text, path, change) => restore(format.put(normalize(text), path, change), text),
    remove: (text, path) => restore(format.remove(normalize(text), path), text),
  };
}

function normalize(text: string): string {
  return stripByteOrderMark(text).replaceAll('\r\n', '\n');
}

/** The edited text with the mark and the line endings of the original. New lines get the ending that most lines have. */
function restore(edited: string, before: string): string {
  const bare = stripByteOrderMark(before);
  const mark = before.slice(0, before.length - bare.length);
  if (!bare.includes('\r\n')) return mark + edited;
  const originalLines = bare.split('\n');
  const hasReturn = originalLines.map((line, at) => at < originalLines.length - 1 && line.endsWith('\r'));
  const isUsual = hasReturn.filter(Boolean).length * 2 >= originalLines.length - 1;
  // The last line has no ending yet.
  hasReturn[originalLines.length - 1] = isUsual;
  const lines = edited.split('\n');
  const { first, last } = countUnchanged(lines, normalize(bare).split('\n'));
  const hadReturn = (at: number) =>
    at < first ? hasReturn[at] : at >= lines.length - last ? hasReturn[at - lines.length + originalLines.length] : isUsual;
  return mark + lines.map((line, at) => (at < lines.length - 1 && hadReturn(at) ? `${line}\r` : line)).join('\n');
}

/** How many lines are unchanged at the beginning, and how many of the others at the end. */
function countUnchanged(lines: readonly string[], before: readonly string[]): { first: number; last: number } {
  const shorter = Math.min(lines.length, before.length);
  let first = 0;
  while (first < shorter && lines[first] === before[first]) first += 1;
  let last = 0;
  while (last < shorter - first && lines.at(-1 - last) === before.at(-1 - last)) last += 1;
  return { first, last };
}
