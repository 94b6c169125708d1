/**
 * mcp-auth, which also writes down what an app and the bridge say to each other: into the file `bridge.jsonl` in the home folder,
 * one message per line. Everything else is done by the real program.
 */
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../dist/bin.cjs', import.meta.url));
const words = process.argv.slice(2);
const { HOME } = process.env;

if (words[0] === 'bridge' && HOME !== undefined) {
  const bridge = spawn(process.execPath, [program, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
  const record = (from, stream) =>
    createInterface({ input: stream }).on('line', (line) => {
      appendFileSync(path.join(HOME, 'bridge.jsonl'), `${JSON.stringify({ from, message: parse(line) })}\n`);
    });
  record('app', process.stdin);
  record('bridge', bridge.stdout);
  process.stdin.pipe(bridge.stdin);
  bridge.stdout.pipe(process.stdout);
  bridge.stdin.on('error', () => undefined);
  process.stdout.on('error', () => undefined);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => bridge.kill(signal));
  bridge.on('close', (code) => process.exit(code ?? 1));
} else await import(program);

function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
