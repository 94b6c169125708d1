import { logOut } from '../session/revoke.js';
import type { Command } from './command.js';

export const logout: Command = {
  description: 'Revoke the tokens, if the authorization server supports it, and remove them from the store. The server stays in the store.',
  arguments: [{ syntax: '<name>', help: 'name of a server in the store', complete: 'server' }],
  options: [],
  examples: ['logout linear', 'logout linear --store ~/.pflow/mcp-servers.json'],
  run: async ({ arguments: [name = ''] }, context) => {
    const { ui } = context;
    if (await logOut(name, context)) ui.succeed(`Logged out of ${name}.`);
    else ui.say(`You were not logged in to ${name}.`);
  },
};
