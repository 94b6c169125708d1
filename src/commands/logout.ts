import { endLogin } from '../session/revoke.js';
import type { Command } from './command.js';

export const logout: Command = {
  arguments: [{ syntax: '<name>', help: 'name of a server in the store' }],
  options: [],
  examples: ['logout linear'],
  run: async ({ arguments: [name = ''] }, context) => {
    const { ui } = context;
    if (await endLogin(name, context)) ui.succeed(`Logged out of ${name}.`);
    else ui.say(`You were not logged in to ${name}.`);
  },
};
