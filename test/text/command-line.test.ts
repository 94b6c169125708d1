/** A copied word reaches the program as one word, exactly as it is. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { formatShellLine, quoteShellWord } from '../../src/text/command-line.js';

test.each([
  '/home/me/mcp-servers.json',
  '/home/me/my store.json',
  "/tmp/it's; rm -rf $HOME",
  'https://a.example/mcp?k=1&x=2',
  '`id`',
  '~/x',
  'a\nb',
  '"',
  '',
])('%j', (text) => {
  expect(execFileSync('bash', ['-c', `printf %s ${quoteShellWord(text)}`], { encoding: 'utf8' })).toBe(text);
});

test('a word that needs no quotes has none', () => {
  expect(quoteShellWord('https://a.example/mcp')).toBe('https://a.example/mcp');
  expect(quoteShellWord('/home/me/.pflow/mcp-servers.json')).toBe('/home/me/.pflow/mcp-servers.json');
});

test.each([
  ['linear', 'linear'],
  ['C:\\Users\\me\\store.json', 'C:\\Users\\me\\store.json'],
  ['C:\\Users\\My Name\\store.json', '"C:\\Users\\My Name\\store.json"'],
  ['C:\\My Folder\\', '"C:\\My Folder\\\\"'],
  ['https://a.example/mcp?k=1&x=2', '"https://a.example/mcp?k=1&x=2"'],
  // In PowerShell, a comma makes a list, and @ passes on a variable.
  ['a,b', '"a,b"'],
  ['@a', '"@a"'],
  ['', '""'],
  ['$(calc)', "'$(calc)'"],
  ['`n', "'`n'"],
  ["it's", "'it''s'"],
  ['a” ; calc', "'a” ; calc'"],
  ['$’ ; calc', "'$’’ ; calc'"],
])('on Windows, %j is shown as %s', (word, quoted) => {
  expect(quoteShellWord(word, 'win32')).toBe(quoted);
});

test('a line that an app of Windows runs is for cmd.exe', () => {
  const words = ['C:\\Program Files\\nodejs\\node.exe', 'C:\\a&b\\bin.cjs', 'headers', 'linear', '--store', "C:\\it's mine\\"];
  expect(formatShellLine(words, 'win32')).toBe(
    '"C:\\Program Files\\nodejs\\node.exe" "C:\\a&b\\bin.cjs" headers linear --store "C:\\it\'s mine\\\\"',
  );
});
