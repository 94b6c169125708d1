/**
 * The letters and digits of a text in any notation: upper or lower case, with other characters in between, percent-encoded
 * once or several times, escaped as in JSON or HTML. Texts that look the same to a reader have the same letters.
 */

export interface Letters {
  readonly text: string;
  /** Where each of them starts and ends in the original text. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Notations of one character; the groups hold its code. The last alternative is any character as it is. */
const notations = new RegExp(
  [
    // %41, %2541 and %252541
    '%(?:25)*([0-7][\\da-f])',
    // The UTF-8 bytes of characters outside ASCII.
    '((?:%(?:25)*[89a-f][\\da-f])+)',
    '\\\\+u([\\da-f]{4})',
    '\\\\+x([\\da-f]{2})',
    '&(?:amp;)*#x([\\da-f]{1,6});?',
    '&(?:amp;)*#(\\d{1,7});?',
    // Escaped line breaks and the like, and named HTML entities: none of them is a letter.
    '(\\\\+[nrtbf]|&(?:amp;)*[a-z]{2,8};)',
    '([^])',
  ].join('|'),
  'giu',
);
const letter = /[\p{L}\p{N}]/u;

export function extractLetters(text: string): Letters {
  const parts: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  for (const match of text.matchAll(notations)) {
    for (const one of decodeCharacter(match)) {
      if (!letter.test(one)) continue;
      parts.push(one);
      // In UTF-16 units, as indexOf counts.
      starts.push(...Array.from({ length: one.length }, () => match.index));
      ends.push(...Array.from({ length: one.length }, () => match.index + match[0].length));
    }
  }
  return { text: parts.join(''), starts, ends };
}

function decodeCharacter([, ascii, utf8, json, hex, inHtml, decimal, noLetter, itself]: RegExpExecArray): string {
  if (itself !== undefined) return fold(itself);
  if (noLetter !== undefined) return '';
  if (utf8 !== undefined) return fold(decoder.decode(Buffer.from(utf8.replaceAll('%', '').replace(/25(?=[89a-f])/gi, ''), 'hex')));
  const code = decimal === undefined ? parseInt(ascii ?? json ?? hex ?? inHtml ?? '', 16) : Number(decimal);
  return code > 0x10ffff ? '' : fold(String.fromCodePoint(code));
}

const decoder = new TextDecoder();

/** Full-width and other variants of a character become the plain one. */
function fold(character: string): string {
  return character.normalize('NFKC').toLowerCase();
}
