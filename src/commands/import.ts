import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { quoted } from '../server-text.js';
import { variablesIn } from '../store/variables.js';
import { importLogins } from '../transfer.js';
import type { Command } from './command.js';
import { checkServerName, checkServerUrl } from '../login/server-name.js';

export const importCommand: Command = {
  description: 'Reads on stdin what mcp-auth export printed, and stores the login here.',
  arguments: [],
  options: [],
  examples: ['import < linear.json', 'import --store ~/.pflow/mcp-servers.json < linear.json'],
  run: async (_, context) => {
    const { ui, store } = context;
    for (const imported of await importLogins({ text: await readStdin(context), check: checkServer }, context)) {
      const { name, url, issuer, trustedIssuer, keyFile, unrepeatable, taken, left } = imported;
      ui.succeed(`Logged in to ${name}. Stored in ${store.path}`);
      ui.say(`  It is at ${url}${issuer === undefined ? '' : `, and renewed by ${quoted(issuer)}`}.`);
      for (const variable of variablesIn(url)) ui.warn(`${name} will be told what is in the variable ${variable}.`);
      if (trustedIssuer !== undefined) ui.warn(`The authorization server of ${name} may call itself ${quoted(trustedIssuer)}.`);
      if (taken.length > 0) ui.say(`  Its options are used here too: ${quoted(taken.join(' '))}.`);
      if (left.length > 0)
        ui.warn(`Not taken: ${quoted(left.join(' '))}. If ${name} needs these options, pass them to the next: mcp-auth login ${name}`);
      if (keyFile !== undefined) ui.warn(`${name} is renewed with the key in ${keyFile}, which has to be on this machine.`);
      if (unrepeatable) ui.warn(`${name} cannot be renewed here: that takes a file of the machine that it comes from. Log in here.`);
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
