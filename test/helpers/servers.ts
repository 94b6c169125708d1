import { onTestFinished } from 'vitest';
import { startAuthorizationServer, type AuthorizationServerOptions } from './authorization-server.js';
import { startFakeServer, type Exchange, type FakeServer } from './fake-server.js';
import { startMcpServer, type McpServerOptions } from './mcp-server.js';

/** Starts the two real servers, which are closed when the current test ends. */
export async function realServers(options: AuthorizationServerOptions & Omit<McpServerOptions, 'authorizationServer'> = {}) {
  const authorizationServer = await startAuthorizationServer(options);
  const mcpServer = await startMcpServer({ ...options, authorizationServer });
  onTestFinished(async () => {
    await mcpServer.close();
    await authorizationServer.close();
  });
  return { authorizationServer, mcpServer };
}

/** Starts the fake server, which is closed when the current test ends. */
export async function fakeServer(change?: (origin: string) => Exchange[]): Promise<FakeServer> {
  const server = await startFakeServer(change);
  onTestFinished(() => server.close());
  return server;
}
