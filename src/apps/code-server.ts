import path from 'node:path';
import { createVscodeApp } from './vscode.js';

/** code-server: VS Code in a browser. */
export const codeServer = createVscodeApp({ name: 'code-server', summary: 'code-server' }, ({ home, variables }) =>
  path.join(variables['XDG_DATA_HOME'] ?? path.join(home, '.local', 'share'), 'code-server', 'User'),
);
