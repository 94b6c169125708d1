/** Serves an agent's endpoints on one Unix socket. */
import { once, setMaxListeners } from 'node:events';
import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { agentHeader, protocolVersion } from '../agent-protocol/messages.js';
import { AuthError, createInterruptedError, toAuthError } from '../errors.js';
import { redactError } from '../secrets/secrets.js';
import { endpoints } from './endpoints/index.js';
import type { Gate } from './gate.js';
import { limits, serverLimits } from './limits.js';
import { respondFailure } from './responses.js';
import type { Endpoint, Exchange, Service } from './service.js';

export interface ListeningSocket {
  /** Connections that are open now. */
  countConnections(): Promise<number>;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** Where to listen: a path, or a socket that the service manager has opened (systemd.socket(5)). */
export type Place = { readonly path: string; readonly fd?: never } | { readonly fd: number; readonly path?: never };

/** @throws the system's error if it cannot listen there. */
export async function listenOnSocket({ place, gate }: { place: Place; gate: Gate }, service: Service): Promise<ListeningSocket> {
  const closing = new AbortController();
  // One for each request: Node would warn of a leak.
  setMaxListeners(0, closing.signal);
  const responses = new WeakMap<Socket, ServerResponse>();
  const server = createServer({ ...serverLimits, noDelay: true }, (request, response) => {
    const { socket } = request;
    const isPipelined = responses.get(socket)?.writableEnded === false;
    // The limit of connections is one of requests, too: else one connection could hold thousands that no signal ends.
    if (isPipelined) return void socket.destroy();
    responses.set(socket, response);
    void respond({ request, response, gate, closing: closing.signal }, service);
  });
  server.on('upgrade', (request, connection: Socket, head) => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(connection);
    connection.on('error', () => undefined);
    // A refusal. Otherwise the response has let go of the connection.
    response.once('finish', () => connection.end());
    const upgrade = () => acceptUpgrade({ request, connection, head, response });
    void respond({ request, response, gate, closing: closing.signal, upgrade }, service);
  });
  server.maxConnections = limits.connections[gate.kind];
  server.on('clientError', (_, socket) => socket.destroy());
  await once(server.listen(place), 'listening');
  return {
    countConnections: () => countConnections(server),
    close: async () => {
      closing.abort(createInterruptedError());
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function countConnections(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((error, count) => resolve(error ? 0 : count)));
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly connection: Socket;
  readonly head: Buffer;
  readonly response: ServerResponse;
}

function acceptUpgrade({ request, connection, head, response }: Upgrade): Duplex {
  response.detachSocket(connection);
  // Node's server has replaced this method by one that throws, also for a connection that is no longer its own.
  Reflect.deleteProperty(connection, 'setEncoding');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'connection: upgrade',
    `upgrade: ${request.headers.upgrade}`,
    `${agentHeader}: ${protocolVersion}`,
  ];
  connection.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) connection.unshift(head);
  return connection;
}

interface Arrived {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly gate: Gate;
  readonly closing: AbortSignal;
  readonly upgrade?: Exchange['upgrade'];
}

/** Never rejects. */
async function respond({ request, response, gate, closing, upgrade }: Arrived, service: Service): Promise<void> {
  const gone = new AbortController();
  const leave = () => {
    // Creating the error takes longer than all else here, and most requests end in order.
    if (!response.writableFinished) gone.abort(createInterruptedError());
  };
  response.once('close', leave);
  if (upgrade) request.socket.once('close', leave);
  closing.addEventListener('abort', leave);
  response.setHeader(agentHeader, String(protocolVersion));
  try {
    const { endpoint, name, query } = findEndpoint(request, { gate, method: upgrade ? 'UPGRADE' : request.method });
    await endpoint.handle({ request, response, name, query, gate, upgrade, signal: gone.signal }, service);
  } catch (error) {
    if (response.destroyed) return;
    const { code, message, hint } = redactError(toAuthError(error), service.context.env);
    // A hint may name what a restricted socket must not know.
    respondFailure(response, new AuthError(code, message, gate.kind === 'owner' ? { hint } : {}));
  } finally {
    closing.removeEventListener('abort', leave);
  }
}

const routes = endpoints.map((endpoint) => {
  const [method = '', path = ''] = endpoint.route.split(' ');
  return { endpoint, method, segments: path.split('/') };
});

/** @throws AuthError `usage` for an unknown one, `agent_refused` for one of the owner's on a restricted socket. */
function findEndpoint(
  { url: target = '' }: IncomingMessage,
  { gate, method }: { gate: Gate; method: string | undefined },
): Pick<Exchange, 'name' | 'query'> & { readonly endpoint: Endpoint } {
  const [path = '', query = ''] = target.split('?', 2);
  const segments = path.split('/');
  const route = routes.find(
    (one) => (one.method === method || (one.method === '*' && method !== 'UPGRADE')) && isPath(segments, one.segments),
  );
  if (route === undefined) throw new AuthError('usage', 'The agent has no such endpoint.');
  const { endpoint } = route;
  if (endpoint.isOwners && gate.kind !== 'owner') throw new AuthError('agent_refused', 'This endpoint is only for the owner’s socket.');
  return { endpoint, name: decodeName(segments[route.segments.indexOf('NAME')] ?? ''), query: new URLSearchParams(query) };
}

/** A segment is compared as it was sent: no path is normalised, so that none is read in two ways. */
function isPath(segments: readonly string[], pattern: readonly string[]): boolean {
  return segments.length === pattern.length && pattern.every((one, index) => one === 'NAME' || one === segments[index]);
}

/** @throws AuthError `usage` */
function decodeName(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new AuthError('usage', 'The name in the path is not percent-encoded UTF-8.');
  }
}
