// Stands for your app, of which there are three replicas. `mcp-auth exec` has put a valid token into MCP_AUTH_TOKEN. When it has expired,
// this process ends, the replica is started again, and gets a new one. An app that must not end runs `mcp-auth headers NAME` instead.
import { setTimeout as wait } from 'node:timers/promises';

const [url = 'https://mcp.example.com/mcp'] = process.argv.slice(2);
const message = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'app', version: '1' } },
};

for (;;) {
  const { status } = await globalThis.fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${process.env.MCP_AUTH_TOKEN}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify(message),
  });
  process.stdout.write(`The server responded with ${status}.\n`);
  if (status === 401) process.exit(1);
  await wait(60_000);
}
