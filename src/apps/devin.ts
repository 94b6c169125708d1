import path from 'node:path';
import { toCommandEntry, createTokenHeader, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Devin Desktop, which was called Windsurf until June 2026. */
export const devin: App = {
  name: 'devin',
  summary: 'Devin Desktop',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: ({ home, folder, platform, variables }, project) => {
    if (project) return path.join(folder, '.devin', 'mcp_config.json');
    if (platform === 'win32') return path.join(variables['APPDATA'] ?? path.join(home, 'AppData', 'Roaming'), 'devin', 'mcp_config.json');
    return path.join(variables['XDG_CONFIG_HOME'] ?? path.join(home, '.config'), 'devin', 'mcp_config.json');
  },
  entries: {
    bridge: toCommandEntry,
    header: (connection) => ({ url: connection.url, headers: createTokenHeader(connection) }),
  },
  nextSteps: 'Its Cascade agent reads the file of Windsurf instead: mcp-auth connect windsurf NAME',
};
