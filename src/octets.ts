/**
 * Bytes as a string, one character a byte: what is only passed on is neither decoded nor encoded. Strings and not buffers,
 * since V8 lets hundreds of megabytes of buffers pile up before it looks which of them are still needed.
 */
declare const isOctets: unique symbol;
export type Octets = string & { readonly [isOctets]: true };

/** The name of this in Node's streams. */
export const octetEncoding = 'latin1';

/** Text as UTF-8. */
export function toOctets(text: string): Octets {
  return (isAscii(text) ? text : Buffer.from(text).toString(octetEncoding)) as Octets;
}

/** What the UTF-8 says. */
export function fromOctets(octets: string): string {
  return isAscii(octets) ? octets : Buffer.from(octets, octetEncoding).toString();
}

/** Whether octets and text are the same. */
export function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}
