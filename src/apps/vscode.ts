import path from 'node:path';
import { toCommandEntry, toUrlEntry, type App, type AppEnvironment } from './app.js';
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
    header: (connection) => ({ type: 'http', ...toUrlEntry(connection) }),
  },
  nextSteps: 'It also reads .mcp.json of a project and ~/.copilot/mcp-config.json of Copilot CLI: one of the files is enough.',
};

/** Another build of Visual Studio Code: it has the same files in other folders. */
export function createVscodeApp({ name, summary }: Pick<App, 'name' | 'summary'>, findUserFolder: (place: AppEnvironment) => string): App {
  const configPath: App['configPath'] = (place, project) =>
    project ? vscode.configPath(place, project) : path.join(findUserFolder(place), 'mcp.json');
  return { ...vscode, name, summary, configPath };
}
