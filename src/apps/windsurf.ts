import path from 'node:path';
import { toCommandEntry, createTokenHeader, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Windsurf. */
export const windsurf: App = {
  name: 'windsurf',
  summary: 'Windsurf',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: ({ home }, project) => (project ? undefined : path.join(home, '.codeium', 'windsurf', 'mcp_config.json')),
  entries: {
    bridge: toCommandEntry,
    header: (connection) => ({ serverUrl: connection.url, headers: createTokenHeader(connection) }),
  },
};
