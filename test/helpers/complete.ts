/** Matching text of a screen or a pipe while it is still being written. */

/**
 * Finds a pattern in a text that is still being written. A match that could still grow is ignored in the line that is being written:
 * that is a match at the end of that line, of a pattern that ends with `$` or with a repetition.
 *
 * @param open index of the end of the line that is being written; undefined if no more text comes.
 */
export function completeMatch(pattern: RegExp, text: string, open: number | undefined): RegExpExecArray | undefined {
  const canGrow = /(\$|(?<!\\)[+*}])\)*$/.test(pattern.source);
  const all = new RegExp(pattern.source, pattern.flags.includes('g') ? pattern.flags : `${pattern.flags}g`);
  for (const match of text.matchAll(all)) {
    const end = match.index + match[0].length;
    // A terminal may have spaces after the text.
    const isBeingWritten = open !== undefined && end <= open && text[end - 1] !== '\n' && /^ *$/.test(text.slice(end, open));
    if (!canGrow || !isBeingWritten) return match;
  }
  return undefined;
}
