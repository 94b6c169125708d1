import path from 'node:path';
import { findConfigFolder, toCommandEntry, toUrlEntry, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Zed. */
export const zed: App = {
  name: 'zed',
  summary: 'Zed',
  format: jsonc,
  servers: ['context_servers'],
  configPath: (place, project) => {
    if (project) return path.join(place.folder, '.zed', 'settings.json');
    return path.join(findConfigFolder(place), place.platform === 'win32' ? 'Zed' : 'zed', 'settings.json');
  },
  entries: {
    bridge: (connection) => ({ source: 'custom', ...toCommandEntry(connection) }),
    header: toUrlEntry,
  },
};
