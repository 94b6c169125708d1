/** The MCP side of the fake server: it accepts the given tokens, and rejects others as the test says. */
import type { ServerResponse } from 'node:http';
import type { Exchange, FakeRequest, Respond } from './fake-server.js';

/** The response of an MCP server to a message over Streamable HTTP, without sessions. */
export function answerOf({ body }: FakeRequest): Respond {
  const { id, method } = body;
  if (method === 'initialize') {
    const result = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'fake', version: '1' } };
    return { json: { jsonrpc: '2.0', id, result } };
  }
  if (method === 'tools/list')
    return { json: { jsonrpc: '2.0', id, result: { tools: [{ name: 'tool', inputSchema: { type: 'object' } }] } } };
  return id === undefined ? { status: 202 } : { json: { jsonrpc: '2.0', id, result: {} } };
}

/** An MCP endpoint that accepts its tokens, and responds to all other requests with `refusal`. */
export function guarded(refusal: Respond, { want = 'POST /mcp' }: { want?: string } = {}): Exchange {
  return { want, respond: (request) => (request.headers.authorization?.startsWith('Bearer access-') ? answerOf(request) : refusal) };
}

/** The same over HTTP with SSE: a GET with a token opens the stream, and the endpoint that it names receives the messages. */
export function guardedSse(refusal: Respond, { at = '/sse' }: { at?: string } = {}): Exchange[] {
  const streams: ServerResponse[] = [];
  const opening: Respond = {
    writes: (response) => {
      streams.push(response);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: endpoint\ndata: /messages?session=1\n\n');
    },
  };
  const isLetIn = ({ headers }: FakeRequest) => headers.authorization?.startsWith('Bearer access-') ?? false;
  return [
    { want: `GET ${at}`, respond: (request) => (isLetIn(request) ? opening : refusal) },
    {
      want: 'POST /messages',
      respond: (request) => {
        const answer = answerOf(request);
        if (typeof answer === 'object' && 'json' in answer)
          streams.at(-1)?.write(`event: message\ndata: ${JSON.stringify(answer.json)}\n\n`);
        return { status: isLetIn(request) ? 202 : 401 };
      },
    },
  ];
}
