import type { App } from './app.js';
import { createVscodeApp } from './vscode.js';

/** VSCodium, a build of the source of Visual Studio Code. */
export const vscodium: App = createVscodeApp({
  name: 'vscodium',
  summary: 'VSCodium',
  folder: 'VSCodium',
  serverFolder: '.vscodium-server',
});
