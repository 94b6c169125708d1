import type { Duplex } from 'node:stream';
import { linesProtocol, serverHeader } from '../../agent-protocol/messages.js';
import { runBridge } from '../../bridge/bridge.js';
import type { BinaryString, Lines } from '../../effects.js';
import { AuthError } from '../../errors.js';
import { withAccess } from '../../session/server-access.js';
import { createLineWriter, forEachLine } from '../../text/json-lines.js';
import type { AdmittedServer, Gate } from '../gate.js';
import { limits } from '../limits.js';
import { checkSeenUrl } from '../seen-url.js';
import type { Endpoint } from '../service.js';

/**
 * MCP messages as lines, as an app and a bridge exchange them by stdio: the bridge itself runs here, next to the login. For 32 messages
 * at a time, that is twice as fast as a request for each through the agent.
 */
export const passLines: Endpoint = {
  route: 'UPGRADE /mcp/NAME',
  handle: async ({ request, name, gate, signal, upgrade }, { servers, context }) => {
    if (upgrade === undefined || request.headers.upgrade !== linesProtocol) {
      throw new AuthError('usage', `The only other protocol is ${linesProtocol}.`);
    }
    const server = await servers.getFor(gate, name);
    checkSeenUrl(request.headers[serverHeader], { server, gate });
    await gate.admit(server, 'request', signal);
    const connection = upgrade();
    const destroy = () => connection.destroy();
    signal.addEventListener('abort', destroy);
    try {
      const options = { target: server, transport: 'http-first', headers: server.headers, offersLogin: false } as const;
      await runBridge(options, createLines({ connection, server, gate, signal }), { ...(await withAccess(server.entry, context)), signal });
    } finally {
      signal.removeEventListener('abort', destroy);
      connection.end();
    }
  },
};

interface LinesOptions {
  readonly connection: Duplex;
  readonly server: AdmittedServer;
  readonly gate: Gate;
  readonly signal: AbortSignal;
}

/** While so many messages wait for the server, no more are read. */
const maxWaiting = 1000;

/** The lines of a connection. A message has its room among the messages of the socket until it has been dealt with. */
function createLines({ connection, server, gate, signal }: LinesOptions): Lines {
  let waiting = 0;
  const take = (line: BinaryString, handle: Parameters<Lines['each']>[0]) => {
    const room = line.length + limits.partOctets;
    try {
      gate.count(server);
      if (!gate.reserve(room)) throw new AuthError('agent_busy', 'Too many large messages are being received.');
    } catch (error) {
      connection.destroy(error as Error);
      return;
    }
    waiting += 1;
    if (waiting >= maxWaiting) connection.pause();
    const release = () => {
      gate.reserve(-room);
      waiting -= 1;
      if (waiting < maxWaiting) connection.resume();
    };
    void (handle(line) ?? Promise.resolve()).then(release, release);
  };
  return {
    each: (handle) =>
      forEachLine(connection, { signal, maxOctets: limits.messageOctets, take: (line) => take(line, handle) }).catch(ignoreLoss),
    write: createLineWriter(connection),
  };
}

/** The connection is lost or was destroyed: that is an end like any other. @throws a bug of ours. */
function ignoreLoss(error: unknown): void {
  if (!(error instanceof Error) || !('code' in error || error instanceof AuthError)) throw error;
}
