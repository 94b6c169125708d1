/** Commands that a person copies into a shell, and that apps give to one: each word as it is, whatever is in it. */
import { isPrintable } from './server-text.js';

/** `words` as one line for sh(1), which takes each as it is. */
export function formatShellLine(words: readonly string[]): string {
  return words.map(quoteShellWord).join(' ');
}

/**
 * A command of ours as a text to be copied, as in ownCommand`mcp-auth login ${name} --start`. What is put in is one word each;
 * one that begins with a hyphen is no option.
 */
export function formatCommand({ raw }: TemplateStringsArray, ...values: readonly string[]): string {
  const words = raw.flatMap((text, at) => [
    ...text.split(' ').filter(Boolean),
    ...(at < values.length ? [{ value: values[at] ?? '' }] : []),
  ]);
  const firstOption = words.findIndex((word) => typeof word === 'string' && word.startsWith('-'));
  const [operands, options] = firstOption === -1 ? [words, []] : [words.slice(0, firstOption), words.slice(firstOption)];
  const isOption = (word: (typeof words)[number]) => typeof word === 'object' && word.value.startsWith('-');
  // `mcp-auth VERB`, and then what is meant by it.
  const ordered = operands.some(isOption) ? [...operands.slice(0, 2), ...options, '--', ...operands.slice(2)] : words;
  return ordered.map((word) => (typeof word === 'string' ? word : quoteShellWord(word.value))).join(' ');
}

/** One word for a shell: a name, a path or an address of anybody’s. */
export function quoteShellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return isPrintable(word) ? `'${word.replaceAll("'", `'\\''`)}'` : inCodes(word);
}

/** What cannot be shown is written in codes: `$'…'`, which bash, zsh, ksh and POSIX.1-2024 know. */
function inCodes(word: string): string {
  const octal = (octet: number) => `\\${octet.toString(8).padStart(3, '0')}`;
  const codes = (letter: string) => [...Buffer.from(letter)].map(octal).join('');
  return `$'${word.replace(/./gsu, (one) => (/[\\']/.test(one) ? `\\${one}` : isPrintable(one) ? one : codes(one)))}'`;
}
