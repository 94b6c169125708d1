/** Names and paths of forwarded sockets, and how ssh is given them. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createSocketName, findMachineName, formatForward, formatForwardLine, isUsablePath } from '../../src/ssh/socket-path.js';
import { temporaryFolder } from '../helpers/folder.js';
import { describeWith } from '../helpers/installed.js';

test.each([
  ['laptop', 'laptop'],
  ['Annas-MacBook-Pro.local', 'Annas-MacBook-Pro'],
  ['a-very-long-name-of-a-machine', 'a-very-long-name-of'],
  ['köln_1', 'k-ln-1'],
  ['-x$(id)', 'x-id'],
  ['', 'laptop'],
  ['日本', 'laptop'],
])('a machine with the hostname “%s” is %s', (hostname, name) => {
  expect(findMachineName(hostname)).toBe(name);
});

test('every session has a name of its own', () => {
  const names = Array.from({ length: 100 }, () => createSocketName('laptop'));
  expect(new Set(names).size).toBe(100);
  for (const name of names) expect(name).toMatch(/^laptop-[a-z2-7]{8}\.sock$/);
});

test.each([
  ['/run/user/1000/mcp-auth/forwarded/a.sock', true],
  ['/home/müller/.config/mcp-auth/run/forwarded/a.sock', true],
  ['/home/two words/a.sock', true],
  ['relative/a.sock', false],
  ['/run/b.sock', false],
  ['/run/ba.sock', false],
  ['/run:/a.sock', false],
  ['/run/\u001b[2J/a.sock', false],
  ['/run/\u202e/a.sock', false],
  ['/run/../a.sock', false],
  ['/run/./a.sock', false],
  ['/run//a.sock', false],
  ['/run/$(id)/a.sock', false],
  ['/run/${HOME}/a.sock', false],
  [String.raw`/run/\/a.sock`, false],
  ['/run/"/a.sock', false],
  [`/${'x'.repeat(95)}/a.sock`, true],
  [`/${'x'.repeat(96)}/a.sock`, false],
])('the path %j of a remote machine: %s', (remote, isUsable) => {
  expect(isUsablePath(remote, 'a.sock')).toBe(isUsable);
});

const pairs: [string, string][] = [
  ['/run/user/1/a.sock', '/tmp/b.sock'],
  ['/home/two words/a.sock', '/tmp/b c.sock'],
  ['/home/100%/a.sock', '/tmp/%h.sock'],
  ['/home/#/a.sock', '/tmp/a:b.sock'],
];

test.each([
  ['/home/${HOME}/a.sock', 'a dollar sign and a brace'],
  ['/home/"/a.sock', 'quotation marks'],
  [String.raw`/home/\/a.sock`, 'backslashes'],
])('%s cannot be in the configuration of ssh', (remote, message) => {
  expect(() => formatForwardLine(remote, '/tmp/b.sock')).toThrow(message);
});

describeWith('ssh', 'ssh itself', (ssh) => {
  const forwardOf = (words: readonly string[]) =>
    /^remoteforward (.*)$/m.exec(execFileSync(ssh, ['-G', ...words, 'host'], { encoding: 'utf8' }))?.[1];

  test.each(pairs)('reads -R of %s and %s', (remote, local) => {
    expect(forwardOf(['-F', '/dev/null', '-R', formatForward(remote, local)])).toBe(`${remote} ${local}`);
  });

  test.each(pairs)('reads the line of the configuration for %s and %s', (remote, local) => {
    const file = path.join(temporaryFolder(), 'config');
    writeFileSync(file, `Host host\n  ${formatForwardLine(remote, local)}\n`);
    expect(forwardOf(['-F', file])).toBe(`${remote} ${local}`);
  });
});
