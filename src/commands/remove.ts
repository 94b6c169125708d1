import { deleteServer } from '../store/document.js';
import type { Command } from './command.js';
import { endLogin } from './logout.js';

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
