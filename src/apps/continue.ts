import path from 'node:path';
import { toCommandEntry, createTokenHeader, type App } from './app.js';
import type { ConfigFormat } from './formats/format.js';
import { createYamlList } from './formats/yaml-list.js';

const servers = ['mcpServers'];
const list = createYamlList(servers);

/** Continue rejects a file without a name and a version. */
const format: ConfigFormat = {
  ...list,
  put: (text, place, change) => list.put(text.trim() === '' ? 'name: Local Config\nversion: 1.0.0\nschema: v1\n' : text, place, change),
};

/** Continue: `~/.continue/config.yaml`. Its extension, but not its command line, also reads a folder of the project. */
export const continueDev: App = {
  name: 'continue',
  summary: 'Continue',
  format,
  servers,
  configPath: ({ home, folder, variables }, project) =>
    project
      ? path.join(folder, '.continue', 'mcpServers', 'mcp-auth.yaml')
      : path.join(variables['CONTINUE_GLOBAL_DIR'] ?? path.join(home, '.continue'), 'config.yaml'),
  entries: {
    bridge: (connection) => ({ name: connection.name, ...toCommandEntry(connection) }),
    header: (connection) => ({
      ...{ name: connection.name, type: 'streamable-http', url: connection.url },
      requestOptions: { headers: createTokenHeader(connection) },
    }),
  },
  nextSteps: 'Continue reads this file instead of an older config.json.',
};
