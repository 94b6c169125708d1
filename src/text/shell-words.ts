/** Splits a command line into words as sh(1) does, without a shell: quotes and backslashes count, and nothing is expanded. */

/** Undefined for a quote that is not closed, or a backslash at the end. An empty line has no words. */
export function parseShellWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let rest = line;
  while (rest !== '') {
    const part = parts.map(({ pattern, read }) => ({ found: pattern.exec(rest), read })).find(({ found }) => found !== null);
    if (!part?.found) return undefined;
    const [text] = part.found;
    rest = rest.slice(text.length);
    const value = part.read(part.found);
    if (value !== undefined) word = (word ?? '') + value;
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}

/** What a line is made of, and the text that each adds to a word. White space ends a word. */
const parts: readonly { readonly pattern: RegExp; readonly read: (found: RegExpExecArray) => string | undefined }[] = [
  { pattern: /^\s+/, read: () => undefined },
  { pattern: /^'([^']*)'/, read: ([, text]) => text ?? '' },
  // POSIX 2.2.3: between double quotes, a backslash quotes only these.
  {
    pattern: /^"((?:[^"\\]|\\[^])*)"/,
    read: ([, text]) => text?.replace(/\\([$`"\\]|\n)/g, (_, one: string) => (one === '\n' ? '' : one)) ?? '',
  },
  { pattern: /^\\([^])/, read: ([, one]) => one ?? '' },
  { pattern: /^[^\s'"\\]+/, read: ([text]) => text },
];
