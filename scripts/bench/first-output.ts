import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Program } from './pairs.js';

/**
 * Milliseconds from the start of a process until its stdout matches. The process is killed then.
 *
 * @throws Error if it exits before.
 */
export async function firstOutput({ words: [command = '', ...words], env }: Program, pattern: RegExp): Promise<number> {
  const before = performance.now();
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const matched = new Promise<number>((resolve) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (pattern.test(text)) resolve(performance.now() - before);
    });
  });
  const closed = once(child, 'close');
  const milliseconds = await Promise.race([matched, closed.then(() => undefined)]);
  child.kill();
  await closed;
  if (milliseconds === undefined) throw new Error(`It exited without ${pattern}: ${said}`);
  return milliseconds;
}
