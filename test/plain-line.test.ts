/** A line without options says the same, with and without commander. */
import { describe, expect, test } from 'vitest';
import { commands } from '../src/commands/index.js';
import { parseLine } from '../src/options-parser.js';
import { parsePlainLine } from '../src/plain-line.js';

const silent = { stdout: { write: () => true }, stderr: { write: () => true } };
const withCommander = (argv: readonly string[]) => parseLine(argv, silent).catch((error: unknown) => String(error));

/** Also words that are names of commands, that look like options of shells or that are empty. */
const words = ['demo', 'login', 'https://mcp.example/mcp?a=-b', '', '3000', 'help', 'a b', '/x'];
const names = commands.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]));

describe.each(names)('%s', (name) => {
  test.each(words.map((_, count) => count))('with %i words', async (count) => {
    const argv = [name, ...words.slice(0, count)];
    const plain = await parsePlainLine(argv);
    const parsed = await withCommander(argv);
    // Only a line with too few or too many words is left to commander, which reports it.
    if (plain === undefined) expect(parsed).toMatch(/^AuthError: (Missing required|Too many) argument/);
    else expect(plain).toEqual(parsed);
  });
  test('takes the options that exist only as --no-x as true, as with commander', async () => {
    const listing = commands.find((one) => one.name === name || one.alias === name);
    const least = (await listing?.load())?.arguments.filter(({ syntax }) => syntax.startsWith('<')).length ?? 0;
    const argv = [name, ...words.slice(0, least)];
    expect((await parsePlainLine(argv))?.options).toEqual((await parseLine([...argv], silent))?.options);
  });
});

test.each([
  [[]],
  [['help', 'login']],
  [['--version']],
  [['nothing']],
  [['login', '--no-qr']],
  [['exec', 'demo', '--', 'sh']],
  [['token', '-h']],
])('%j is left to commander', async (argv) => {
  expect(await parsePlainLine(argv)).toBeUndefined();
});

test('the options of login are true where only --no-x turns them off', async () => {
  const { options } = (await parsePlainLine(['login', 'demo'])) ?? {};
  expect(options).toMatchObject({ browser: true, relay: true, agent: true, verify: true });
  expect(options).not.toHaveProperty('allowPrivateNetwork');
});
