/** Shell commands, to be copied by the user or run by an app. Every word reaches the program exactly as it is. */
import { isPrintable } from './server-text.js';
import { quoteForWindowsProgram } from './windows-quotes.js';

/** Formats a command for the shell by which programs run a line: sh(1), or cmd.exe on Windows. */
export function formatShellLine(words: readonly string[], platform: NodeJS.Platform = process.platform): string {
  return words.map((word) => (platform === 'win32' ? quoteForCmd(word) : quoteForSh(word))).join(' ');
}

/** No path of Windows contains a quotation mark. Between two, cmd.exe reads all other characters of paths as they are, but `%NAME%`. */
function quoteForCmd(word: string): string {
  if (/^[\w+:.\\/-]+$/.test(word)) return word;
  return quoteForWindowsProgram(word);
}

/**
 * Formats an mcp-auth command to be copied, as formatCommand`mcp-auth login ${name} --start`. Each inserted value is one word,
 * and never an option, even if it begins with a hyphen.
 */
export function formatCommand({ raw }: TemplateStringsArray, ...values: readonly string[]): string {
  const words = raw.flatMap((text, at) => [
    ...text.split(' ').filter(Boolean),
    ...(at < values.length ? [{ value: values[at] ?? '' }] : []),
  ]);
  const firstOption = words.findIndex((word) => typeof word === 'string' && word.startsWith('-'));
  const [operands, options] = firstOption === -1 ? [words, []] : [words.slice(0, firstOption), words.slice(firstOption)];
  const isOption = (word: (typeof words)[number]) => typeof word === 'object' && word.value.startsWith('-');
  // `mcp-auth VERB`, the options, and then the operands.
  const ordered = operands.some(isOption) ? [...operands.slice(0, 2), ...options, '--', ...operands.slice(2)] : words;
  return ordered.map((word) => (typeof word === 'string' ? word : quoteShellWord(word.value))).join(' ');
}

/** Quotes one word for the user's shell: a name, a path or a URL from anywhere. On Windows, for PowerShell and mostly for cmd.exe. */
export function quoteShellWord(word: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'win32' ? quoteForPowerShell(word) : quoteForSh(word);
}

/** Both shells of Windows read double quotes. What PowerShell would replace there needs its single quotes, which cmd.exe does not have. */
function quoteForPowerShell(word: string): string {
  if (/^[\w+:.\\/-]+$/.test(word)) return word;
  if (isPrintable(word) && !/[$`"'\u2018-\u201e]/.test(word)) return quoteForWindowsProgram(word);
  // To PowerShell, typographic quotation marks are quotation marks. Doubled, they do not end the word.
  return `'${word.replace(/['\u2018-\u201b]/g, '$&$&')}'`;
}

function quoteForSh(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return isPrintable(word) ? `'${word.replaceAll("'", `'\\''`)}'` : quoteWithCodes(word);
}

/** Quotes a word with unprintable characters as `$'…'`, which bash, zsh, ksh and POSIX.1-2024 support. */
function quoteWithCodes(word: string): string {
  const toOctal = (byte: number) => `\\${byte.toString(8).padStart(3, '0')}`;
  const toCodes = (character: string) => [...Buffer.from(character)].map(toOctal).join('');
  return `$'${word.replace(/./gsu, (one) => (/[\\']/.test(one) ? `\\${one}` : isPrintable(one) ? one : toCodes(one)))}'`;
}
