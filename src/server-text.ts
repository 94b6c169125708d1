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
/** Double quotation marks of all scripts: with one of these, a server's words could seem to end before they do. */
const quotationMarks = /[“”„‟«»〝〞〟＂]/g;

/** `text` without a character that could move the cursor, hide, or reorder what follows. One line becomes of many. */
export function printable(text: string): string {
  return text.replace(/[\r\n\t]+/g, ' ').replace(unprintable, '');
}

/** Whether a text has nothing in it that `printable` takes away. */
export function isPrintable(text: string): boolean {
  return printable(text) === text;
}

/** A server's words, made printable, cut to 200 characters and put in quotation marks, which show whose words they are. */
export function quoted(text: unknown): string {
  const words = printable(typeof text === 'string' ? text : text === undefined ? 'nothing' : inJson(text)).trim();
  return `“${shortened(words.replace(quotationMarks, '"'))}”`;
}

/** The first 200 characters, with a mark where more was. */
export function shortened(text: string): string {
  // One character is two units at most, so that a long text need not be taken apart as a whole.
  const characters = Array.from(text.slice(0, 2 * longest + 2));
  return characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : text;
}

/** What is nested deeper than anybody's stack has no text. */
function inJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return 'something that has no end';
  }
}
