import { logOut } from '../session/revoke.js';
import { deleteClient } from '../store/clients.js';
import { deleteServer, findServer } from '../store/document.js';
import { readLogin } from '../store/login.js';
import type { Command } from './command.js';

export const remove: Command = {
  description: 'Log out like mcp-auth logout, and remove the server from the store.',
  arguments: [{ syntax: '<name>', help: 'name of a server in the store', complete: 'server' }],
  options: [],
  examples: ['remove linear', 'remove linear --store ~/.pflow/mcp-servers.json'],
  run: async ({ arguments: [name = ''] }, context) => {
    const login = readLogin(findServer(await context.store.read(), name));
    await logOut(name, context);
    await context.store.update((document) => {
      deleteServer(document, name);
      // Its client and client secret are removed too, unless another login needs them.
      if (login?.issuer !== undefined && login.clientId !== undefined) deleteClient(document, login.issuer, login.clientId);
    });
    await context.store.removeLastSeen(name);
    context.ui.succeed(`Removed ${name}.`);
  },
};
