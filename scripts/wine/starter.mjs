/**
 * Runs in Node for Windows: starts programs for the script on Linux, which says by TCP what to start and what to write. A Windows
 * process cannot use the pipes of Linux, but it can make pipes of its own. One JSON object a line, in both directions.
 */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import process from 'node:process';
import { createInterface } from 'node:readline';

const socket = connect(Number(process.argv[2]), '127.0.0.1');
const say = (message) => socket.write(`${JSON.stringify(message)}\n`);
const children = new Map();

/** `words` as they are, or as `node` with them. Variables of Linux do not reach the program. */
function start({ id, words, env }) {
  const [command, ...rest] = words;
  const child = spawn(command === 'node' ? process.execPath : command, rest, {
    env: { ...process.env, NODE: process.execPath, ...env },
    stdio: 'pipe',
  });
  children.set(id, child);
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => say({ id, name, text }));
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => say({ id, name: 'stderr', text: String(error) }));
  child.on('close', (code) => say({ id, code }));
}

createInterface({ input: socket }).on('line', (line) => {
  const message = JSON.parse(line);
  if (message.words) start(message);
  else if (message.text !== undefined) children.get(message.id)?.stdin.write(message.text);
  else children.get(message.id)?.stdin.end();
});
socket.on('close', () => process.exit(0));
