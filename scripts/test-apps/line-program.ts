/** A program of an app that speaks JSON on its stdin and stdout, one message per line; most speak JSON-RPC. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { appTimeout, type Home } from './home.js';

type Json = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: unknown;
  readonly type?: string;
  readonly method?: string;
  readonly params?: Json;
  readonly result?: Json;
  readonly error?: Json;
}

export interface LineProgram {
  /** Sends a message that is not a request. */
  send(message: object): void;
  /** Resolves to the result. Rejects if there is none in time. */
  request(method: string, params?: object): Promise<Json>;
  /** Resolves when the program has sent such a message. Call it before what causes it. */
  heard(isWanted: (message: Message) => boolean): Promise<unknown>;
  end(): void;
}

interface LineProgramOptions {
  readonly command: string;
  readonly words: readonly string[];
}

export function startLineProgram(home: Home, { command, words }: LineProgramOptions): LineProgram {
  const child = spawn(home.bin(command), words, { env: home.env, cwd: home.folder, stdio: ['pipe', 'pipe', 'ignore'] });
  const listeners = new Set<(message: Message) => void>();
  child.stdin.on('error', () => undefined);
  const send = (message: object) => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{')) return;
    const message = JSON.parse(line) as Message;
    // Whatever the program asks for, it does not get.
    if (message.id !== undefined && message.method !== undefined)
      send({ id: message.id, error: { code: -32_601, message: 'not supported' } });
    for (const listen of listeners) listen(message);
  });
  const heard = (isWanted: (message: Message) => boolean) => {
    const found = new Promise<Message>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${command} has not answered in time.`)), appTimeout).unref();
      child.on('close', () => reject(new Error(`${command} has ended.`)));
      const listen = (message: Message) => {
        if (!isWanted(message)) return;
        clearTimeout(timer);
        listeners.delete(listen);
        resolve(message);
      };
      listeners.add(listen);
    });
    // The caller may have failed before it waits for this.
    found.catch(() => undefined);
    return found;
  };
  let count = 0;
  return {
    send,
    request: async (method, params = {}) => {
      const id = (count += 1);
      const answered = heard((message) => message.method === undefined && message.id === id);
      send({ id, method, params });
      const { result, error } = await answered;
      if (result === undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
      return result;
    },
    heard,
    end: () => void child.kill(),
  };
}
