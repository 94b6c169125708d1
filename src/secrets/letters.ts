/**
 * The letters and digits of a text, however it is written: in either case, with other characters between them, percent-encoded
 * once or often, as in JSON, as in HTML. Two texts that a person reads as the same have the same letters.
 */

export interface Letters {
  readonly text: string;
  /** Where in what was written each of them begins, and where it ends. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Ways to write one character, each with the code that it stands for, and last any character as itself. */
const written = new RegExp(
  [
    // %41, %2541 and %252541
    '%(?:25)*([0-7][\\da-f])',
    // The octets of what is not ASCII.
    '((?:%(?:25)*[89a-f][\\da-f])+)',
    '\\\\+u([\\da-f]{4})',
    '\\\\+x([\\da-f]{2})',
    '&(?:amp;)*#x([\\da-f]{1,6});?',
    '&(?:amp;)*#(\\d{1,7});?',
    // A line’s end and its like, and what has a name in HTML: nothing that is a letter.
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
  for (const match of text.matchAll(written)) {
    for (const one of characterOf(match)) {
      if (!letter.test(one)) continue;
      parts.push(one);
      // By UTF-16 units, as indexOf counts.
      starts.push(...Array.from({ length: one.length }, () => match.index));
      ends.push(...Array.from({ length: one.length }, () => match.index + match[0].length));
    }
  }
  return { text: parts.join(''), starts, ends };
}

function characterOf([, ascii, octets, json, hex, inHtml, decimal, nothing, itself]: RegExpExecArray): string {
  if (itself !== undefined) return folded(itself);
  if (nothing !== undefined) return '';
  if (octets !== undefined) return folded(decoder.decode(Buffer.from(octets.replaceAll('%', '').replace(/25(?=[89a-f])/gi, ''), 'hex')));
  const code = decimal === undefined ? parseInt(ascii ?? json ?? hex ?? inHtml ?? '', 16) : Number(decimal);
  return code > 0x10ffff ? '' : folded(String.fromCodePoint(code));
}

const decoder = new TextDecoder();

/** One that is written wide, or in small capitals, is the same to a reader. */
function folded(character: string): string {
  return character.normalize('NFKC').toLowerCase();
}
