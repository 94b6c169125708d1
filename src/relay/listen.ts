/** Serves a relay by Node's http, with limits, until a signal aborts. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../effects.js';
import { AuthError, getSystemCode } from '../errors.js';
import { limits } from './limits.js';
import type { PublicUrl } from './public-url.js';
import type { RelayHandler } from './relay.js';

/** Milliseconds, octets and connections. */
const bounds = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  /** Longer than the proxies in front of it keep a connection, or they would send a request into one that is being closed. */
  keepAliveTimeout: 75_000,
  /** Without any octet, in a response too. */
  idle: 60_000,
  connections: 25_000,
  /** How long connections get to end when the relay stops. */
  stop: 3000,
};

export interface ListenOptions {
  readonly handle: RelayHandler;
  readonly publicUrl: PublicUrl;
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface ListeningRelay {
  readonly port: number;
  /** Resolves when the signal has aborted and all connections are closed. */
  readonly closed: Promise<void>;
}

/** @throws AuthError `usage` if it cannot listen there. */
export async function listenForRelay({ handle, publicUrl, host, port, clock, signal }: ListenOptions): Promise<ListeningRelay> {
  const server = createServer(bounds, (request, response) => {
    void respond({ request, response, handle, publicUrl, signal }).catch(() => response.destroy());
  });
  server.maxConnections = bounds.connections;
  server.timeout = bounds.idle;
  try {
    await once(server.listen(port, host), 'listening');
  } catch (error) {
    throw new AuthError('usage', `The relay cannot listen on ${host}:${port} (${getSystemCode(error)}).`, { cause: error });
  }
  return { port: (server.address() as AddressInfo).port, closed: closeAfter(server, { clock, signal }) };
}

async function closeAfter(server: Server, { clock, signal }: { clock: Clock; signal: AbortSignal }): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const stopAlarm = clock.alarm(bounds.stop, () => server.closeAllConnections());
  await closed;
  stopAlarm();
}

interface Arrived extends Pick<ListenOptions, 'handle' | 'publicUrl' | 'signal'> {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function respond({ request, response, handle, publicUrl, signal }: Arrived): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const refuse = (status: number) => response.writeHead(status, { connection: 'close' }).end();
  const { method = 'GET', url: target = '' } = request;
  if (!isPlainTarget(target, publicUrl)) return void refuse(400);
  const body = await readBody(request);
  if (body === undefined) return void refuse(413);
  const received = new Request(new URL(target, publicUrl.origin), {
    method,
    headers: toHeaders(request),
    ...(method !== 'GET' && method !== 'HEAD' && { body }),
    signal: gone.signal,
  });
  const result = await handle(received, { address: request.socket.remoteAddress ?? '' });
  const text = Buffer.from(await result.arrayBuffer());
  response.setHeaders(result.headers);
  // Otherwise the connection would stay open for the next request, and delay the end.
  if (signal.aborted) response.setHeader('connection', 'close');
  response.writeHead(result.status, result.status === 204 ? {} : { 'content-length': text.length }).end(text);
}

/** Whether its path is read in one way only: a proxy may have its own rules for `/x/../metrics`, and `//` or `/\\` starts a host. */
function isPlainTarget(target: string, { origin }: PublicUrl): boolean {
  return URL.canParse(target, origin) && new URL(target, origin).pathname === target.split(/[?#]/, 1)[0];
}

function toHeaders({ headersDistinct }: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) for (const value of values) headers.append(name, value);
  return headers;
}

/** Undefined if it is larger than any body that the relay reads. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limits.response) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limits.response) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
