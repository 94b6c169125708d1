import path from 'node:path';
import { started, tokenHeader, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Cursor. It is reported to pass headers over where the server answers OAuth discovery, which the bridge hides from it. */
export const cursor: App = {
  name: 'cursor',
  summary: 'Cursor',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: ({ home, folder }, project) => path.join(project ? folder : home, '.cursor', 'mcp.json'),
  entries: {
    bridge: started,
    header: (connection) => ({ url: connection.url, headers: tokenHeader(connection) }),
  },
};
