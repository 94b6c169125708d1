import path from 'node:path';
import { findConfigFolder, toCommandEntry, createTokenHeader, type App } from './app.js';
import { yaml } from './formats/yaml.js';

/** Seconds that goose waits for an answer. */
const timeout = 300;

/** goose. */
export const goose: App = {
  name: 'goose',
  summary: 'goose',
  format: yaml,
  servers: ['extensions'],
  allowsBareVariables: true,
  configPath: (place, project) => {
    if (project) return undefined;
    const folder = place.platform === 'win32' ? path.join('Block', 'goose', 'config') : 'goose';
    return path.join(findConfigFolder(place), folder, 'config.yaml');
  },
  entries: {
    bridge: (connection) => {
      const { command = '', args = [] } = toCommandEntry(connection);
      return { enabled: true, type: 'stdio', name: connection.name, cmd: command, args, timeout };
    },
    header: (connection) => ({
      ...{ enabled: true, type: 'streamable_http', name: connection.name, uri: connection.url, timeout },
      headers: createTokenHeader(connection),
    }),
  },
};
