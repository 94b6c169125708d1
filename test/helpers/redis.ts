/** A real Redis server on a free port, with nothing on disk unless it is asked for. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { createClient } from '@redis/client';
import { listen } from './listen.js';

export interface Redis {
  readonly url: string;
  /** Removes everything in it. */
  flush(): Promise<void>;
  /** Everything in it, as text. */
  dump(): Promise<string>;
  stop(): Promise<void>;
}

/** @param more words of the command line, which override those before. */
export async function startRedis(program: string, wanted?: number, more: readonly string[] = []): Promise<Redis> {
  const port = wanted ?? (await findFreePort());
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp', ...more];
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) if (line.includes('Ready to accept connections')) break;
  child.stdout.resume();
  const url = `redis://127.0.0.1:${port}`;
  return {
    url,
    flush: () => withClient(url, (client) => client.flushAll()).then(() => undefined),
    dump: () => withClient(url, dump),
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

export async function findFreePort(): Promise<number> {
  const { port, close } = await listen(createServer());
  await close();
  return port;
}

type Client = ReturnType<typeof createClient>;

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = createClient({ url });
  await client.connect();
  try {
    return await work(client as Client);
  } finally {
    await client.close();
  }
}

async function dump(client: Client): Promise<string> {
  const keys = await client.keys('*');
  const values = await Promise.all(
    keys.map(async (key) => ((await client.type(key)) === 'hash' ? await client.hGetAll(key) : await client.zRange(key, 0, -1))),
  );
  return JSON.stringify([keys, values]);
}
