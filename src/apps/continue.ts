import path from 'node:path';
import { toCommandEntry, createTokenHeader, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Continue, which also reads files in the format of other apps. */
export const continueDev: App = {
  name: 'continue',
  summary: 'Continue',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: ({ home, folder }, project) => path.join(project ? folder : home, '.continue', 'mcpServers', 'mcp-auth.json'),
  entries: {
    bridge: toCommandEntry,
    header: (connection) => ({ type: 'streamable-http', url: connection.url, requestOptions: { headers: createTokenHeader(connection) } }),
  },
};
