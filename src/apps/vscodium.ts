import { findVscodeUserFolder } from './vscode-storage.js';
import { createVscodeApp } from './vscode.js';

/** VSCodium, a build of the source of Visual Studio Code. */
export const vscodium = createVscodeApp({ name: 'vscodium', summary: 'VSCodium' }, (place) =>
  findVscodeUserFolder(place, { folder: 'VSCodium', serverFolder: '.vscodium-server' }),
);
