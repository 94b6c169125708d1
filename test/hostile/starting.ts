/** A command that another user may run. */
import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { command } from '../helpers/build.js';
import { piped } from '../helpers/piped.js';

export const secretStore = {
  mcpServers: { demo: { url: 'https://a.example/mcp', auth: { type: 'bearer', token: 'SECRET-token', expires_at: 4_000_000_000 } } },
};

export function start(
  words: readonly string[],
  {
    env = {},
    node = [],
    uid,
    at = { node: process.execPath, command },
  }: { env?: Record<string, string>; node?: readonly string[]; uid?: number; at?: { node: string; command: string } } = {},
) {
  const child = spawn(at.node, [...node, at.command, ...words], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...env },
    ...(uid !== undefined && { uid, gid: uid }),
  });
  // One that waits for ever, which is what some of these are about, would outlive its test.
  onTestFinished(() => void child.kill('SIGKILL'));
  return piped(child);
}
