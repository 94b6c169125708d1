/**
 * Puts a word between quotation marks, as programs of Windows read their command line: backslashes before a quotation mark are escapes,
 * all others are not. https://learn.microsoft.com/en-us/cpp/c-language/parsing-c-command-line-arguments
 */
export function quoteForWindowsProgram(word: string): string {
  const parts = word.split('"').map((part) => part + findLastBackslashes(part));
  return `"${parts.join('\\"')}"`;
}

/** A loop, because `/\\+$/` takes quadratic time. */
function findLastBackslashes(text: string): string {
  let start = text.length;
  while (text[start - 1] === '\\') start -= 1;
  return text.slice(start);
}
