import type { Context } from '../context.js';
import type { Env } from '../effects.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { quote, redactUrl } from '../text/server-text.js';
import { listVariables } from '../store/variables.js';
import { importLogins } from '../transfer/import.js';
import type { Command } from './command.js';
import { toStoredUrl } from '../login/stored-url.js';
import { checkServerName, checkServerUrl } from '../login/server-name.js';

interface Options {
  replace?: boolean;
}

export const importCommand: Command<Options> = {
  description: 'Reads on stdin what mcp-auth export printed, and stores the login here.',
  arguments: [],
  options: [{ flags: '--replace', help: 'replace a login that is here, even where the new one is by another client' }],
  examples: ['import < linear.json', 'import --store ~/.pflow/mcp-servers.json < linear.json'],
  run: async ({ options: { replace = false } }, context) => {
    const { ui, store } = context;
    for (const imported of await importLogins(
      { text: await readStdin(context), check: (server) => checkServer(server, context.env), replace },
      context,
    )) {
      const { name, url, issuer, notRenewableReason: unrenewable, appliedOptions: taken, skippedOptions: left } = imported;
      ui.succeed(`Logged in to ${name}. Stored in ${store.path}`);
      ui.say(`  It is at ${redactUrl(url)}${issuer === undefined ? '' : `, and renewed by ${quote(issuer)}`}.`);
      for (const variable of listVariables(url)) ui.warn(`${name} will be told what is in the variable ${variable}.`);
      if (taken.length > 0) ui.say(`  Its options are used here too: ${quote(taken.join(' '))}.`);
      if (left.length > 0)
        ui.warn(
          `Not taken: ${quote(left.join(' '))}. If ${name} needs these options, pass them to the next: ${formatCommand`mcp-auth login ${name}`}`,
        );
      if (unrenewable !== undefined)
        ui.warn(`${name} cannot be renewed here: ${unrenewable}. Log in here: ${formatCommand`mcp-auth login ${name}`}`);
    }
  },
};

function checkServer({ name, url }: { name: string; url: string }, env: Env): string {
  checkServerName(name);
  return toStoredUrl(url, checkServerUrl, env);
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
