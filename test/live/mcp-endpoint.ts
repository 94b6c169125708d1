/** An MCP server with one tool and no sessions, as a function from request to response. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';

export async function answerMcp(request: Request): Promise<Response> {
  const server = new McpServer({ name: 'live-server', version: '1.0.0' });
  server.registerTool('greet', { description: 'A greeting' }, () => ({ content: [{ type: 'text', text: 'hello' }] }));
  const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
  await server.connect(transport);
  return transport.handleRequest(request);
}

/** The first MCP request of a client, to see the status for a token. */
export async function statusOf(url: string, token: string): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${token}` },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  });
  await response.body?.cancel();
  return response.status;
}
