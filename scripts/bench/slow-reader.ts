import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { listen } from '../../test/helpers/listen.js';
import { peakMemoryOf, type Program } from './pairs.js';

/** MiB that the server tries to send. */
const streamSize = 256;

/**
 * Runs an app that sends one request and reads nothing. The server responds with a stream of notifications as fast as it
 * can send them.
 *
 * @returns the peak memory of the bridge, and how much the server sent, both in MiB.
 */
export async function slowReader(bridge: (url: string) => Program): Promise<{ memory: number; sent: number }> {
  let sent = 0;
  const event = `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'x'.repeat(10_000) } })}\n\n`;
  const { origin, close } = await listen((request, response) => {
    if (request.method !== 'POST') return void response.writeHead(405).end();
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const more = () => {
      while (sent < streamSize * 1024 * 1024) {
        sent += event.length;
        if (!response.write(event)) return;
      }
      response.end();
    };
    response.on('drain', more);
    more();
  });
  const {
    words: [command = '', ...words],
    env,
  } = bridge(`${origin}/mcp`);
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, ...env } });
  child.stdin.write('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}\n');
  // Wait until the server is blocked.
  for (let before = -1; before !== sent;) {
    before = sent;
    await wait(1_500);
  }
  const memory = peakMemoryOf(child.pid);
  child.kill('SIGKILL');
  await once(child, 'close');
  await close();
  return { memory, sent: sent / 1024 / 1024 };
}
