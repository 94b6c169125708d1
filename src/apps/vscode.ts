import path from 'node:path';
import { toCommandEntry, createTokenHeader, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';
import { findVscodeUserFolder } from './vscode-storage.js';

/** Visual Studio Code, with Copilot's agent. */
export const vscode: App = {
  name: 'vscode',
  summary: 'Visual Studio Code',
  format: jsonc,
  servers: ['servers'],
  configPath: (place, project) =>
    project ? path.join(place.folder, '.vscode', 'mcp.json') : path.join(findVscodeUserFolder(place), 'mcp.json'),
  entries: {
    bridge: (connection) => ({ type: 'stdio', ...toCommandEntry(connection) }),
    header: (connection) => ({ type: 'http', url: connection.url, headers: createTokenHeader(connection) }),
  },
};
