import path from 'node:path';
import { findConfigFolder, type AppEnvironment } from './app.js';

/** The folders of VS Code, or of another build of it. */
export interface VscodeFolders {
  /** The name of its folder for settings. */
  readonly folder: string;
  /** The folder of its server below the home folder of a remote machine. */
  readonly serverFolder: string;
}

const released: VscodeFolders = { folder: 'Code', serverFolder: '.vscode-server' };

/** The folder for user settings of VS Code, or of another build. */
export function findVscodeUserFolder(place: AppEnvironment, { folder, serverFolder }: VscodeFolders = released): string {
  const { home, platform, variables } = place;
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', folder, 'User');
  // Over SSH or in a container, the files belong to VS Code's server there, whose terminals have this variable.
  const isRemote = variables['SSH_CONNECTION'] !== undefined || variables['REMOTE_CONTAINERS'] !== undefined;
  if (platform !== 'win32' && isRemote && variables['VSCODE_IPC_HOOK_CLI'] !== undefined) {
    return path.join(variables['VSCODE_AGENT_FOLDER'] ?? path.join(home, serverFolder), 'data', 'User');
  }
  return path.join(findConfigFolder(place), folder, 'User');
}
