/** What is on a screen or in a pipe is read while it is being written. */

/**
 * The match of a pattern in a text that is still coming. What could still grow is not taken from the line that is being written:
 * the match of a pattern that ends with `$`, or with a repetition, at the end of that line.
 *
 * @param open the end of the line that is being written, in the text; undefined where nothing is any more.
 */
export function completeMatch(pattern: RegExp, text: string, open: number | undefined): RegExpExecArray | undefined {
  const canGrow = /(\$|(?<!\\)[+*}])\)*$/.test(pattern.source);
  const all = new RegExp(pattern.source, pattern.flags.includes('g') ? pattern.flags : `${pattern.flags}g`);
  for (const match of text.matchAll(all)) {
    const end = match.index + match[0].length;
    // A terminal may have spaces after what has been written.
    const isBeingWritten = open !== undefined && end <= open && text[end - 1] !== '\n' && /^ *$/.test(text.slice(end, open));
    if (!canGrow || !isBeingWritten) return match;
  }
  return undefined;
}
