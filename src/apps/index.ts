/** The apps, in the order of `connect --list`. A new one is a file beside this one, and a line here. */
import { AuthError } from '../errors.js';
import type { App } from './app.js';
import { claudeCode } from './claude-code.js';
import { cline } from './cline.js';
import { codex } from './codex.js';
import { continueDev } from './continue.js';
import { cursor } from './cursor.js';
import { docker } from './docker.js';
import { gemini } from './gemini.js';
import { goose } from './goose.js';
import { json } from './json.js';
import { lmStudio } from './lm-studio.js';
import { mcpRemote } from './mcp-remote.js';
import { opencode } from './opencode.js';
import { pflow } from './pflow.js';
import { roo } from './roo.js';
import { vscode } from './vscode.js';
import { windsurf } from './windsurf.js';
import { zed } from './zed.js';

export const apps: readonly App[] = [
  ...[claudeCode, codex, gemini, opencode, cline, roo, vscode, cursor, windsurf, zed],
  ...[goose, continueDev, lmStudio, docker, mcpRemote, pflow, json],
];

/** @throws AuthError `usage` for a name that no app has. */
export function findApp(name: string): App {
  const app = apps.find((one) => one.name === name);
  if (app) return app;
  throw new AuthError('usage', `There is no app called ${JSON.stringify(name)}.`, {
    hint: `The apps are ${apps.map((one) => one.name).join(', ')}.`,
  });
}
