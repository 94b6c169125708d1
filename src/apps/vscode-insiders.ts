import type { App } from './app.js';
import { createVscodeApp } from './vscode.js';

/** The preview of Visual Studio Code, which is installed next to it. */
export const vscodeInsiders: App = createVscodeApp({
  name: 'vscode-insiders',
  summary: 'Visual Studio Code Insiders',
  folder: 'Code - Insiders',
  serverFolder: '.vscode-server-insiders',
});
