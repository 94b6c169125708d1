/** Bytes as strings of one character per byte, for data that is only passed on. */
import type { BinaryString } from '../effects.js';

/** The name of this in Node's streams. */
export const binaryEncoding = 'latin1';

/** Text as UTF-8. */
export function toBinary(text: string): BinaryString {
  return (isAscii(text) ? text : Buffer.from(text).toString(binaryEncoding)) as BinaryString;
}

/** What the UTF-8 says. */
export function fromBinary(octets: string): string {
  return isAscii(octets) ? octets : Buffer.from(octets, binaryEncoding).toString();
}

/** Whether octets and text are the same. */
export function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}
