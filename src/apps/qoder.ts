import path from 'node:path';
import { toCommandEntry, toUrlEntry, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';
import { formatShellLine } from '../text/command-line.js';

/** Qoder CLI: `~/.qoder/settings.json`, and the same in a project, where it also reads `.mcp.json`. */
export const qoder: App = {
  name: 'qoder',
  summary: 'Qoder CLI',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: ({ home, folder }, project) => path.join(project ? folder : home, '.qoder', 'settings.json'),
  entries: {
    helper: ({ url, helper }) => ({ type: 'http', url, headersHelper: formatShellLine(helper) }),
    bridge: toCommandEntry,
    header: (connection) => ({ type: 'http', ...toUrlEntry(connection) }),
  },
};
