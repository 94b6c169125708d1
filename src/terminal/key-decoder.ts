/** Decodes what a terminal in raw mode sends into text, keys and pastes (xterm's bracketed paste, DEC mode 2004). */

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

/** Arrows, function keys, responses of the terminal: CSI, SS3 and OSC sequences, which are ignored. */
// eslint-disable-next-line no-control-regex -- the sequences consist of control characters
const sequence = /^\u001b(?:\[[0-?]*[ -/]*[@-~]|O[^\u0000-\u001f]|\][^\u0000-\u001f]*(?:\u0007|\u001b\\)|[^[O\]\u0000-\u001f\u007f])/;
/** The beginning of such a sequence, of which the rest has not arrived. */
// eslint-disable-next-line no-control-regex -- as above
const sequenceStart = /^\u001b(?:\[[0-?]*[ -/]*|O|\][^\u0000-\u001f]*\u001b?)?$/;

/** A longer sequence is not waited for. Otherwise all of it would be searched again with each piece. */
const maxSequenceLength = 4096;

/**
 * The returned function takes the next chunk from the terminal and returns the inputs that are complete. A sequence may be split
 * between chunks. Line ends in a bracketed paste are text.
 */
export function createKeyDecoder(): (chunk: string) => KeyInput[] {
  let rest = '';
  let isPasting = false;
  return (chunk) => {
    rest += chunk;
    const inputs: KeyInput[] = [];
    while (rest !== '') {
      const { input, length, paste } = isPasting ? readPasted(rest) : readTyped(rest);
      if (length === 0) break;
      if (input) inputs.push(input);
      isPasting = paste ?? isPasting;
      rest = rest.slice(length);
    }
    return inputs;
  };
}

/** The next input, if any, and how many characters it takes. `paste`: a paste begins (true) or ends (false). */
interface DecodedInput {
  readonly input?: KeyInput;
  readonly length: number;
  readonly paste?: boolean;
}

function readPasted(rest: string): DecodedInput {
  const end = rest.indexOf(pasteEnd);
  if (end === 0) return { length: pasteEnd.length, paste: false };
  // The rest may end with the beginning of the end mark, which is kept until more arrives.
  const markStart = end === -1 ? Array.from(pasteEnd, (_, i) => i).findLast((n) => n > 0 && rest.endsWith(pasteEnd.slice(0, n))) : 0;
  const length = end === -1 ? rest.length - (markStart ?? 0) : end;
  return length === 0 ? { length } : { input: { kind: 'text', text: rest.slice(0, length), pasted: true }, length };
}

function readTyped(rest: string): DecodedInput {
  if (rest.startsWith(pasteStart)) return { length: pasteStart.length, paste: true };
  const first = rest.charAt(0);
  if (first === '\u001b') {
    const beginning = rest.slice(0, maxSequenceLength);
    return { length: rest.length < maxSequenceLength && sequenceStart.test(rest) ? 0 : (sequence.exec(beginning)?.[0].length ?? 1) };
  }
  const control = controls[first];
  if (control) return { input: control, length: 1 };
  // eslint-disable-next-line no-control-regex -- control characters end a piece of text
  const text = /^[^\u0000-\u001f\u007f]+/.exec(rest)?.[0] ?? '';
  return text === '' ? { length: 1 } : { input: { kind: 'text', text, pasted: false }, length: text.length };
}
