import path from 'node:path';
import { started, tokenHeader, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';
import { vscodeUserFolder } from './vscode-storage.js';

/** Visual Studio Code, with Copilot's agent. */
export const vscode: App = {
  name: 'vscode',
  summary: 'Visual Studio Code',
  format: jsonc,
  servers: ['servers'],
  configPath: (place, project) =>
    project ? path.join(place.folder, '.vscode', 'mcp.json') : path.join(vscodeUserFolder(place), 'mcp.json'),
  entries: {
    bridge: (connection) => ({ type: 'stdio', ...started(connection) }),
    header: (connection) => ({ type: 'http', url: connection.url, headers: tokenHeader(connection) }),
  },
};
