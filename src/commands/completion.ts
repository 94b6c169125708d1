import { AuthError } from '../errors.js';
import { shells } from '../reference/index.js';
import type { CommandReference } from '../reference/model.js';
import { commonOptions, toOptionReference, type Command } from './command.js';
import { commands } from './index.js';

const names = shells.map(({ name }) => name);

export const completion: Command = {
  description: `Prints a script that has the shell complete commands, options, their values, apps, and the names of the servers in the store. To install it:\n${shells.map(({ name, install }) => `  ${name}:  ${install}`).join('\n')}`,
  arguments: [{ syntax: '<shell>', help: `one of ${names.join(', ')}`, complete: names }],
  options: [],
  examples: ['completion bash', 'completion fish > ~/.config/fish/completions/mcp-auth.fish'],
  run: async ({ arguments: [asked] }, { ui }) => {
    const shell = shells.find(({ name }) => name === asked);
    if (shell === undefined) throw new AuthError('usage', `The shells are ${names.join(', ')}.`);
    for (const line of shell
      .script(await loadCommandReferences())
      .trimEnd()
      .split('\n'))
      ui.print(line);
  },
};

/** `-h, --help` is commander's own, and every command's. */
export const helpOption = { flags: '-h, --help', help: 'show this help' };

/** Every command with all that can be typed after it. */
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
