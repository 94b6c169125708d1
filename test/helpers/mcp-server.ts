/** A real MCP server on loopback, built on the SDK's server, that requires tokens of an authorization server. */
import { randomUUID } from 'node:crypto';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { McpServer as SdkServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express from 'express';
import type { AuthorizationServer } from './authorization-server.js';
import { listen } from './listen.js';

export interface McpServer {
  readonly url: string;
  /** The bearer token of each request, in order; '' for none. */
  readonly tokens: string[];
  close(): Promise<void>;
}

export interface McpServerOptions {
  readonly authorizationServer: AuthorizationServer;
  /** Respond without a token too, and mention the login only in the metadata. */
  readonly open?: boolean;
  /** Reject every token, like a server whose authorization server issues wrong tokens. */
  readonly refuseAll?: boolean;
  readonly port?: number;
}

export async function startMcpServer({
  authorizationServer,
  open = false,
  refuseAll = false,
  port = 0,
}: McpServerOptions): Promise<McpServer> {
  const app = express();
  const { origin, close } = await listen(app, { port });
  const url = `${origin}/mcp`;
  const metadataPath = '/.well-known/oauth-protected-resource/mcp';
  const tokens: string[] = [];
  const sessions = new Map<string, StreamableHTTPServerTransport>();

  app.get(metadataPath, (_, response) => {
    response.json({
      resource: url,
      authorization_servers: [authorizationServer.issuer],
      scopes_supported: ['tools:call'],
      resource_name: 'Demo',
    });
  });
  app.use('/mcp', (request, _, next) => {
    tokens.push(request.headers.authorization?.replace(/^Bearer /i, '') ?? '');
    next();
  });
  const verifier = {
    verifyAccessToken: async (token: string) => {
      const found = refuseAll ? undefined : await authorizationServer.inspect(token);
      if (found?.audience !== url) throw new InvalidTokenError('not a token for this server');
      return { token, clientId: 'mcp-auth', scopes: found.scopes, expiresAt: found.expiresAt };
    },
  };
  if (!open)
    app.use('/mcp', requireBearerAuth({ verifier, requiredScopes: ['tools:call'], resourceMetadataUrl: `${origin}${metadataPath}` }));
  app.all('/mcp', express.json(), async (request, response) => {
    const id = request.headers['mcp-session-id'];
    let transport = typeof id === 'string' ? sessions.get(id) : undefined;
    if (transport === undefined) {
      const created = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (one) => void sessions.set(one, created),
      });
      transport = created;
      await tools().connect(created);
    }
    await transport.handleRequest(request, response, request.body);
  });

  return {
    url,
    tokens,
    close: async () => {
      for (const transport of sessions.values()) await transport.close();
      await close();
    },
  };
}

function tools(): SdkServer {
  const server = new SdkServer({ name: 'demo-server', version: '1.0.0' });
  server.registerTool('time', { description: 'The time of this machine' }, () => ({
    content: [{ type: 'text', text: `It is ${new Date().toISOString()}.` }],
  }));
  server.registerTool('greet', { description: 'A greeting' }, () => ({
    content: [{ type: 'text', text: 'Hello from behind the login.' }],
  }));
  return server;
}
