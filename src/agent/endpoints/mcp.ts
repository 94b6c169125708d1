import { pipeline } from 'node:stream/promises';
import type { HttpResponse } from '../../effects.js';
import { AuthError } from '../../errors.js';
import { endpointHeader, serverHeader } from '../../agent-protocol/messages.js';
import { readHeaders } from '../../session/server-access.js';
import { quote } from '../../text/server-text.js';
import { formatUrlFor, type AdmittedServer, type Gate } from '../gate.js';
import { limits } from '../limits.js';
import { hasBody, readBody } from '../responses.js';
import type { Endpoint, Exchange } from '../service.js';
import { isEventStream, noteEndpoint, resolveEndpoint } from '../older-transport.js';

/** The headers of a request that reach the server. All others are of the connection, or the agent's to set. */
const requestHeaders = /^(accept|accept-language|content-type|last-event-id|traceparent|tracestate|baggage|mcp-(?!auth-)[\w-]+)$/;
/** The headers of a response that reach the other side: it has no use for cookies, and must not start a login of its own. */
const responseHeaders = /^(allow|cache-control|content-type|retry-after|mcp-(?!auth-)[\w-]+)$/;

const methods = new Set(['GET', 'POST', 'DELETE']);

/** The MCP request itself, sent on with the login, which the other side never sees. */
export const passOn: Endpoint = {
  route: '* /mcp/NAME',
  handle: async (exchange, { servers }) => {
    const { request, name, gate, signal } = exchange;
    const { method = 'GET' } = request;
    if (!methods.has(method)) throw new AuthError('usage', 'MCP has no requests of this method.');
    const server = await servers.getFor(gate, name);
    checkSeenUrl(request.headers[serverHeader], { server, gate });
    await gate.admit(server, 'request', signal);
    const url = resolveEndpoint(request.headers[endpointHeader], { server, gate });
    const message = hasBody(request) ? await readBody(exchange, limits.messageOctets) : undefined;
    try {
      const configured = readHeaders(server.entry);
      // What the user has configured is not the other side's to change.
      const picked = Object.entries(pickHeaders(request.headers, requestHeaders)).filter(([header]) => !Object.hasOwn(configured, header));
      const headers = { ...server.headers, ...Object.fromEntries(picked) };
      const received = await server.http.open({ method, headers, body: message?.text ?? null, encoding: 'latin1', signal }, url);
      if (isEventStream(received)) noteEndpoint(received, { server, gate });
      await send(received, exchange);
    } finally {
      // It may be sent again until now, and a server that responds early may not have read it.
      message?.release();
    }
  },
};

/** A message for one server must not go to another that has its name by now. @throws AuthError `agent_refused` */
function checkSeenUrl(seen: string | string[] | undefined, { server, gate }: { server: AdmittedServer; gate: Gate }): void {
  if (seen === undefined || seen === encodeURIComponent(formatUrlFor(gate, server.url))) return;
  throw new AuthError('agent_refused', `${quote(server.name)} is another server by now.`);
}

async function send({ status, headers, body }: HttpResponse, { response }: Exchange): Promise<void> {
  try {
    response.writeHead(status, pickHeaders(headers, responseHeaders));
  } catch (error) {
    body.destroy();
    throw new AuthError('response_invalid', `The server responded with the status ${status}.`, { cause: error });
  }
  // The head of a stream arrives before its first event.
  response.flushHeaders();
  // If either side closes its connection, the other is closed.
  await pipeline(body, response).catch(() => undefined);
}

function pickHeaders(headers: Readonly<Record<string, string | string[] | undefined>>, wanted: RegExp): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string' && wanted.test(name)) picked[name] = value;
  }
  return picked;
}
