import path from 'node:path';
import type { App } from './app.js';
import { createGeminiCache, gemini } from './gemini.js';

/** Qwen Code, which is made from Gemini CLI: `~/.qwen/settings.json`, and the same in a project. */
export const qwen: App = {
  ...gemini,
  name: 'qwen',
  summary: 'Qwen Code',
  configPath: ({ home, folder }, project) => path.join(project ? folder : home, '.qwen', 'settings.json'),
  cache: createGeminiCache('Qwen Code', ({ home }) => path.join(home, '.qwen', 'mcp-oauth-tokens.json')),
};
