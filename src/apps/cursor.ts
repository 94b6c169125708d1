import path from 'node:path';
import { toCommandEntry, toUrlEntry, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Cursor. Reported to ignore headers if the server supports OAuth discovery. The bridge hides that discovery. */
export const cursor: App = {
  name: 'cursor',
  summary: 'Cursor',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: ({ home, folder }, project) => path.join(project ? folder : home, '.cursor', 'mcp.json'),
  entries: {
    bridge: toCommandEntry,
    header: toUrlEntry,
  },
};
