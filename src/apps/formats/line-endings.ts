/** Keeps the byte order mark and the line endings of a file when it is edited. */
import { stripByteOrderMark } from '../../text/file-text.js';
import type { ConfigFormat } from './format.js';

/** Wraps a format that knows only `\n` and no byte order mark. */
export function preserveLineEndings(format: ConfigFormat): ConfigFormat {
  return {
    parse: (text, file) => format.parse(plain(text), file),
    put: (text, path, change) => restored(format.put(plain(text), path, change), text),
    remove: (text, path) => restored(format.remove(plain(text), path), text),
  };
}

function plain(text: string): string {
  return stripByteOrderMark(text).replaceAll('\r\n', '\n');
}

/** The edited text with the mark and the line endings of the original. New lines get the ending that most lines have. */
function restored(edited: string, before: string): string {
  const bare = stripByteOrderMark(before);
  const mark = before.slice(0, before.length - bare.length);
  if (!bare.includes('\r\n')) return mark + edited;
  const theirs = bare.split('\n');
  const isLong = theirs.map((line, at) => at < theirs.length - 1 && line.endsWith('\r'));
  const usual = isLong.filter(Boolean).length * 2 >= theirs.length - 1;
  // The last line has no ending yet.
  isLong[theirs.length - 1] = usual;
  const lines = edited.split('\n');
  const { first, last } = unchanged(lines, plain(bare).split('\n'));
  const wasLong = (at: number) => (at < first ? isLong[at] : at >= lines.length - last ? isLong[at - lines.length + theirs.length] : usual);
  return mark + lines.map((line, at) => (at < lines.length - 1 && wasLong(at) ? `${line}\r` : line)).join('\n');
}

/** How many lines are unchanged at the beginning, and how many of the others at the end. */
function unchanged(lines: readonly string[], before: readonly string[]): { first: number; last: number } {
  const most = Math.min(lines.length, before.length);
  let first = 0;
  while (first < most && lines[first] === before[first]) first += 1;
  let last = 0;
  while (last < most - first && lines.at(-1 - last) === before.at(-1 - last)) last += 1;
  return { first, last };
}
