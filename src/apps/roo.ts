import path from 'node:path';
import { toCommandEntry, toUrlEntry, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';
import { findVscodeUserFolder } from './vscode-storage.js';

/** Roo Code, an extension of VS Code that is no longer developed. */
export const roo: App = {
  name: 'roo',
  summary: 'Roo Code',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: (place, project) =>
    project
      ? path.join(place.folder, '.roo', 'mcp.json')
      : path.join(findVscodeUserFolder(place), 'globalStorage', 'rooveterinaryinc.roo-cline', 'settings', 'mcp_settings.json'),
  entries: {
    bridge: toCommandEntry,
    header: (connection) => ({ type: 'streamable-http', ...toUrlEntry(connection) }),
  },
  nextSteps: 'Roo Code was archived on 15 May 2026. It names Cline as its successor: mcp-auth connect cline NAME',
};
