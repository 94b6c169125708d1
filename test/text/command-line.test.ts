/** A copied word reaches the program as one word, exactly as it is. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { quoteShellWord } from '../../src/text/command-line.js';

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
