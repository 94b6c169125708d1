/** An app that sends requests to a bridge as fast as it responds. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Program } from './pairs.js';
import { peakMemoryOf } from './pairs.js';

/** Starts a minimal MCP server that responds with the request, as JSON or as an event. */
export async function startEcho(kind: 'json' | 'sse'): Promise<{ url: string; stop: () => void }> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'mcp-server.mjs'), kind], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  return { url: first.toString().trim(), stop: () => void child.kill() };
}

export interface App {
  readonly child: ChildProcess;
  /** Milliseconds from the start of the process to its response to `initialize`. */
  readonly started: number;
  /** Sends a call and resolves when the response has arrived. */
  call(bytes: number): Promise<void>;
  end(): Promise<void>;
}

export async function startApp({ words: [command = '', ...words], env }: Program): Promise<App> {
  const before = performance.now();
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, ...env } });
  const waiting = new Map<number, () => void>();
  let pieces: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      pieces.push(chunk.subarray(start, end));
      // The echo server puts the id here. Parsing the whole line would cost more than what is measured.
      const id = Number(/"id":(\d+)/.exec(Buffer.concat(pieces).toString('latin1', 0, 60))?.[1]);
      waiting.get(id)?.();
      waiting.delete(id);
      pieces = [];
      start = end + 1;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
  });
  let last = 0;
  const ask = (method: string, params: object) =>
    new Promise<void>((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: last, method, params })}\n`);
    });
  await ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } });
  const started = performance.now() - before;
  child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
  const text = new Map<number, string>();
  return {
    child,
    started,
    call: (bytes) => {
      if (!text.has(bytes)) text.set(bytes, 'x'.repeat(bytes));
      return ask('tools/call', { name: 'echo', arguments: { text: text.get(bytes) } });
    },
    end: async () => {
      child.stdin.end();
      const ended = once(child, 'close');
      // Some bridges do not exit when stdin is closed.
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

export interface Load {
  readonly bytes: number;
  /** The number of concurrent calls. */
  readonly width: number;
  /** The number of measured calls, after `warm` calls that are not measured. */
  readonly count: number;
  readonly warm: number;
}

export interface Measured {
  readonly started: number;
  /** Calls per second. */
  readonly rate: number;
  /** The 99th percentile, in milliseconds. */
  readonly p99: number;
  /** MiB. */
  readonly memory: number;
}

export async function measureLoad(program: Program, { bytes, width, count, warm }: Load): Promise<Measured> {
  const app = await startApp(program);
  const took: number[] = [];
  const calls = async (number: number) => {
    let left = number;
    const caller = async () => {
      while (left > 0) {
        left -= 1;
        const before = performance.now();
        await app.call(bytes);
        took.push(performance.now() - before);
      }
    };
    await Promise.all(Array.from({ length: width }, caller));
  };
  await calls(warm);
  took.length = 0;
  const before = performance.now();
  await calls(count);
  const rate = (count / (performance.now() - before)) * 1000;
  const memory = peakMemoryOf(app.child.pid);
  await app.end();
  const sorted = took.sort((one, other) => one - other);
  return { started: app.started, rate, p99: sorted[Math.floor(sorted.length * 0.99)] ?? NaN, memory };
}
