import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Program } from './pairs.js';

/**
 * Measures the milliseconds from the start of a process until its stdout matches `pattern`. Then kills the process.
 *
 * @throws Error if the process exits before.
 */
export async function firstOutput({ words: [command = '', ...words], env }: Program, pattern: RegExp): Promise<number> {
  const before = performance.now();
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
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
  if (milliseconds === undefined) throw new Error(`${command} ${words.join(' ')} exited before it printed ${pattern}: ${stderr}`);
  return milliseconds;
}
