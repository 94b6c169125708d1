import type { ServerResponse } from 'node:http';
import type { HttpResponse } from '../../effects.js';
import { AuthError } from '../../errors.js';
import { endpointHeader, serverHeader } from '../../agent-protocol/messages.js';
import { isEventStream } from '../../bridge/resumable-streams.js';
import { readHeaders } from '../../session/server-access.js';
import { limits } from '../limits.js';
import { hasBody, readBody } from '../responses.js';
import type { Endpoint, Exchange } from '../service.js';
import { checkSeenUrl } from '../seen-url.js';
import { noteEndpoint, resolveEndpoint } from '../older-transport.js';

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
    if (!methods.has(method)) throw new AuthError('usage', 'MCP requests use GET, POST or DELETE.');
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
      if (method === 'GET' && received.status === 200 && isEventStream(received)) noteEndpoint(received, { server, gate });
      await send(received, exchange);
    } finally {
      // It may be sent again until now, and a server that responds early may not have read it.
      message?.release();
    }
  },
};

/** Octets of a response that are collected, so that head and body are sent in one piece: that makes an agent a third faster. */
const maxCollected = 64 * 1024;

/** Passes a response on. If either side closes its connection, the other is closed. */
function send({ status, headers, body }: HttpResponse, { response }: Pick<Exchange, 'response'>): Promise<void> {
  const isStream = isEventStream({ status, headers, body });
  setHead(response, { status, headers, body });
  let collected: Buffer[] | undefined = [];
  let size = 0;
  const begin = () => {
    if (collected === undefined) return;
    const chunks = collected;
    collected = undefined;
    for (const chunk of chunks) response.write(chunk);
    if (chunks.length === 0) response.flushHeaders();
  };
  // The head of a stream arrives before its first event, which may be there already.
  if (isStream) setImmediate(begin);
  return new Promise((resolve) => {
    body.on('data', (chunk: Buffer) => {
      size += chunk.length;
      collected?.push(chunk);
      if (collected === undefined) {
        if (!response.write(chunk)) body.pause();
      } else if (isStream || size > maxCollected) begin();
    });
    response.on('drain', () => body.resume());
    body.on('end', () => {
      if (collected === undefined) response.end();
      else endWhole(response, collected);
    });
    body.on('error', () => undefined);
    body.on('close', () => {
      if (!body.readableEnded) response.destroy();
    });
    // A listener that looks for an endpoint has paused it.
    body.resume();
    response.on('close', () => {
      body.destroy();
      resolve();
    });
  });
}

/** Now, and not when the body arrives: what is thrown here becomes an error response. @throws AuthError `response_invalid` */
function setHead(response: ServerResponse, { status, headers, body }: HttpResponse): void {
  try {
    for (const [name, value] of Object.entries(pickHeaders(headers, responseHeaders))) response.setHeader(name, value);
    response.statusCode = status;
  } catch (error) {
    body.destroy();
    throw new AuthError('response_invalid', 'The server sent a header that cannot be passed on.', { cause: error });
  }
}

function endWhole(response: ServerResponse, [first, ...others]: readonly Buffer[]): void {
  const body = others.length === 0 ? first : Buffer.concat([first ?? Buffer.alloc(0), ...others]);
  const { statusCode } = response;
  if (statusCode !== 204 && statusCode !== 304) response.setHeader('content-length', body?.length ?? 0);
  response.end(body);
}

function pickHeaders(headers: Readonly<Record<string, string | string[] | undefined>>, wanted: RegExp): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string' && wanted.test(name)) picked[name] = value;
  }
  return picked;
}
