import path from 'node:path';
import { toCommandEntry, createTokenHeader, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Amp. The dot is part of the key. */
export const amp: App = {
  name: 'amp',
  summary: 'Amp',
  format: jsonc,
  servers: ['amp.mcpServers'],
  configPath: ({ home, folder, variables }, project) =>
    project
      ? path.join(folder, '.amp', 'settings.json')
      : path.join(variables['XDG_CONFIG_HOME'] ?? path.join(home, '.config'), 'amp', 'settings.json'),
  entries: {
    bridge: toCommandEntry,
    header: (connection) => ({ url: connection.url, headers: createTokenHeader(connection) }),
  },
  nextSteps: 'A server of a project has to be approved: amp mcp approve NAME',
};
