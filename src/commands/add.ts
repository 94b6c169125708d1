import { putServer } from '../store/document.js';
import type { Command } from './command.js';
import { checkServerName, checkServerUrl } from './server-name.js';

export const add: Command = {
  arguments: [
    { syntax: '<name>', help: 'what to call the server' },
    { syntax: '<url>', help: 'its URL' },
  ],
  options: [],
  examples: ['add linear https://mcp.linear.app/mcp'],
  run: async ({ arguments: [name = '', url = ''] }, { store, ui }) => {
    const server = { name: checkServerName(name), url: checkServerUrl(url) };
    await store.update((document) => putServer(document, server));
    ui.succeed(`Added ${name}. Log in with: mcp-auth login ${name}`);
  },
};
