import { describe, expect, test } from 'vitest';
import { commands } from '../src/commands/index.js';
import { flows } from '../src/flows/index.js';
import { temporaryStore } from './helpers/folder.js';
import { run } from './helpers/run.js';

const store = '/nonexistent/mcp-servers.json';

test.each(['', '--help', '-h', 'help'])('mcp-auth %s is the help, on stdout', async (line) => {
  const help = run(line, { store });
  expect(await help.exit).toBe(0);
  for (const { name, summary } of commands) expect(help.stdout).toMatch(new RegExp(`${name}.*${summary}`));
});

test.each(commands.map(({ name }) => name))('%s --help shows its arguments, options and examples', async (name) => {
  const help = run(`${name} --help`, { store });
  expect(await help.exit).toBe(0);
  expect(help.stdout).toContain(`Usage: mcp-auth ${name}`);
  expect(help.stdout).toContain('--store <file>');
  expect(help.stdout).toContain(`\n  mcp-auth ${name}`);
  expect(help.stdout).toContain('\nOptions of every command:\n');
  expect(help.stdout).toMatch(/\nExit codes: 0 done, .*, 6 network or server error/);
  const asked = run(`help ${name}`, { store });
  expect(await asked.exit).toBe(0);
  expect(asked.stdout).toBe(help.stdout);
});

test('--version is the version of the package', async () => {
  const version = run('--version', { store });
  expect(await version.exit).toBe(0);
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test.each([
  ['lgin', 'Did you mean login?'],
  ['lgin --help', 'Did you mean login?'],
  ['help lgin', 'Did you mean login?'],
  ['list --jsn', 'Did you mean --json?'],
  ['token a b c', 'Expected 1 argument but got 3.\n  For help, run: mcp-auth token --help'],
  ['status --nonsense', 'For help, run: mcp-auth list --help'],
  ['--nonsense', 'For help, run: mcp-auth --help'],
  ['token', "missing required argument 'name'"],
  ['token a --min-ttl soon', '--min-ttl takes a whole number of seconds'],
  ['login https://a.example --timeout 0', '--timeout takes a whole number of seconds, 1 or more'],
  ['login https://a.example --no-browser --flow telepathy', 'browser, device, relay, paste'],
  ['login ftp://a.example', 'not an http(s) URL'],
  ['login http://a.example', 'plain http'],
  ['login a.example/mcp', 'https://a.example/mcp'],
  ['login nobody', 'neither an http(s) URL nor the name'],
])('%s is wrong usage: exit 2, one sentence and a hint, no stack', async (line, said) => {
  const wrong = run(line, { store: temporaryStore() });
  expect(await wrong.exit).toBe(2);
  expect(wrong.stderr.toLowerCase()).toContain(said.toLowerCase());
  expect(wrong.stderr).not.toMatch(/\n\s+at /);
  expect(wrong.stdout).toBe('');
});

test('--json also prints an error as an event', async () => {
  const wrong = run('login ftp://a.example --json', { store: temporaryStore() });
  expect(await wrong.exit).toBe(2);
  expect(wrong.events).toEqual([
    { event: 'error', code: 'usage', message: expect.stringContaining('ftp://a.example'), hint: expect.any(String) },
  ]);
});

test('--store goes before MCP_AUTH_STORE', async () => {
  const list = run(`list --store ${temporaryStore({ mcpServers: { mine: { url: 'https://a.example' } } })}`, { store });
  expect(await list.exit).toBe(0);
  expect(list.stdout).toContain('mine');
});

describe('the lists', () => {
  test('every flow has a name and a summary of its own', () => {
    expect(new Set(flows.map(({ name }) => name)).size).toBe(flows.length);
    for (const { name, summary } of flows) {
      expect(name).toMatch(/^[a-z-]+$/);
      expect(summary).toMatch(/^[A-Z].*[^.]$/);
    }
  });

  test('every command says what it takes, and its examples are its own', async () => {
    for (const { name, summary, load } of commands) {
      const command = await load();
      expect(summary).toMatch(/^[A-Z].*[^.]$/);
      expect(command.description).toMatch(/^[A-Z][^]*[.\w]$/);
      expect(command.examples.length).toBeGreaterThan(1);
      for (const example of command.examples) expect(example.split(' ')[0]).toBe(name);
      for (const { help } of [...command.arguments, ...command.options]) expect(help).not.toBe('');
    }
  });
});
