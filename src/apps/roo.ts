import path from 'node:path';
import { started, tokenHeader, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';
import { vscodeUserFolder } from './vscode-storage.js';

/** Roo Code, an extension of VS Code. */
export const roo: App = {
  name: 'roo',
  summary: 'Roo Code',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: (place, project) =>
    project
      ? path.join(place.folder, '.roo', 'mcp.json')
      : path.join(vscodeUserFolder(place), 'globalStorage', 'rooveterinaryinc.roo-cline', 'settings', 'mcp_settings.json'),
  entries: {
    bridge: started,
    header: (connection) => ({ type: 'streamable-http', url: connection.url, headers: tokenHeader(connection) }),
  },
};
