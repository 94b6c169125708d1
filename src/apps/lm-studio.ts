import path from 'node:path';
import { started, tokenHeader, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** LM Studio, in Cursor's notation. */
export const lmStudio: App = {
  name: 'lm-studio',
  summary: 'LM Studio',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: ({ home }, project) => (project ? undefined : path.join(home, '.lmstudio', 'mcp.json')),
  entries: {
    bridge: started,
    header: (connection) => ({ url: connection.url, headers: tokenHeader(connection) }),
  },
};
