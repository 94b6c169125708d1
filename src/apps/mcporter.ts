import path from 'node:path';
import { pickExisting, toCommandEntry, createTokenHeader, type App, type AppEnvironment } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** mcporter, which also reads the files of other apps. */
export const mcporter: App = {
  name: 'mcporter',
  summary: 'mcporter',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: (place, project) =>
    project ? path.join(place.folder, 'config', 'mcporter.json') : pickExisting(place, listUserFiles(place)),
  pathsDependOn: listUserFiles,
  entries: {
    bridge: toCommandEntry,
    header: (connection) => ({ baseUrl: connection.url, headers: createTokenHeader(connection) }),
  },
};

function listUserFiles({ home }: AppEnvironment): [string, ...string[]] {
  return [path.join(home, '.mcporter', 'mcporter.json'), path.join(home, '.mcporter', 'mcporter.jsonc')];
}
