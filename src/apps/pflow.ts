import path from 'node:path';
import { toCommandEntry, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** pflow. It can read the store directly, if the store is its file: `--store ~/.pflow/mcp-servers.json`. */
export const pflow: App = {
  name: 'pflow',
  summary: 'pflow',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: ({ home }, project) => (project ? undefined : path.join(home, '.pflow', 'mcp-servers.json')),
  entries: {
    bridge: toCommandEntry,
    header: ({ url, token }) => ({ type: 'http', url, auth: { type: 'bearer', token } }),
  },
  nextSteps: 'pflow can also read the store directly: mcp-auth login NAME --store ~/.pflow/mcp-servers.json',
};
