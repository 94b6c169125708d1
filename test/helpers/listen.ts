/** A server on a free port of this machine. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';

export interface Listening {
  /** Its address as a URL of plain http, without a slash at the end. */
  readonly origin: string;
  readonly port: number;
  /** Closes it, with all its connections. */
  readonly close: () => Promise<void>;
}

export interface Place {
  readonly host?: string;
  readonly port?: number;
}

/**
 * Starts a server, and resolves once it accepts connections.
 *
 * @param what a request listener, or any server that does not listen yet.
 * @param port a free port if it is not given.
 */
export async function listen(what: RequestListener | Server, { host = '127.0.0.1', port: wanted = 0 }: Place = {}): Promise<Listening> {
  const server = typeof what === 'function' ? createServer(what) : what;
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await once(server.listen(wanted, host), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
