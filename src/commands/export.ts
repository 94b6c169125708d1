import { formatCommand } from '../text/command-line.js';
import { exportLogin } from '../transfer/export.js';
import type { Command } from './command.js';

interface Options {
  move?: boolean;
}

export const exportCommand: Command<Options> = {
  description: 'Prints the login as JSON, which is as good as a password, for mcp-auth import on another machine.',
  arguments: [{ syntax: '<name>', help: 'name of a server in the store', complete: 'server' }],
  options: [{ flags: '--move', help: 'remove the login here: two machines cannot both renew it' }],
  examples: ['export linear --move | ssh build-box mcp-auth import', 'export linear > linear.json'],
  run: async ({ arguments: [name = ''], options: { move = false } }, context) => {
    const { ui } = context;
    const { login, backupFile: kept } = await exportLogin({ name, move }, context);
    if (kept !== undefined) {
      ui.succeed(`Moved ${name}: the login is not in this store any more.`);
      ui.say(`  Should it not have arrived: ${formatCommand`mcp-auth import < ${kept}`}     Else delete that file.`);
    } else if (login.refreshToken !== undefined)
      ui.warn(`${name} is logged in here as well: the first of the two that renews its token may end the login of the other. See --move.`);
  },
};
