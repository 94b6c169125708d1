import { logOut } from '../session/revoke.js';
import type { Command } from './command.js';

export const logout: Command = {
  description:
    'Revokes the tokens at the authorization server where it can be asked to, and takes them out of the store. The server itself stays in it.',
  arguments: [{ syntax: '<name>', help: 'name of a server in the store', complete: 'server' }],
  options: [],
  examples: ['logout linear', 'logout linear --store ~/.pflow/mcp-servers.json'],
  run: async ({ arguments: [name = ''] }, context) => {
    const { ui } = context;
    if (await logOut(name, context)) ui.succeed(`Logged out of ${name}.`);
    else ui.say(`You were not logged in to ${name}.`);
  },
};
