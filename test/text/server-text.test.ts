import { expect, test } from 'vitest';
import { toPrintable, quote } from '../../src/text/server-text.js';

test.each([
  ['\u001b[31mred\u001b[0m', '[31mred[0m'],
  ['a\u009b2Jb', 'a2Jb'],
  ['one\r\ntwo\tthree', 'one two three'],
  ['user\u202egnp.exe', 'usergnp.exe'],
  ['zero\u200b\u200d\ufeffwidth', 'zerowidth'],
  ['tag\u{e0041}ged', 'tagged'],
  ['\u2066isolate\u2069', 'isolate'],
  ['bell\u0007 del\u007f', 'bell del'],
  ['line\u2028separator', 'lineseparator'],
  ['naïve 日本語 ✓', 'naïve 日本語 ✓'],
])('%j is printed as %j', (text, expected) => {
  expect(toPrintable(text)).toBe(expected);
});

test('a server’s text is quoted, on one line, with at most 200 characters', () => {
  expect(quote('yes\nno')).toBe('“yes no”');
  expect(Array.from(quote('😀'.repeat(500)))).toHaveLength(202);
  expect(quote(undefined)).toBe('“nothing”');
  expect(quote({ a: '\u001b' })).toBe('“{"a":"\\u001b"}”');
});
