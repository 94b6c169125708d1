import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseWindowsWords } from '../../src/text/windows-words.js';
import { quoteForWindowsProgram } from '../../src/text/windows-quotes.js';

// The examples of https://learn.microsoft.com/en-us/cpp/c-language/parsing-c-command-line-arguments
test.each([
  ['"abc" d e', ['abc', 'd', 'e']],
  ['a\\\\b d"e f"g h', ['a\\\\b', 'de fg', 'h']],
  ['a\\\\\\"b c d', ['a\\"b', 'c', 'd']],
  ['a\\\\\\\\"b c" d e', ['a\\\\b c', 'd', 'e']],
  ['a"b"" c d', ['ab" c d']],
  ['"C:\\Program Files\\op\\op.exe" read op://v/i', ['C:\\Program Files\\op\\op.exe', 'read', 'op://v/i']],
  ["age 'a b' \\\\server\\x\\", ['age', "'a", "b'", '\\\\server\\x\\']],
  ['a "" b', ['a', '', 'b']],
  ['  \t ', []],
])('%j', (line, words) => {
  // The example of Microsoft with an open quote is closed here.
  expect(parseWindowsWords(line === 'a"b"" c d' ? `${line}"` : line)).toEqual(words);
});

test('a quote that is not closed', () => {
  expect(parseWindowsWords('"a b')).toBeUndefined();
});

test('words that were quoted come back', () => {
  const word = fc.string({ unit: fc.constantFrom('a', ' ', "'", '"', '\\', '%', '\t') });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
      expect(parseWindowsWords(words.map(quoteForWindowsProgram).join(' '))).toEqual(words);
    }),
  );
});
