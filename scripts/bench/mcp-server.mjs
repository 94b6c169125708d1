/** A minimal MCP server that sends the request back, so that the bridge in front of it is what is measured. */
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';

const stream = process.argv[2] === 'sse';
const protocolVersion = '2025-11-25';

const server = createServer(async (request, response) => {
  if (request.method !== 'POST') return response.writeHead(request.method === 'DELETE' ? 200 : 405).end();
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString());
  if (id === undefined) return response.writeHead(202).end();
  const result = method === 'initialize' ? { protocolVersion, capabilities: {}, serverInfo: { name: 'bench', version: '1' } } : params;
  const answer = JSON.stringify({ jsonrpc: '2.0', id, result });
  const headers = method === 'initialize' ? { 'mcp-session-id': 'a-session' } : {};
  if (stream)
    return response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' }).end(`event: message\ndata: ${answer}\n\n`);
  return response.writeHead(200, { ...headers, 'content-type': 'application/json' }).end(answer);
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}/mcp\n`));
