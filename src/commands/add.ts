import { AuthError } from '../errors.js';
import { parseSafeUrl } from '../http/url-policy.js';
import { findServer, putServer } from '../store/document.js';
import type { Command } from './command.js';
import { checkServerName } from './server-name.js';

export const add: Command = {
  arguments: [
    { syntax: '<name>', help: 'what to call the server' },
    { syntax: '<url>', help: 'its URL' },
  ],
  options: [],
  examples: ['add linear https://mcp.linear.app/mcp'],
  run: async ({ arguments: [name = '', url = ''] }, { store, ui }) => {
    checkServerName(name);
    parseSafeUrl(url, { what: 'The server’s URL', code: 'usage', hint: 'It begins with https://, or with http:// on this machine.' });
    await store.update((document) => {
      const known = findServer(document, name);
      if (known !== undefined && known.url !== url) {
        throw new AuthError('usage', `The name ${name} is taken by ${typeof known.url === 'string' ? known.url : 'a local command'}.`, {
          hint: `Choose another name, or run: mcp-auth remove ${name}`,
        });
      }
      putServer(document, { name, url });
    });
    ui.succeed(`Added ${name}. Log in with: mcp-auth login ${name}`);
  },
};
