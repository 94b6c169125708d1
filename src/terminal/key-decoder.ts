/** What a terminal in raw mode sends, told apart: text, keys, and what was pasted (xterm's bracketed paste, DEC mode 2004). */

export type KeyInput =
  | { readonly kind: 'text'; readonly text: string; readonly pasted: boolean }
  | { readonly kind: 'enter' | 'backspace' | 'clear' | 'interrupt' | 'end' | 'suspend' };

const pasteStart = '\u001b[200~';
const pasteEnd = '\u001b[201~';

/** ^C, ^D, ^H, ^U, ^W, ^Z, DEL and the line ends. */
const controls: Readonly<Record<string, KeyInput>> = {
  '\u0003': { kind: 'interrupt' },
  '\u0004': { kind: 'end' },
  '\b': { kind: 'backspace' },
  '\u007f': { kind: 'backspace' },
  '\u0015': { kind: 'clear' },
  '\u0017': { kind: 'clear' },
  '\u001a': { kind: 'suspend' },
  '\r': { kind: 'enter' },
  '\n': { kind: 'enter' },
};

/** An arrow, a function key, an answer of the terminal: CSI, SS3 and OSC sequences, which mean nothing to us. */
// eslint-disable-next-line no-control-regex -- that is what they are made of
const sequence = /^\u001b(?:\[[0-?]*[ -/]*[@-~]|O[^\u0000-\u001f]|\][^\u0000-\u001f]*(?:\u0007|\u001b\\)|[^[O\]\u0000-\u001f\u007f])/;
/** The beginning of such a sequence, whose rest is still on its way. */
// eslint-disable-next-line no-control-regex -- as above
const unfinished = /^\u001b(?:\[[0-?]*[ -/]*|O|\][^\u0000-\u001f]*\u001b?)?$/;

/** Characters of a sequence: the rest of one that is longer is not waited for, and looked at again with each piece. */
const longestSequence = 4096;

/**
 * Reads a stream of keys piece by piece. The returned function takes the next piece, as a terminal sent it, and gives
 * what is complete; a sequence that is cut in two is put together. Ends of lines in a bracketed paste are text.
 */
export function createKeyDecoder(): (chunk: string) => KeyInput[] {
  let rest = '';
  let pasting = false;
  return (chunk) => {
    rest += chunk;
    const strokes: KeyInput[] = [];
    while (rest !== '') {
      const { stroke, length, paste } = pasting ? nextPasted(rest) : nextTyped(rest);
      if (length === 0) break;
      if (stroke) strokes.push(stroke);
      pasting = paste ?? pasting;
      rest = rest.slice(length);
    }
    return strokes;
  };
}

/** `length` characters are used up; `paste` says that a paste begins or ends. */
interface Next {
  readonly stroke?: KeyInput;
  readonly length: number;
  readonly paste?: boolean;
}

function nextPasted(rest: string): Next {
  const end = rest.indexOf(pasteEnd);
  if (end === 0) return { length: pasteEnd.length, paste: false };
  // What may be the beginning of the end mark waits for more.
  const begun = end === -1 ? Array.from(pasteEnd, (_, i) => i).findLast((n) => n > 0 && rest.endsWith(pasteEnd.slice(0, n))) : 0;
  const length = end === -1 ? rest.length - (begun ?? 0) : end;
  return length === 0 ? { length } : { stroke: { kind: 'text', text: rest.slice(0, length), pasted: true }, length };
}

function nextTyped(rest: string): Next {
  if (rest.startsWith(pasteStart)) return { length: pasteStart.length, paste: true };
  const first = rest.charAt(0);
  if (first === '\u001b') {
    const beginning = rest.slice(0, longestSequence);
    return { length: rest.length < longestSequence && unfinished.test(rest) ? 0 : (sequence.exec(beginning)?.[0].length ?? 1) };
  }
  const control = controls[first];
  if (control) return { stroke: control, length: 1 };
  // eslint-disable-next-line no-control-regex -- control characters end a piece of text
  const text = /^[^\u0000-\u001f\u007f]+/.exec(rest)?.[0] ?? '';
  return text === '' ? { length: 1 } : { stroke: { kind: 'text', text, pasted: false }, length: text.length };
}
