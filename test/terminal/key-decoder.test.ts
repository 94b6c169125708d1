/** Decodes what a terminal in raw mode sends. */
import { describe, expect, test } from 'vitest';
import { createKeyDecoder, type KeyInput } from '../../src/terminal/key-decoder.js';

const typed = (text: string): KeyInput => ({ kind: 'text', text, pasted: false });
const pasted = (text: string): KeyInput => ({ kind: 'text', text, pasted: true });

function read(...chunks: string[]): KeyInput[] {
  const reader = createKeyDecoder();
  return chunks.flatMap((chunk) => reader(chunk));
}

test.each([
  { what: 'text', chunks: ['abc'], strokes: [typed('abc')] },
  { what: 'text of several bytes', chunks: ['é漢'], strokes: [typed('é漢')] },
  { what: 'Enter after text', chunks: ['abc\r'], strokes: [typed('abc'), { kind: 'enter' }] },
  { what: 'an unmarked paste of two lines', chunks: ['ab\ncd'], strokes: [typed('ab'), { kind: 'enter' }, typed('cd')] },
  { what: 'a marked paste', chunks: ['\u001b[200~ab\r\ncd\u001b[201~'], strokes: [pasted('ab\r\ncd')] },
  { what: 'Ctrl-C', chunks: ['\u0003'], strokes: [{ kind: 'interrupt' }] },
  { what: 'Ctrl-D', chunks: ['\u0004'], strokes: [{ kind: 'end' }] },
  { what: 'Ctrl-Z', chunks: ['\u001a'], strokes: [{ kind: 'suspend' }] },
  { what: 'backspace, both', chunks: ['\u007f\b'], strokes: [{ kind: 'backspace' }, { kind: 'backspace' }] },
  { what: 'Ctrl-U and Ctrl-W', chunks: ['\u0015\u0017'], strokes: [{ kind: 'clear' }, { kind: 'clear' }] },
  { what: 'arrows and function keys', chunks: ['\u001b[A\u001bOP\u001b[15~a'], strokes: [typed('a')] },
  { what: 'Alt with a key', chunks: ['\u001bca'], strokes: [typed('a')] },
  { what: 'an answer of the terminal', chunks: ['\u001b]11;rgb:0000/0000/0000\u0007a'], strokes: [typed('a')] },
  { what: 'Ctrl-C after Escape', chunks: ['\u001b', '\u0003'], strokes: [{ kind: 'interrupt' }] },
  { what: 'Ctrl-C after what began like an answer', chunks: ['\u001b]x', '\u0003'], strokes: [typed(']x'), { kind: 'interrupt' }] },
  { what: 'other controls', chunks: ['\u0000\u0001a'], strokes: [typed('a')] },
])('$what', ({ chunks, strokes }) => {
  expect(read(...chunks)).toEqual(strokes);
});

describe('in pieces', () => {
  const whole = `\u001b[A\u001b[200~http://127.0.0.1/?code=1\r\n&state=2\u001b[201~\r`;
  test.each(Array.from({ length: whole.length - 1 }, (_, i) => i + 1))('cut at %d', (at) => {
    const strokes = read(whole.slice(0, at), whole.slice(at));
    const text = strokes.flatMap((stroke) => (stroke.kind === 'text' ? [stroke.text] : [])).join('');
    expect(text).toBe('http://127.0.0.1/?code=1\r\n&state=2');
    expect(strokes.at(-1)).toEqual({ kind: 'enter' });
    expect(strokes.filter(({ kind }) => kind === 'enter')).toHaveLength(1);
  });

  test('one character at a time', () => {
    const strokes = read(...Array.from(whole));
    expect(strokes.flatMap((stroke) => (stroke.kind === 'text' ? [stroke.text] : [])).join('')).toBe(
      'http://127.0.0.1/?code=1\r\n&state=2',
    );
  });
});
