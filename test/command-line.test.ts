/** A word that a person copies is one word to a shell, and the same one. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellWord } from '../src/command-line.js';

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
  expect(execFileSync('bash', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text);
});

test('what needs no quotes has none', () => {
  expect(shellWord('https://a.example/mcp')).toBe('https://a.example/mcp');
  expect(shellWord('/home/me/.pflow/mcp-servers.json')).toBe('/home/me/.pflow/mcp-servers.json');
});
