import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { importLogins } from '../transfer.js';
import type { Command } from './command.js';
import { checkServerName, checkServerUrl } from '../server-name.js';

export const importCommand: Command = {
  arguments: [],
  options: [],
  examples: ['import < linear.json'],
  run: async (_, context) => {
    const { ui, store } = context;
    for (const { name, files } of await importLogins({ text: await readStdin(context), check: checkServer }, context)) {
      ui.succeed(`Logged in to ${name}. Stored in ${store.path}`);
      for (const file of files) ui.warn(`${name} is renewed with what is in ${file}, which has to be on this machine.`);
    }
  },
};

function checkServer({ name, url }: { name: string; url: string }): void {
  checkServerName(name);
  checkServerUrl(url);
}

async function readStdin({ ui, signal }: Context): Promise<string> {
  if (ui.input !== 'lines') {
    throw new AuthError('usage', 'A login is imported from stdin.', {
      hint: 'As in: mcp-auth export NAME --move | ssh HOST mcp-auth import',
    });
  }
  let text = '';
  for (let more; (more = await ui.paste({ message: '', signal })) !== undefined;) text += `${more}\n`;
  return text;
}
