import path from 'node:path';
import { toCommandEntry, createTokenHeader, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** LM Studio, in the format of Cursor. */
export const lmStudio: App = {
  name: 'lm-studio',
  summary: 'LM Studio',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: ({ home }, project) => (project ? undefined : path.join(home, '.lmstudio', 'mcp.json')),
  entries: {
    bridge: toCommandEntry,
    header: (connection) => ({ url: connection.url, headers: createTokenHeader(connection) }),
  },
};
