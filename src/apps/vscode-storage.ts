import path from 'node:path';
import type { Place } from './app.js';

/** VS Code's folder for the person's own settings. */
export function vscodeUserFolder({ home, platform, variables }: Place): string {
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'Code', 'User');
  if (platform === 'win32') return path.join(variables['APPDATA'] ?? path.join(home, 'AppData', 'Roaming'), 'Code', 'User');
  // Where it is connected to by SSH or from a container, its server keeps the extensions' files.
  return path.join(variables['XDG_CONFIG_HOME'] ?? path.join(home, '.config'), 'Code', 'User');
}
