import { confirm } from '../flows/confirm.js';
import { AuthError } from '../errors.js';
import type { Command, CommandOption } from './command.js';

const options = [{ flags: '--yes', help: 'do not ask' }] as const satisfies readonly CommandOption[];

export const unseal: Command<typeof options> = {
  description: 'Decrypt the secrets in the store: they are plain text again, which other programs can read. See docs/sealed.md.',
  arguments: [],
  options,
  examples: ['unseal', 'unseal --yes --store ~/.pflow/mcp-servers.json'],
  run: async ({ options: { yes = false } }, context) => {
    const { store, ui } = context;
    const { seal, expected } = await store.readSealState();
    if (seal === undefined && expected === undefined) {
      ui.say(`${store.path} is not sealed.`);
      return;
    }
    const question = { message: `Store the tokens in ${store.path} in plain text?`, yes: 'Yes: in plain text' };
    if (!yes && !(await confirm(question, context))) {
      throw new AuthError('usage', `${store.path} stays sealed.`, { hint: 'To unseal it without a question, run: mcp-auth unseal --yes' });
    }
    await store.changeSeal(undefined);
    ui.succeed(`${store.path} is in plain text again.`);
  },
};
