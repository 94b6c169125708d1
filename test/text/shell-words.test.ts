import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatShellLine } from '../../src/text/command-line.js';
import { parseShellWords } from '../../src/text/shell-words.js';

test.each([
  ['op read op://vault/item', ['op', 'read', 'op://vault/item']],
  ['  a  "b c"\t\'d "e\' f\\ g ', ['a', 'b c', 'd "e', 'f g']],
  ['a"b"\'c\'\\d', ['abcd']],
  ['"" \'\'', ['', '']],
  ['"a\\"b\\$\\c"', ['a"b$\\c']],
  ['$HOME ~ *', ['$HOME', '~', '*']],
  ['', []],
])('%j', (line, words) => {
  expect(parseShellWords(line)).toEqual(words);
});

test.each(['"a', "a 'b", 'a\\'])('a quote that is not closed: %j', (line) => {
  expect(parseShellWords(line)).toBeUndefined();
});

test('sh reads the same words, and words that were quoted come back', () => {
  const words = fc.array(fc.string({ unit: fc.constantFrom('a', ' ', "'", '"', '\\', ';', '$', '`') }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(words, (one) => {
      expect(parseShellWords(formatShellLine(one))).toEqual(one);
    }),
  );
  const line = `a 'b c' "d \\" e" f\\ g ''`;
  expect(execFileSync('sh', ['-c', `printf '%s\\n' ${line}`], { encoding: 'utf8' })).toBe(`${parseShellWords(line)?.join('\n')}\n`);
});
