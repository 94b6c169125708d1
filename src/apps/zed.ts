import path from 'node:path';
import { toCommandEntry, createTokenHeader, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Zed. */
export const zed: App = {
  name: 'zed',
  summary: 'Zed',
  format: jsonc,
  servers: ['context_servers'],
  configPath: ({ home, folder, platform, variables }, project) => {
    if (project) return path.join(folder, '.zed', 'settings.json');
    if (platform === 'win32') return path.join(variables['APPDATA'] ?? path.join(home, 'AppData', 'Roaming'), 'Zed', 'settings.json');
    return path.join(variables['XDG_CONFIG_HOME'] ?? path.join(home, '.config'), 'zed', 'settings.json');
  },
  entries: {
    bridge: (connection) => ({ source: 'custom', ...toCommandEntry(connection) }),
    header: (connection) => ({ url: connection.url, headers: createTokenHeader(connection) }),
  },
};
