/** Text files that users edit: Windows editors and shells add byte order marks, or write UTF-16. */

const byteOrderMark = '\uFEFF';

/** Removes the byte order mark that some editors write at the start of a file (RFC 8259 section 8.1). */
export function stripByteOrderMark(text: string): string {
  return text.startsWith(byteOrderMark) ? text.slice(1) : text;
}

/** Decodes a file in UTF-8, with or without a byte order mark; undefined for UTF-16. */
export function decodeText(bytes: Buffer): string | undefined {
  return isUtf16(bytes) ? undefined : stripByteOrderMark(bytes.toString('utf8'));
}

/** The hint for a file in UTF-16. */
export const saveAsUtf8Hint = 'Save it as UTF-8. Windows PowerShell 5 writes UTF-16 with >: use Out-File -Encoding utf8.';

/** By the byte order mark, or by a zero byte in the first character: JSON, keys and tokens begin with an ASCII character. */
function isUtf16([first, second]: Buffer): boolean {
  if (first === undefined || second === undefined) return false;
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || (first === 0) !== (second === 0);
}
