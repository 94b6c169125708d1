/** The text of files that people edit: with what editors and shells of Windows put in front of it, or make of it. */

const byteOrderMark = '\uFEFF';

/** A text without the byte order mark that some editors begin a file with. It is no part of the text (RFC 8259 section 8.1). */
export function stripByteOrderMark(text: string): string {
  return text.startsWith(byteOrderMark) ? text.slice(1) : text;
}

/** The text in a file's bytes, which are UTF-8 with or without a byte order mark; undefined for UTF-16, which is another one. */
export function decodeText(bytes: Buffer): string | undefined {
  return isUtf16(bytes) ? undefined : stripByteOrderMark(bytes.toString('utf8'));
}

/** What to do about a file that is in UTF-16. */
export const saveAsUtf8Hint = 'Save it as UTF-8. Windows PowerShell 5 writes UTF-16 with >: use Out-File -Encoding utf8.';

/** By its mark, or by its first character: JSON, keys and tokens begin with one of ASCII, of which UTF-16 makes a zero. */
function isUtf16([first, second]: Buffer): boolean {
  if (first === undefined || second === undefined) return false;
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || (first === 0) !== (second === 0);
}
