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
  // With --additional-catalog, --enable-all-servers would enable all servers of Docker's own catalog.
  nextSteps:
    'Start the gateway with: docker mcp gateway run --catalog mcp-auth.yaml --enable-all-servers     (With servers of other catalogs: docker mcp gateway run --additional-catalog mcp-auth.yaml --servers NAME)',
};
