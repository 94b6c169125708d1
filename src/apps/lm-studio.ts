import path from 'node:path';
import { toCommandEntry, toUrlEntry, type App, type AppEnvironment } from './app.js';
import { jsonc } from './formats/jsonc.js';

/** LM Studio, in the format of Cursor. */
export const lmStudio: App = {
  name: 'lm-studio',
  summary: 'LM Studio',
  format: jsonc,
  servers: ['mcpServers'],
  configPath: (place, project) => (project ? undefined : path.join(findHome(place), 'mcp.json')),
  pathsDependOn: (place) => [getPointerFile(place)],
  entries: {
    bridge: toCommandEntry,
    header: toUrlEntry,
  },
};

/** Its folder is the one that this file names. LM Studio creates the file when it is first started. */
function findHome(place: AppEnvironment): string {
  const named = place.texts.get(getPointerFile(place))?.trim() ?? '';
  return path.isAbsolute(named) ? named : path.join(place.home, '.lmstudio');
}

function getPointerFile({ home }: AppEnvironment): string {
  return path.join(home, '.lmstudio-home-pointer');
}
