/** The apps, in the order of `connect --list`. To add an app, add a file to this folder and an entry to this list. */
import { AuthError } from '../errors.js';
import type { App } from './app.js';
import { amp } from './amp.js';
import { claudeCode } from './claude-code.js';
import { claudeDesktop } from './claude-desktop.js';
import { cline } from './cline.js';
import { codeServer } from './code-server.js';
import { codex } from './codex.js';
import { continueDev } from './continue.js';
import { copilot } from './copilot.js';
import { cursor } from './cursor.js';
import { devin } from './devin.js';
import { docker } from './docker.js';
import { gemini } from './gemini.js';
import { goose } from './goose.js';
import { json } from './json.js';
import { kilo } from './kilo.js';
import { lmStudio } from './lm-studio.js';
import { mcpRemote } from './mcp-remote.js';
import { mcporter } from './mcporter.js';
import { opencode } from './opencode.js';
import { pflow } from './pflow.js';
import { qoder } from './qoder.js';
import { qwen } from './qwen.js';
import { roo } from './roo.js';
import { vscodeInsiders } from './vscode-insiders.js';
import { vscode } from './vscode.js';
import { vscodium } from './vscodium.js';
import { windsurf } from './windsurf.js';
import { zed } from './zed.js';

export const apps: readonly App[] = [
  ...[claudeCode, codex, copilot, gemini, qwen, opencode, kilo, amp, qoder, cline, roo],
  ...[vscode, vscodeInsiders, vscodium, codeServer, cursor, devin, windsurf, zed],
  ...[claudeDesktop, goose, continueDev, lmStudio, docker, mcporter, mcpRemote, pflow, json],
];

/** Finds an app by name. @throws AuthError `usage` if there is none. */
export function findApp(name: string): App {
  const app = apps.find((one) => one.name === name);
  if (app) return app;
  throw new AuthError('usage', `Unknown app ${JSON.stringify(name)}.`, {
    hint: `The apps are ${apps.map((one) => one.name).join(', ')}.`,
  });
}
