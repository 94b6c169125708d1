/**
 * Words that a server sent, on their way to a person.
 *
 * They may hold terminal escapes, bidirectional overrides and characters of no width that make one text look like
 * another. Every sentence that repeats a server's words takes them through `quoted`.
 */

/** Longest piece of a server's text that is shown, in characters. */
const longest = 200;

/** Controls, formatting marks (bidirectional ones too), lone surrogates, line separators, and whatever has no width. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** `text` without a character that could move the cursor, hide, or reorder what follows. One line becomes of many. */
export function printable(text: string): string {
  return text.replace(/[\r\n\t]+/g, ' ').replace(unprintable, '');
}

/** A server's words, made printable, cut to 200 characters and put in quotation marks, which show whose words they are. */
export function quoted(text: unknown): string {
  const words = printable(typeof text === 'string' ? text : text === undefined ? 'nothing' : JSON.stringify(text)).trim();
  const characters = Array.from(words);
  return `“${characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : words}”`;
}
