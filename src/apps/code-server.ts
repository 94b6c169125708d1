import path from 'node:path';
import type { App } from './app.js';
import { vscode } from './vscode.js';

/** code-server: VS Code in a browser. */
export const codeServer: App = {
  ...vscode,
  name: 'code-server',
  summary: 'code-server',
  configPath: (place, project) => {
    if (project) return vscode.configPath(place, project);
    const { home, variables } = place;
    return path.join(variables['XDG_DATA_HOME'] ?? path.join(home, '.local', 'share'), 'code-server', 'User', 'mcp.json');
  },
};
