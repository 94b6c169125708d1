/** Binary strings: one character per byte, for data that is only passed on. */
import type { BinaryString } from '../effects.js';

/** Node's name for this encoding. */
export const binaryEncoding = 'latin1';

/** Encodes a text as UTF-8 bytes. */
export function toBinary(text: string): BinaryString {
  return (isAscii(text) ? text : Buffer.from(text).toString(binaryEncoding)) as BinaryString;
}

/** Decodes UTF-8 bytes. */
export function fromBinary(binary: string): string {
  return isAscii(binary) ? binary : Buffer.from(binary, binaryEncoding).toString();
}

/** Whether a text is the same as its binary string. */
export function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}
