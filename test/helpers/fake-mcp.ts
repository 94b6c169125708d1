/** The MCP side of the fake server: it takes the tokens that it is told of, and refuses as a test wants. */
import type { ServerResponse } from 'node:http';
import type { Exchange, FakeRequest, Respond } from './fake-server.js';

/** What an MCP server answers to a message, by Streamable HTTP, without sessions. */
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

/** An MCP endpoint that lets tokens in, and answers everybody else by `refusal`. */
export function guarded(refusal: Respond, { want = 'POST /mcp' }: { want?: string } = {}): Exchange {
  return { want, respond: (request) => (request.headers.authorization?.startsWith('Bearer access-') ? answerOf(request) : refusal) };
}

/** The same by HTTP with SSE: a GET that wants a token opens the stream, and the endpoint that it names takes the messages. */
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
