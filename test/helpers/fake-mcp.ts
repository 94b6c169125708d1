/** The MCP side of the fake server: it takes the tokens that it is told of, and refuses as a test wants. */
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
