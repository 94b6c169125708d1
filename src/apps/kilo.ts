import path from 'node:path';
import { findXdgFolder, pickExisting, type App, type AppEnvironment } from './app.js';
import { createOpencodeCache, opencode } from './opencode.js';

/** Kilo CLI, which is made from opencode: `~/.config/kilo/kilo.jsonc`, and `.kilo/kilo.jsonc` in a project. */
export const kilo: App = {
  ...opencode,
  name: 'kilo',
  summary: 'Kilo CLI',
  configPath: (place, project) => pickExisting(place, project ? listProjectFiles(place) : listUserFiles(place)),
  pathsDependOn: (place) => [...listUserFiles(place), ...listProjectFiles(place)],
  cache: createOpencodeCache('kilo'),
};

/** Kilo reads all of them. The first is the one that it creates itself. */
function listUserFiles(place: AppEnvironment): [string, ...string[]] {
  const folder = path.join(findXdgFolder(place), 'kilo');
  return [path.join(folder, 'kilo.jsonc'), path.join(folder, 'kilo.json')];
}

function listProjectFiles({ folder }: AppEnvironment): [string, ...string[]] {
  const inside = path.join(folder, '.kilo');
  return [path.join(inside, 'kilo.jsonc'), path.join(inside, 'kilo.json'), path.join(folder, 'kilo.jsonc'), path.join(folder, 'kilo.json')];
}
