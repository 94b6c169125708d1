/** The forms in which a server may repeat a secret: as it is, in parts, in base64, in hexadecimal. */
import { extractLetters } from './letters.js';
import type { SearchTerms } from './search.js';

/** Characters. A shorter text is not a secret, and would be found in ordinary words. */
export const minSecretLength = 6;
/** Characters. A shorter part of a secret may be an ordinary word. */
const minPartLength = 8;

export function createSearchTerms(value: string, replacement: string): SearchTerms {
  return { forms: createForms(value), exact: createExactForms(value), replacement };
}

/** The forms of a value, reduced to their letters and digits. */
function createForms(value: string): string[] {
  const bytes = Buffer.from(value);
  const whole = [value, bytes.toString('hex'), ...[0, 1, 2].map((offset) => toBase64At(bytes, offset))];
  const forms = [...whole, ...splitParts(value)].map((form) => extractLetters(form).text);
  return [...new Set(forms)].filter((form) => form.length >= minSecretLength);
}

/** A secret with few letters and digits can only be found exactly as it is. */
function createExactForms(value: string): string[] {
  return extractLetters(value).text.length < minSecretLength ? [value, encodeURIComponent(value.toWellFormed())] : [];
}

/** The characters of base64 that depend on these bytes alone, if they begin `offset` bytes after the start of a group of three. */
function toBase64At(bytes: Buffer, offset: number): string {
  const whole = Buffer.concat([Buffer.alloc(offset), bytes]);
  const text = whole.toString('base64').replace(/={1,2}$/, '');
  return text.slice(Math.ceil((offset * 8) / 6), whole.length % 3 === 0 ? undefined : -1);
}

/** The parts of a JWT, or the lines, words and pairs of a longer value. */
function splitParts(value: string): string[] {
  const isJwt = /^[\w-]+\.[\w-]+\.[\w-]*$/.test(value);
  return value.split(isJwt ? '.' : /[\s;,:=]+/).filter((part) => part.length >= minPartLength && !part.startsWith('-----'));
}
