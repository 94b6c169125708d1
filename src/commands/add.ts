import { takeFrom } from '../taking.js';
import { AuthError } from '../errors.js';
import { putServer } from '../store/document.js';
import { variablesIn } from '../store/variables.js';
import type { Command } from './command.js';
import { checkServerName, checkServerUrl } from '../login/server-name.js';

interface Options {
  from?: string;
  tokens?: boolean;
}

export const add: Command<Options> = {
  description:
    'Puts a server into the store, to be logged in to later; or the servers that an app has already, with their logins if asked.',
  arguments: [
    { syntax: '[name]', help: 'what to call the server' },
    { syntax: '[url]', help: 'URL of the MCP server' },
  ],
  options: [
    { flags: '--from <app>', help: 'take the servers of an app, or of a file as .mcp.json; with a name, only that one' },
    { flags: '--tokens', help: 'with --from: take over the logins that the app has, too' },
  ],
  examples: ['add linear https://mcp.linear.app/mcp', 'add --from claude-code', 'add linear --from .mcp.json'],
  run: async ({ arguments: [name, url], options: { from, tokens = false } }, context) => {
    const { ui, store } = context;
    if (from === undefined) {
      if (name === undefined || url === undefined || tokens) throw new AuthError('usage', 'A name and a URL are needed, or --from APP.');
      await store.update((document) => putServer(document, { name: checkServerName(name), url: checkServerUrl(url) }));
      ui.succeed(`Added ${name}. Log in with: mcp-auth login ${name}`);
      return;
    }
    if (url !== undefined) throw new AuthError('usage', 'With --from, no URL is given.');
    for (const { name: added, url: at, state } of await takeFrom({ from, only: name, tokens, checkUrl: checkServerUrl }, context)) {
      if (state === 'refused') ui.warn(`${added} (${at}) was left out.`);
      else for (const variable of variablesIn(at)) ui.warn(`${added} will be told what is in the variable ${variable}.`);
      if (state !== 'refused')
        ui.succeed(`${added} (${at}): ${sentences[state]}${state === 'logged in' ? '' : ` Log in with: mcp-auth login ${added}`}`);
    }
  },
};

const sentences = { added: 'added.', known: 'known already.', 'logged in': 'added, with its login.', refused: '' } as const;
