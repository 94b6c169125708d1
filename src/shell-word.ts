/** `text` as one word of a command line that a person copies into a POSIX shell: in single quotes where a shell has a use for it. */
export function shellWord(text: string): string {
  return /^[\w%+,./:@^~=-]+$/.test(text) && !text.startsWith('~') && !text.startsWith('-') ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
