/**
 * Splits a command line into words as programs of Windows do: double quotes count, and a backslash is one, unless it is before a
 * quotation mark. https://learn.microsoft.com/en-us/cpp/c-language/parsing-c-command-line-arguments
 */

/** Undefined for a quote that is not closed. An empty line has no words. */
export function parseWindowsWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let isQuoted = false;
  /** Where a quoted part has ended. Another quotation mark at that place is one character, and the part goes on. */
  let end: number | undefined;
  for (const { 0: part, 1: backslashes = '', index } of line.matchAll(/(\\*)"|\\+|[^\\"]/g)) {
    if (part.endsWith('"')) {
      word = (word ?? '') + backslashes.slice(0, Math.floor(backslashes.length / 2));
      if (backslashes.length % 2 === 1 || index === end) word += '"';
      if (backslashes.length % 2 === 0) {
        isQuoted = !isQuoted;
        end = isQuoted ? undefined : index + part.length;
      }
    } else if (isQuoted || !/\s/.test(part)) word = (word ?? '') + part;
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  if (isQuoted) return undefined;
  return word === undefined ? words : [...words, word];
}
