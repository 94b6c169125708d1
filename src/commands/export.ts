import { formatCommand } from '../text/command-line.js';
import { exportLogin } from '../transfer/export.js';
import type { Command, CommandOption } from './command.js';

const options = [
  { flags: '--move', help: 'remove the login from this machine (two machines cannot both renew it)' },
] as const satisfies readonly CommandOption[];

export const exportCommand: Command<typeof options> = {
  description: 'Print the login as JSON for mcp-auth import on another machine. Treat the output like a password.',
  arguments: [{ syntax: '<name>', help: 'name of a server in the store', complete: 'server' }],
  options,
  examples: ['export linear --move | ssh build-box mcp-auth import', 'export linear > linear.json'],
  run: async ({ arguments: [name = ''], options: { move = false } }, context) => {
    const { ui } = context;
    const { login, backupFile: kept } = await exportLogin({ name, move }, context);
    if (kept !== undefined) {
      ui.succeed(`Moved ${name}: the login was removed from this store.`);
      ui.say(`  If it did not arrive, run: ${formatCommand`mcp-auth import < ${kept}`}     Otherwise delete that file.`);
    } else if (login.refreshToken !== undefined)
      ui.warn(
        `${name} is still logged in on this machine. If both machines renew the login, one may lose it. To move it instead, use --move.`,
      );
  },
};
