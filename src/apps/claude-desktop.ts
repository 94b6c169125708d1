import path from 'node:path';
import { toCommandEntry, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Claude Desktop. Its file has only servers that are started as commands. */
export const claudeDesktop: App = {
  name: 'claude-desktop',
  summary: 'Claude Desktop',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: ({ home, platform, variables }, project) => {
    if (project) return undefined;
    const file = path.join('Claude', 'claude_desktop_config.json');
    if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', file);
    if (platform === 'win32') return path.join(variables['APPDATA'] ?? path.join(home, 'AppData', 'Roaming'), file);
    return path.join(variables['XDG_CONFIG_HOME'] ?? path.join(home, '.config'), file);
  },
  entries: { bridge: toCommandEntry },
  nextSteps: 'Quit Claude Desktop and start it again: it reads the file only when it starts.',
};
