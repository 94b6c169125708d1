import path from 'node:path';
import type { AppEnvironment } from './app.js';

/** VS Code's folder for user settings. */
export function findVscodeUserFolder({ home, platform, variables }: AppEnvironment): string {
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'Code', 'User');
  if (platform === 'win32') return path.join(variables['APPDATA'] ?? path.join(home, 'AppData', 'Roaming'), 'Code', 'User');
  // Over SSH or in a container, the files belong to VS Code's server there, whose terminals have this variable.
  const isRemote = variables['SSH_CONNECTION'] !== undefined || variables['REMOTE_CONTAINERS'] !== undefined;
  if (isRemote && variables['VSCODE_IPC_HOOK_CLI'] !== undefined) {
    return path.join(variables['VSCODE_AGENT_FOLDER'] ?? path.join(home, '.vscode-server'), 'data', 'User');
  }
  return path.join(variables['XDG_CONFIG_HOME'] ?? path.join(home, '.config'), 'Code', 'User');
}
