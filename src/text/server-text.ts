/**
 * Text that a server sent, made safe to print.
 *
 * It may contain terminal escapes, bidirectional overrides and zero-width characters that make one text look like another.
 * Every sentence that repeats a server's text passes it through `quote`.
 */

/** Characters of a server's text that are shown. */
const maxShownCharacters = 200;

/** Characters of a server's text that are processed, of which many may be unprintable. */
const maxProcessedCharacters = 4000;

/** Control and format characters (also bidirectional ones), lone surrogates, line separators, and zero-width characters. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
/** Double quotation marks of all scripts, with which a quoted text could seem to end early. */
const quotationMarks = /[“”„‟«»〝〞〟＂]/g;

/** Puts a text on one line and removes all characters that could move the cursor, or hide or reorder other characters. */
export function toPrintable(text: string): string {
  return text.replace(/[\r\n\t]+|\p{Zs}/gu, ' ').replace(unprintable, '');
}

/** Replaces credentials, and everything that looks like a token, by `…`, because servers repeat headers of requests. Cuts a long text off. */
export function redactCredentials(text: string): string {
  return text
    .slice(0, maxProcessedCharacters)
    .replace(/\b(Bearer|DPoP|Basic)\s+[^\s"',;]+/gi, '$1 …')
    .replace(/[\w.~+/=-]{32,}/g, (run) => (/\d/.test(run) && /[a-z]/i.test(run) ? '…' : run));
}

/** Whether `toPrintable` leaves a text as it is. */
export function isPrintable(text: string): boolean {
  return toPrintable(text) === text;
}

/** Whether a text contains unprintable characters, so that it differs from what a reader sees. */
export function hasUnprintable(text: string): boolean {
  return text.replace(unprintable, '') !== text;
}

/** Makes a server's text printable, cuts it to 200 characters and puts it in quotation marks, which show that it is quoted. */
export function quote(text: unknown): string {
  const all = typeof text === 'string' ? text : text === undefined ? 'nothing' : formatJson(text);
  const printable = toPrintable(all.slice(0, maxProcessedCharacters)).trim();
  return `“${shorten(printable.replace(quotationMarks, '"'))}”`;
}

/** Cuts a text to 200 characters; `…` marks the cut. */
export function shorten(text: string): string {
  // A character has at most two UTF-16 units, so a long text need not be split as a whole.
  const characters = Array.from(text.slice(0, 2 * maxShownCharacters + 2));
  return characters.length > maxShownCharacters ? `${characters.slice(0, maxShownCharacters - 1).join('')}…` : text;
}

/** JSON.stringify throws for values that are nested too deeply for the stack. */
function formatJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return 'a value that is nested too deeply';
  }
}

/** Whether a segment of a URL is a random key: long, with letters and digits. Many services give each customer one. */
export function looksRandom(word: string): boolean {
  return /^(?=.*\d)(?=.*[a-z])[\w.~%-]{20,}$/i.test(word);
}

/**
 * Formats the URL of an MCP server for a sentence: without user information, query values, and random keys in its path.
 * Variables, as `${NAME}`, are shown as they are written.
 */
export function redactUrl(url: URL | string): string {
  const text = toPrintable(typeof url === 'string' ? url : url.href);
  const [, before = text, query] = /^([^?#]*)(?:\?([^#]*))?/.exec(text) ?? [];
  const [scheme = '', empty, host, ...path] = before.split('/');
  const segments = path.map((segment) => (looksRandom(segment) ? '…' : segment));
  const values = query?.split('&').map((pair) => pair.replace(/=(?!\$\{\w+\}$)[^]+$/, '=…'));
  const start = empty === '' && host !== undefined ? [scheme, empty, host.replace(/^[^]*@/, '…@'), ...segments].join('/') : before;
  return shorten(values === undefined ? start : `${start}?${values.join('&')}`);
}
