import path from 'node:path';
import { findConfigFolder, toCommandEntry, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Claude Desktop. Its file has only servers that are started as commands. */
export const claudeDesktop: App = {
  name: 'claude-desktop',
  summary: 'Claude Desktop',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: (place, project) => {
    if (project) return undefined;
    const folder = place.platform === 'darwin' ? path.join(place.home, 'Library', 'Application Support') : findConfigFolder(place);
    return path.join(folder, 'Claude', 'claude_desktop_config.json');
  },
  entries: { bridge: toCommandEntry },
  nextSteps: 'Quit Claude Desktop and start it again: it reads the file only when it starts.',
};
