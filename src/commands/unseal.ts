import { confirm } from '../flows/confirm.js';
import { AuthError } from '../errors.js';
import type { Command, CommandOption } from './command.js';

const options = [
  { flags: '--yes', help: 'do not ask' },
  { flags: '--plaintext', help: 'for a store in a database: let its operators read the tokens' },
] as const satisfies readonly CommandOption[];

export const unseal: Command<typeof options> = {
  description: 'Decrypt the secrets in the store: they are plain text again, which other programs can read. See docs/sealed.md.',
  arguments: [],
  options,
  examples: ['unseal', 'unseal --yes --store ~/.pflow/mcp-servers.json', 'unseal --plaintext --store postgres://mcp@db.example.com/mcp'],
  run: async ({ options: { yes = false, plaintext = false } }, context) => {
    const { store, ui } = context;
    const { seal, expected } = await store.readSealState();
    const { engine } = await store.readState();
    if (engine !== undefined && !plaintext) {
      throw new AuthError('usage', `The operators of ${engine} could read the tokens in ${store.path}.`, {
        hint: 'If that may be, run: mcp-auth unseal --plaintext',
      });
    }
    if (seal === undefined && expected === undefined && engine === undefined) {
      ui.say(`${store.path} is not sealed.`);
      return;
    }
    const question = { message: `Store the tokens in ${store.path} in plain text?`, yes: 'Yes: in plain text' };
    if (!yes && !plaintext && !(await confirm(question, context))) {
      throw new AuthError('usage', `${store.path} stays sealed.`, { hint: 'To unseal it without a question, run: mcp-auth unseal --yes' });
    }
    await store.changeSeal(undefined);
    ui.succeed(`${store.path} has its tokens in plain text now.`);
  },
};
