import path from 'node:path';
import { findConfigFolder, toCommandEntry, toUrlEntry, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Devin Desktop, which was called Windsurf until June 2026. */
export const devin: App = {
  name: 'devin',
  summary: 'Devin Desktop',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: (place, project) =>
    path.join(project ? path.join(place.folder, '.devin') : path.join(findConfigFolder(place), 'devin'), 'mcp_config.json'),
  entries: {
    bridge: toCommandEntry,
    header: toUrlEntry,
  },
  nextSteps: 'Its Cascade agent reads the file of Windsurf instead: mcp-auth connect windsurf NAME',
};
