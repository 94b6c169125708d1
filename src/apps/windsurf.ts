import path from 'node:path';
import { toCommandEntry, createTokenHeader, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Windsurf, before it became Devin Desktop in June 2026. The Cascade agent of Devin Desktop still reads this file. */
export const windsurf: App = {
  name: 'windsurf',
  summary: 'Windsurf',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: ({ home }, project) => (project ? undefined : path.join(home, '.codeium', 'windsurf', 'mcp_config.json')),
  entries: {
    bridge: toCommandEntry,
    header: (connection) => ({ serverUrl: connection.url, headers: createTokenHeader(connection) }),
  },
  nextSteps:
    'Windsurf is called Devin Desktop since June 2026. Except for its Cascade agent, it reads another file: mcp-auth connect devin NAME',
};
