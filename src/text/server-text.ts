/**
 * Words that a server sent, on their way to a person.
 *
 * They may hold terminal escapes, bidirectional overrides and characters of no width that make one text look like
 * another. Every sentence that repeats a server's words takes them through `quoted`.
 */

/** Longest piece of a server's text that is shown, in characters. */
const longest = 200;

/** Characters of a text that are looked at, of which most may turn out not to be printable. */
const beginning = 4000;

/** Controls, formatting marks (bidirectional ones too), lone surrogates, line separators, and whatever has no width. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
/** Double quotation marks of all scripts: with one of these, a server's words could seem to end before they do. */
const quotationMarks = /[“”„‟«»〝〞〟＂]/g;

/** `text` without a character that could move the cursor, hide, or reorder what follows. One line becomes of many. */
export function toPrintable(text: string): string {
  return text.replace(/[\r\n\t]+|\p{Zs}/gu, ' ').replace(unprintable, '');
}

/** What servers repeat of a request's headers, and whatever else looks like a token, as `…`. Of a long text, its beginning. */
export function redactCredentials(text: string): string {
  return text
    .slice(0, beginning)
    .replace(/\b(Bearer|DPoP|Basic)\s+[^\s"',;]+/gi, '$1 …')
    .replace(/[\w.~+/=-]{32,}/g, (run) => (/\d/.test(run) && /[a-z]/i.test(run) ? '…' : run));
}

/** Whether a text has nothing in it that `printable` takes away. */
export function isPrintable(text: string): boolean {
  return toPrintable(text) === text;
}

/** Whether a text has a character in it that does not print, or that reorders others: what is read is not what is there. */
export function hasUnprintable(text: string): boolean {
  return text.replace(unprintable, '') !== text;
}

/** A server's words, made printable, cut to 200 characters and put in quotation marks, which show whose words they are. */
export function quote(text: unknown): string {
  const all = typeof text === 'string' ? text : text === undefined ? 'nothing' : inJson(text);
  const words = toPrintable(all.slice(0, beginning)).trim();
  return `“${shorten(words.replace(quotationMarks, '"'))}”`;
}

/** The first 200 characters, with a mark where more was. */
export function shorten(text: string): string {
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

/** Whether a piece of an address is a key: made by a machine, long, of letters and digits. Many services give each customer one. */
export function looksRandom(word: string): boolean {
  return /^(?=.*\d)(?=.*[a-z])[\w.~%-]{20,}$/i.test(word);
}

/**
 * The URL of an MCP server in a sentence: without user information, the values of its query, and what may be a key in its path. A
 * variable is shown by its name, as it was written.
 */
export function redactUrl(url: URL | string): string {
  const text = toPrintable(typeof url === 'string' ? url : url.href);
  const [, before = text, query] = /^([^?#]*)(?:\?([^#]*))?/.exec(text) ?? [];
  const [scheme = '', empty, host, ...path] = before.split('/');
  const shown = path.map((piece) => (looksRandom(piece) ? '…' : piece));
  const values = query?.split('&').map((pair) => pair.replace(/=(?!\$\{\w+\}$)[^]+$/, '=…'));
  const start = empty === '' && host !== undefined ? [scheme, empty, host.replace(/^[^]*@/, '…@'), ...shown].join('/') : before;
  return shorten(values === undefined ? start : `${start}?${values.join('&')}`);
}
