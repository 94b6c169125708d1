import path from 'node:path';
import type { AppEnvironment } from './app.js';

/** VS Code's folder for the person's own settings. */
export function findVscodeUserFolder({ home, platform, variables }: AppEnvironment): string {
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'Code', 'User');
  if (platform === 'win32') return path.join(variables['APPDATA'] ?? path.join(home, 'AppData', 'Roaming'), 'Code', 'User');
  // Where it is connected to through SSH or in a container, its server there has the files; its terminals have this variable.
  const isRemote = variables['SSH_CONNECTION'] !== undefined || variables['REMOTE_CONTAINERS'] !== undefined;
  if (isRemote && variables['VSCODE_IPC_HOOK_CLI'] !== undefined) {
    return path.join(variables['VSCODE_AGENT_FOLDER'] ?? path.join(home, '.vscode-server'), 'data', 'User');
  }
  return path.join(variables['XDG_CONFIG_HOME'] ?? path.join(home, '.config'), 'Code', 'User');
}
