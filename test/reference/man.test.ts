import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { commands } from '../../src/commands/index.js';
import { loadCommandReferences } from '../../src/commands/completion.js';
import { describeWith } from '../helpers/installed.js';

const file = path.resolve(import.meta.dirname, '../../dist/mcp-auth.1');

describeWith('mandoc', 'the manual page', (mandoc) => {
  test('is right for man', () => {
    const { stdout, stderr } = spawnSync(mandoc, ['-Tlint', file], { encoding: 'utf8' });
    // Without a date, it is the same however often it is built.
    const found = `${stdout}${stderr}`.split('\n').filter((line) => /WARNING|ERROR|UNSUPP/.test(line) && !line.includes('missing date'));
    expect(found).toEqual([]);
  });

  test('shows every command and option, as they are typed', async () => {
    const { stdout } = spawnSync(mandoc, ['-Tascii', '-Owidth=200', file], { encoding: 'utf8' });
    // eslint-disable-next-line no-control-regex -- how a terminal of paper prints bold and underlined
    const text = stdout.replace(/.\x08/g, '');
    for (const { name } of commands) expect(text).toContain(`mcp-auth ${name}`);
    for (const { options, examples } of await loadCommandReferences()) {
      for (const option of options.flatMap((one) => one.names)) expect(text).toContain(option);
      for (const example of examples) expect(text).toContain(`mcp-auth ${example}`);
    }
  });
});

test('is in the package', () => {
  const { man } = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../package.json'), 'utf8')) as { man: string[] };
  expect(man).toEqual(['dist/mcp-auth.1']);
});
