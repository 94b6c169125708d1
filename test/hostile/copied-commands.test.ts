/** Commands that the user copies from a hint into a shell, and the systemd unit, are correctly quoted whatever a name contains. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { formatCommand } from '../../src/text/command-line.js';
import { createUnits } from '../../src/commands/service-unit.js';
import { temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';

/** The arguments that a shell parses from a command. */
function wordsOf(command: string): string[] {
  const printed = execFileSync('bash', ['-c', `mcp-auth() { printf '%s\\0' "$@"; }; ${command}`], { encoding: 'utf8' });
  return printed.split('\0').slice(0, -1);
}

const odd = [
  ...[
    'my server',
    "it's",
    'a"b',
    'a$HOME',
    'a$(touch pwned)b',
    'a`touch pwned`b',
    'a;touch pwned',
    'a|b',
    'a&b',
    'a>pwned',
    'a<b',
    '*',
    '?',
    '~',
    '#x',
  ],
  ...[
    '!x',
    'a\\b',
    '{a,b}',
    '-x',
    '--help',
    '--store=x',
    '--',
    'a\nb',
    'a\u001b]0;x\u0007b',
    'a\u202eb',
    'a\u200bb',
    "\u0007'\\",
    'naïve',
    'a\u00a0b',
  ],
];

test.each(odd)('a server called %j, which another program has put into the store', async (name) => {
  const store = temporaryStore({ mcpServers: { [name]: { type: 'http', url: 'https://mcp.example/mcp' } } });
  const asked = run(['token', '--', name], { store });
  expect(await asked.exit).toBe(3);
  const command = /Run: (mcp-auth .*)$/m.exec(asked.stderr)?.[1] ?? '';
  expect(wordsOf(command).filter((word) => word !== '--' || name === '--')).toContain(name);
  // The command line parses it as that server and nothing else.
  const again = run(wordsOf(command.replace('login', 'logout')), { store });
  expect(await again.exit, again.stderr).toBe(0);
  expect(again.stderr).toContain('You were not logged in to');
});

test('options come before what begins with a hyphen', () => {
  expect(formatCommand`mcp-auth login ${'-x'} --store ${'-y z'}`).toBe("mcp-auth login --store '-y z' -- -x");
  expect(formatCommand`mcp-auth login ${'x'} --store ${'-y'}`).toBe('mcp-auth login x --store -y');
  expect(formatCommand`mcp-auth login ${''}`).toBe("mcp-auth login ''");
});

test('options of a document from elsewhere', async () => {
  const scope = "a'; touch pwned; '";
  const auth = { type: 'bearer', token: 'SECRET', flow: 'client-credentials', issuer: 'https://as.example', client_id: 'c' };
  const entry = { url: 'https://mcp.example/mcp', auth, login_options: { scope }, headers: { 'x`touch`': 'v' } };
  const imported = run('import', { store: temporaryStore(), stdin: { text: JSON.stringify({ mcpServers: { victim: entry } }) } });
  expect(await imported.exit, imported.stderr).toBe(0);
  const said = [...imported.stderr.matchAll(/“(--[^”]*)”/g)].map(([, words = '']) => wordsOf(`mcp-auth ${words}`));
  expect(said).toContainEqual(['--header', 'x`touch`']);
  expect(said).toContainEqual(['--scope', scope]);
});

const createEnv = (platform: NodeJS.Platform) => ({
  platform,
  variables: { HOME: '/home/me' },
  folder: '/',
  program: [],
  exists: () => false,
});
const [linux, mac] = [createEnv('linux'), createEnv('darwin')];

test.each(['a\nExecStart=/bin/evil', 'a\rb', 'a\u0000b', 'a\u001bb', 'a\u2028b', 'a\u202eb'])(
  'the store %j has no unit of a service',
  async (file) => {
    const store = path.join('/tmp', file);
    for (const command of ['refresh', 'agent']) {
      const asked = run([command, '--install-service', '--store', store], { store: temporaryStore(), agents: true });
      expect(await asked.exit).toBe(2);
      expect(asked.stdout).toBe('');
      expect(asked.stderr).toContain('A unit of systemd cannot contain the path');
    }
    for (const env of [linux, mac])
      expect(() => createUnits('agent', { program: ['/usr/bin/node', `/opt/${file}`], store: undefined }, env)).toThrow('cannot contain');
    const written = run(['refresh', '--install-service', '--write'], { store, env: { XDG_CONFIG_HOME: temporaryFolder() } });
    expect(await written.exit).toBe(2);
  },
);

test('a path with white space, quotes, specifiers and letters of all scripts has one', () => {
  const store = '/home/é 100%/$x <"日本　"\\s.json';
  const textOf = (env: typeof linux) => createUnits('refresh', { program: ['/usr/bin/node'], store }, env).units[0]?.text;
  expect(textOf(linux)).toContain('"--store" "/home/é 100%%/$$x <\\"日本　\\"\\\\s.json"\n');
  expect(textOf(mac)).toContain('<string>/home/é 100%/$x &lt;"日本　"\\s.json</string>\n');
});
