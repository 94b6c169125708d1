import path from 'node:path';
import { toCommandEntry, createTokenHeader, type App } from './app.js';
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
  configPath: ({ home, platform, variables }, project) => {
    if (project) return undefined;
    if (platform === 'win32')
      return path.join(variables['APPDATA'] ?? path.join(home, 'AppData', 'Roaming'), 'Block', 'goose', 'config', 'config.yaml');
    return path.join(variables['XDG_CONFIG_HOME'] ?? path.join(home, '.config'), 'goose', 'config.yaml');
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
