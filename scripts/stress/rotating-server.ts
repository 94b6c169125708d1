/**
 * An MCP server and a slow authorization server, which revokes all refresh tokens of a login when one is used twice, as large
 * vendors do.
 */
import type { IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { listen } from '../../test/helpers/listen.js';
import { loginAt } from '../../test/helpers/login-at.js';

/** The refresh tokens of one login. */
interface Family {
  current: string;
  isRevoked: boolean;
  /** When the last refresh request was received and when its response was sent, by `performance.now()`. */
  refreshedAt?: number;
  respondedAt?: number;
}

export interface RotatingServer {
  readonly origin: string;
  /** A stored login with an expired access token, and its state at the server. */
  login(delay: number): { readonly entry: object; readonly family: Family };
  close(): Promise<void>;
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
    // The token counts as used when the request arrives, even if the response is lost.
    count += 1;
    family.current = `refresh-${count}`;
    family.refreshedAt = performance.now();
    delete family.respondedAt;
    families.set(family.current, known);
    const body = { access_token: `access-${count}`, token_type: 'Bearer', expires_in: 3600, refresh_token: family.current };
    await wait(delay);
    family.respondedAt = performance.now();
    return { status: 200, body };
  };
  const { origin, close } = await listen((request, response) => {
    void (async () => {
      const text = await textOf(request);
      const { status, body } =
        request.url === '/token'
          ? await refresh(new URLSearchParams(text).get('refresh_token') ?? '')
          : { status: 200, body: { jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: {} } } };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    })();
  });
  const url = `${origin}/mcp`;
  return {
    origin,
    login: (delay) => {
      count += 1;
      const family: Family = { current: `refresh-${count}`, isRevoked: false };
      families.set(family.current, { family, delay });
      const auth = loginAt({ origin, url }, { token: `expired-${count}`, expires_at: 1, refresh_token: family.current });
      return { entry: { type: 'http', url, auth }, family };
    },
    close,
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
