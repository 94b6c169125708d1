/** What is on a screen or in a pipe is read while it is being written. */

/**
 * The match of a pattern in a text that is still coming. A pattern that ends with `$` wants a whole line, so that it is not
 * matched in the line that is being written.
 *
 * @param open the end of that line in the text; the text's own end where it is not known.
 */
export function completeMatch(pattern: RegExp, text: string, open = text.length): RegExpExecArray | undefined {
  const wantsLine = pattern.source.endsWith('$');
  const all = new RegExp(pattern.source, pattern.flags.includes('g') ? pattern.flags : `${pattern.flags}g`);
  for (const match of text.matchAll(all)) {
    const end = match.index + match[0].length;
    const isBeingWritten = end === open && text[end - 1] !== '\n';
    if (!wantsLine || !isBeingWritten) return match;
  }
  return undefined;
}
