import path from 'node:path';
import { toCommandEntry, toUrlEntry, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** GitHub Copilot CLI. In a project it also reads `.mcp.json`, where another app may have an entry that it cannot use. */
export const copilot: App = {
  name: 'copilot',
  summary: 'GitHub Copilot CLI',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: ({ home, folder, variables }, project) =>
    project
      ? path.join(folder, '.github', 'mcp.json')
      : path.join(variables['COPILOT_HOME'] ?? path.join(home, '.copilot'), 'mcp-config.json'),
  entries: {
    bridge: toCommandEntry,
    header: (connection) => ({ type: 'http', ...toUrlEntry(connection) }),
  },
  nextSteps: 'In a project, a server of the same name in .mcp.json goes first.',
};
