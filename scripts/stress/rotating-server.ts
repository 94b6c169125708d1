/** An MCP server, and an authorization server that responds late and revokes a login whose refresh token is used twice. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** One login's tokens. */
interface Family {
  current: string;
  isRevoked: boolean;
  /** When a refresh arrived and when its response was sent: milliseconds of the monotonic clock. */
  refreshedAt?: number;
  answeredAt?: number;
}

export interface RotatingServer {
  readonly origin: string;
  /** Creates a login with an expired access token: its entry in the store, and the server's view of it. */
  login(delay: number): { readonly entry: object; readonly family: Family };
  close(): void;
}

export async function startRotatingServer(): Promise<RotatingServer> {
  const families = new Map<string, { family: Family; delay: number }>();
  let count = 0;
  const refresh = async (token: string) => {
    const known = families.get(token);
    if (known === undefined) return { status: 400, body: { error: 'invalid_grant' } };
    const { family, delay } = known;
    if (family.isRevoked || family.current !== token) {
      family.isRevoked = true;
      return { status: 400, body: { error: 'invalid_grant', error_description: 'used twice' } };
    }
    // The token is spent as soon as it arrives, even if the response gets lost.
    count += 1;
    family.current = `refresh-${count}`;
    family.refreshedAt = performance.now();
    delete family.answeredAt;
    families.set(family.current, known);
    const body = { access_token: `access-${count}`, token_type: 'Bearer', expires_in: 3600, refresh_token: family.current };
    await wait(delay);
    family.answeredAt = performance.now();
    return { status: 200, body };
  };
  const server = createServer((request, response) => {
    void (async () => {
      const text = await textOf(request);
      const answer =
        request.url === '/token'
          ? await refresh(new URLSearchParams(text).get('refresh_token') ?? '')
          : { status: 200, body: { jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: {} } } };
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
    })();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    login: (delay) => {
      count += 1;
      const family: Family = { current: `refresh-${count}`, isRevoked: false };
      families.set(family.current, { family, delay });
      const auth = {
        ...{ type: 'bearer', token: `expired-${count}`, expires_at: 1, refresh_token: family.current },
        ...{ issuer: origin, client_id: 'stress', token_endpoint: `${origin}/token`, resource: `${origin}/mcp` },
      };
      return { entry: { type: 'http', url: `${origin}/mcp`, auth }, family };
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
