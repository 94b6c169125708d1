import { AuthError } from '../errors.js';
import { shells } from '../reference/index.js';
import type { CommandReference } from '../reference/model.js';
import { commonOptions, toOptionReference, type Command } from './command.js';
import { commands } from './index.js';

const names = shells.map(({ name }) => name);

export const completion: Command = {
  description: `Print a script that completes commands, options and their values, apps, and names of servers in the store. To install it:\n${shells.map(({ name, install }) => `  ${name}:  ${install}`).join('\n')}`,
  arguments: [{ syntax: '<shell>', help: `shell: ${names.join(', ')}`, complete: names }],
  options: [],
  examples: ['completion bash', 'completion fish > ~/.config/fish/completions/mcp-auth.fish'],
  run: async ({ arguments: [asked] }, { ui }) => {
    const shell = shells.find(({ name }) => name === asked);
    if (shell === undefined) throw new AuthError('usage', `The shell must be one of ${names.join(', ')}.`);
    for (const line of shell
      .script(await loadCommandReferences())
      .trimEnd()
      .split('\n'))
      ui.print(line);
  },
};

/** The option `--help` of every command, which commander adds. */
export const helpOption = { flags: '-h, --help', help: 'show this help' };

/** Loads every command with its arguments and options. */
export async function loadCommandReferences(): Promise<CommandReference[]> {
  return Promise.all(
    commands.map(async (listing) => {
      const { name, alias, summary } = listing;
      const { description, arguments: all, options, examples } = await listing.load();
      const typed = [...options, ...commonOptions, helpOption].map(toOptionReference);
      return { name, alias, summary, description, arguments: all, options: typed, examples };
    }),
  );
}
