import { findVscodeUserFolder } from './vscode-storage.js';
import { createVscodeApp } from './vscode.js';

/** The preview of Visual Studio Code, which is installed next to it. */
export const vscodeInsiders = createVscodeApp({ name: 'vscode-insiders', summary: 'Visual Studio Code Insiders' }, (place) =>
  findVscodeUserFolder(place, { folder: 'Code - Insiders', serverFolder: '.vscode-server-insiders' }),
);
