import type { Context } from '../context.js';
import type { Env } from '../effects.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { quote, redactUrl } from '../text/server-text.js';
import { listVariables } from '../store/variables.js';
import { importLogins } from '../transfer/import.js';
import type { Command, CommandOption } from './command.js';
import { toStoredUrl } from '../login/stored-url.js';
import { checkServerName, checkServerUrl } from '../login/server-name.js';

const options = [
  { flags: '--replace', help: 'replace an existing login even if it belongs to another client' },
] as const satisfies readonly CommandOption[];

export const importCommand: Command<typeof options> = {
  description: 'Read the output of mcp-auth export from stdin and store the login.',
  arguments: [],
  options,
  examples: ['import < linear.json', 'import --store ~/.pflow/mcp-servers.json < linear.json'],
  run: async ({ options: { replace = false } }, context) => {
    const { ui, store } = context;
    for (const imported of await importLogins(
      { text: await readStdin(context), check: (server) => checkServer(server, context.env), replace },
      context,
    )) {
      const { name, url, issuer, notRenewableReason, appliedOptions, skippedOptions } = imported;
      ui.succeed(`Imported the login to ${name}. Stored in ${store.path}`);
      ui.say(`  Server: ${redactUrl(url)}${issuer === undefined ? '' : `. Authorization server: ${quote(issuer)}`}.`);
      for (const variable of listVariables(url)) ui.warn(`The URL of ${name} contains \${${variable}}: its value is sent to that server.`);
      if (appliedOptions.length > 0) ui.say(`  Imported options: ${quote(appliedOptions.join(' '))}.`);
      if (skippedOptions.length > 0)
        ui.warn(
          `Options not imported: ${quote(skippedOptions.join(' '))}. If ${name} needs them, pass them when you next run: ${formatCommand`mcp-auth login ${name}`}`,
        );
      if (notRenewableReason !== undefined)
        ui.warn(
          `${name} cannot be renewed on this machine: ${notRenewableReason}. When its token expires, run: ${formatCommand`mcp-auth login ${name}`}`,
        );
    }
  },
};

function checkServer({ name, url }: { name: string; url: string }, env: Env): string {
  checkServerName(name);
  return toStoredUrl(url, checkServerUrl, env);
}

async function readStdin({ ui, signal }: Context): Promise<string> {
  if (ui.input !== 'lines') {
    throw new AuthError('usage', 'mcp-auth import reads the login from stdin.', {
      hint: 'For example: mcp-auth export NAME --move | ssh HOST mcp-auth import',
    });
  }
  let text = '';
  for (;;) {
    const lines = await ui.paste({ message: '', signal });
    if (lines === undefined) return text;
    text += `${lines}\n`;
  }
}
