import path from 'node:path';
import { toCommandEntry, createTokenHeader, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Cursor. It is reported to pass headers over where the server answers OAuth discovery, which the bridge hides from it. */
export const cursor: App = {
  name: 'cursor',
  summary: 'Cursor',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: ({ home, folder }, project) => path.join(project ? folder : home, '.cursor', 'mcp.json'),
  entries: {
    bridge: toCommandEntry,
    header: (connection) => ({ url: connection.url, headers: createTokenHeader(connection) }),
  },
};
