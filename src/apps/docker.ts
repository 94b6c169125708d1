import path from 'node:path';
import { createTokenHeader, type App } from './app.js';
import { yaml } from './formats/yaml.js';

/** Docker's MCP gateway, with its own catalog. It runs servers in containers, where the bridge is not installed. */
export const docker: App = {
  name: 'docker',
  summary: 'Docker MCP gateway',
  format: yaml,
  servers: ['registry'],
  configPath: ({ home }, project) => (project ? undefined : path.join(home, '.docker', 'mcp', 'catalogs', 'mcp-auth.yaml')),
  entries: {
    header: (connection) => ({
      ...{ title: connection.name, description: `${connection.url}, by mcp-auth`, type: 'remote' },
      remote: { transport_type: 'streamable-http', url: connection.url, headers: createTokenHeader(connection) },
    }),
  },
  nextSteps: 'Start the gateway with: docker mcp gateway run --additional-catalog mcp-auth.yaml --enable-all-servers',
};
