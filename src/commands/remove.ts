import { deleteServer } from '../store/document.js';
import { endLogin } from '../revoke.js';
import type { Command } from './command.js';

export const remove: Command = {
  arguments: [{ syntax: '<name>', help: 'name of a server in the store' }],
  options: [],
  examples: ['remove linear'],
  run: async ({ arguments: [name = ''] }, context) => {
    await endLogin(name, context);
    await context.store.update((document) => deleteServer(document, name));
    context.ui.succeed(`Removed ${name}.`);
  },
};
