import path from 'node:path';
import { findXdgFolder, toCommandEntry, toUrlEntry, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Amp. The dot is part of the key. */
export const amp: App = {
  name: 'amp',
  summary: 'Amp',
  format: jsonc,
  servers: ['amp.mcpServers'],
  configPath: (place, project) =>
    path.join(project ? path.join(place.folder, '.amp') : path.join(findXdgFolder(place), 'amp'), 'settings.json'),
  entries: {
    bridge: toCommandEntry,
    header: toUrlEntry,
  },
  nextSteps: 'A server of a project has to be approved: amp mcp approve NAME',
};
