/** The type of a command's options follows from its flags. The types are checked by `npm run types`. */
import { Command as Parser } from 'commander';
import { expect, expectTypeOf, test } from 'vitest';
import { groupOptions, type Command, type CommandOption } from '../../src/commands/command.js';
import type { ParsedOptions } from '../../src/commands/parsed-options.js';

const options = [
  { flags: '--no-browser', help: 'negated only' },
  { flags: '-m, --min-ttl <seconds>', help: 'parsed', parse: (text) => Number(text) },
  { flags: '--finish [address]', help: 'optional value' },
  ...groupOptions('Group:', [
    { flags: '--client-id <id>', help: 'text' },
    { flags: '--offline-access', help: 'either' },
    { flags: '--no-offline-access', help: 'or' },
  ]),
] as const satisfies readonly CommandOption[];

test('names and values are those that commander gives', () => {
  type Options = ParsedOptions<typeof options>;
  expectTypeOf<Options>().toEqualTypeOf<{
    readonly browser?: boolean;
    readonly minTtl?: number;
    readonly finish?: string | true;
    readonly clientId?: string;
    readonly offlineAccess?: boolean;
  }>();

  const parser = new Parser();
  for (const { flags, help, parse } of options as readonly CommandOption[]) {
    const option = parser.createOption(flags, help);
    if (parse) option.argParser(parse);
    parser.addOption(option);
  }
  parser.parse(['--no-browser', '-m', '5', '--finish', '--client-id', 'x', '--no-offline-access'], { from: 'user' });
  expect(parser.opts()).toEqual({ browser: false, minTtl: 5, finish: true, clientId: 'x', offlineAccess: false });
});

test('a command reads its own options and those of every command, and no other', () => {
  const command: Command<typeof options> = {
    ...{ description: '', arguments: [], options, examples: [] },
    run: async ({ options: parsed }) => {
      expectTypeOf(parsed.minTtl).toEqualTypeOf<number | undefined>();
      expectTypeOf(parsed.store).toEqualTypeOf<string | undefined>();
      // @ts-expect-error -- there is no such option
      expect(parsed.minimumTtl).toBeUndefined();
      return Promise.resolve();
    },
  };
  expect(command.options[3]).toMatchObject({ flags: '--client-id <id>', group: 'Group:' });
});
