/** A bridge that a test uses as an app does, and its servers. */
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { expect } from 'vitest';
import { listening } from './listening.js';
import { run, type Run } from './run.js';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: { id?: number; method?: string; [key: string]: unknown };
}

/** A server whose responses the test writes. `seen` holds its requests, oldest first. */
export async function serverOf(answer: (seen: Seen, response: ServerResponse, all: Seen[]) => void) {
  const all: Seen[] = [];
  const { origin } = await listening((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const isJson = request.headers['content-type'] === 'application/json';
      const seen = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: isJson ? (JSON.parse(text) as Seen['body']) : {},
      };
      all.push(seen);
      answer(seen, response, all);
    });
  });
  return { origin, url: `${origin}/mcp`, seen: all, posts: () => all.filter(({ method, url }) => method === 'POST' && url === '/mcp') };
}

export function json(
  response: ServerResponse,
  body: object,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function events(response: ServerResponse, ...some: string[]) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const one of some) response.write(`${one}\n\n`);
}

/** Closes the connection in the middle of a response, after what was written. */
export function breakOff(response: ServerResponse) {
  response.socket?.end();
}

export const answerTo = ({ body }: Seen, result: object = {}) => ({ jsonrpc: '2.0', id: body.id, result });
export const data = (message: object) => `data: ${JSON.stringify(message)}`;

/** A server that opens a session. `rest` responds to all other requests. */
export function withSession(rest: (seen: Seen, response: ServerResponse, all: Seen[]) => void) {
  return serverOf((seen, response, all) => {
    if (seen.body.method === 'initialize')
      json(response, answerTo(seen, { protocolVersion: '2025-11-25' }), { headers: { 'mcp-session-id': 's1' } });
    else if (seen.body.method === 'notifications/initialized') response.writeHead(202).end();
    else if (seen.method === 'GET') response.writeHead(405).end();
    else if (seen.method === 'DELETE') response.writeHead(204).end();
    else rest(seen, response, all);
  });
}

export function bridged(store: string, line = 'bridge fake', env: Record<string, string> = {}) {
  const bridge = run(line, { store, stdin: 'open', env });
  let id = 0;
  return {
    bridge,
    /** Sends a request and returns its response. */
    ask: async (method: string, params: object = {}) => {
      const mine = (id += 1);
      bridge.type(`${JSON.stringify({ jsonrpc: '2.0', id: mine, method, params })}\n`);
      return answered(bridge, mine);
    },
    notify: (method: string) => bridge.type(`${JSON.stringify({ jsonrpc: '2.0', method })}\n`),
    end: async () => {
      bridge.end();
      expect(await bridge.exit).toBe(0);
    },
  };
}

export interface Answer {
  id?: number;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: { code: string; hint?: string } };
}

/** @throws if the bridge ends without a response. */
export async function answered(bridge: Run, id: number): Promise<Answer> {
  const state = { hasEnded: false };
  void bridge.exit.then(() => (state.hasEnded = true));
  for (;;) {
    const found = bridge.events.find((one) => one['id'] === id && one['method'] === undefined);
    if (found) return found;
    if (state.hasEnded) throw new Error(`The bridge ended without a response to ${id}: ${bridge.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'app', version: '1' } };
