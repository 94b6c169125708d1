import type { ServerResponse } from 'node:http';
import type { HttpResponse } from '../../effects.js';
import { AuthError } from '../../errors.js';
import { endpointHeader } from '../../agent-protocol/messages.js';
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
    if (!methods.has(method)) throw new AuthError('usage', 'MCP requests use GET, POST or DELETE.');
    const server = await servers.getFor(gate, name);
    await gate.admit(server, 'request', signal);
    const url = resolveEndpoint(request.headers[endpointHeader], { server, gate });
    const body = hasBody(request) ? await readBody(exchange, limits.messageOctets) : null;
    const headers = { ...server.headers, ...pickHeaders(request.headers, requestHeaders) };
    const received = await server.http.open({ method, headers, body, encoding: 'latin1', signal }, url);
    if (method === 'GET' && isEventStream(received)) noteEndpoint(received, { server, gate });
    await send(received, exchange);
  },
};

/** Octets of a response that are collected, so that head and body are sent in one piece: that makes an agent a third faster. */
const maxCollected = 64 * 1024;

/** Passes a response on. If either side closes its connection, the other is closed. */
function send({ status, headers, body }: HttpResponse, { response }: Pick<Exchange, 'response'>): Promise<void> {
  const isStream = headers['content-type']?.startsWith('text/event-stream') === true;
  let collected: Buffer[] | undefined = [];
  let size = 0;
  const begin = () => {
    if (collected === undefined) return;
    const chunks = collected;
    collected = undefined;
    response.writeHead(status, pickHeaders(headers, responseHeaders));
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
      else endWhole(response, { status, headers: pickHeaders(headers, responseHeaders), chunks: collected });
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

interface WholeResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly chunks: readonly Buffer[];
}

function endWhole(response: ServerResponse, { status, headers, chunks: [first, ...others] }: WholeResponse): void {
  const body = others.length === 0 ? first : Buffer.concat([first ?? Buffer.alloc(0), ...others]);
  response.writeHead(status, { ...headers, ...(status !== 204 && status !== 304 && { 'content-length': String(body?.length ?? 0) }) });
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
