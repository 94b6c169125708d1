/** An agent with sockets in a folder of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Program } from './pairs.js';

/** Starts an agent. Resolves to the path of its socket once it listens. */
export async function startAgent({ words: [command = '', ...words], env }: Program): Promise<{ socket: string; stop: () => void }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mcp-auth-bench-agent-'));
  const child = spawn(command, words, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env, XDG_RUNTIME_DIR: folder } });
  let said = '';
  const socket = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const found = /listens at (\S+\.sock)\./.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on('close', () => reject(new Error(`The agent ended: ${said}`)));
  });
  return { socket, stop: () => void child.kill() };
}
