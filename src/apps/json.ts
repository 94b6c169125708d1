import { toCommandEntry, type App } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** Any other app: prints the entry that most apps accept. */
export const json: App = {
  name: 'json',
  summary: 'Any other app: prints a snippet for its mcpServers',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: () => undefined,
  entries: { bridge: toCommandEntry },
};
