import { expect, test } from 'vitest';
import { completeMatch } from './complete.js';

const address = 'http://127.0.0.1:4000/auth?client_id=a&resource=http%3A%2F%2F127.0.0.1%3A5000%2Fmcp';

test.each([
  { pattern: /^(http:\S+\/auth\?\S+)$/m, text: `Open:\n${address}\nand approve.\n`, found: address },
  { pattern: /^(http:\S+\/auth\?\S+)/m, text: `Open:\n${address}\nand approve.\n`, found: address },
  { pattern: /ended with (\d+)/, text: '$ echo\nended with 130\n$ ', found: '130' },
  { pattern: /\[(\w{2,})/, text: 'a [word]\n', found: 'word' },
  { pattern: /^([A-Z]{4}-[A-Z]{4}) *$/m, text: 'Code:\nABCD-EFGH  \nat a page\n', found: 'ABCD-EFGH' },
  { pattern: /Paste here:/, text: 'Open it.\nPaste here:', found: 'Paste here:' },
])('$pattern: however much of the text is there, it is found whole or not yet', ({ pattern, text, found }) => {
  const seen = Array.from({ length: text.length + 1 }, (_, length) => completeMatch(pattern, text.slice(0, length), length));
  const first = seen.findIndex((match) => match !== undefined);
  expect(first).toBeGreaterThan(0);
  for (const match of seen.slice(first)) expect(match?.[1] ?? match?.[0]).toBe(found);
});

test('what nothing is added to any more is whole', () => {
  expect(completeMatch(/^(\w+)$/m, 'last', 4)).toBeUndefined();
  expect(completeMatch(/^(\w+)$/m, 'last', undefined)?.[1]).toBe('last');
});

test('a line that is being written above others is not taken, nor with the spaces that a terminal has after it', () => {
  const screen = 'http://a.example/au  \nhttp://b.example/auth\n';
  expect(completeMatch(/^(http\S+) *$/m, screen, screen.indexOf('\n'))?.[1]).toBe('http://b.example/auth');
});
