/**
 * The short code that the terminal shows and the user types on the relay's page, as RFC 8628 section 6.1 recommends: letters that do
 * not form words and are not confused with others.
 */
import { hashText } from './session-id.js';

const letters = 'BCDFGHJKLMNPQRSTVWXZ';
const codeLength = 6;

/** Without the hyphen that is shown. 20 letters divide no power of two, so octets that would favour some of them are not used. */
export function createShortCode(): string {
  let code = '';
  while (code.length < codeLength) {
    const [octet = 255] = globalThis.crypto.getRandomValues(new Uint8Array(1));
    if (octet < 240) code += letters.charAt(octet % letters.length);
  }
  return code;
}

export function formatShortCode(code: string): string {
  return `${code.slice(0, codeLength / 2)}-${code.slice(codeLength / 2)}`;
}

/** What the user typed, without what people add: small letters, spaces, hyphens. */
export function normaliseShortCode(typed: string): string {
  return typed.toUpperCase().replace(/[^A-Z]/g, '');
}

/** What the relay compares with. It is a different hash for each session. */
export function hashShortCode(code: string, sessionId: string): Promise<string> {
  return hashText(`${sessionId}.${code}`);
}
