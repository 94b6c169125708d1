/** An MCP server that requires a login, and is its own authorization server. It only has what a login needs to begin. */
import type { IncomingMessage } from 'node:http';
import { listen } from '../../test/helpers/listen.js';

export interface LoginServer {
  /** The MCP endpoint. */
  readonly url: string;
  /** The milliseconds that `measure` resolves to, without those that this server takes meanwhile, which runs in this process. */
  withoutItsTime(measure: () => Promise<number>): Promise<number>;
  close(): Promise<void>;
}

interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: object;
}

export async function startLoginServer(): Promise<LoginServer> {
  let ownTime = 0;
  const { origin, close } = await listen((request, response) => {
    const before = performance.now();
    const { status = 200, headers, json } = reply(request);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(json && JSON.stringify(json));
    ownTime += performance.now() - before;
  });
  return {
    url: `${origin}/mcp`,
    close,
    withoutItsTime: async (measure) => {
      ownTime = 0;
      return (await measure()) - ownTime;
    },
  };
}

function reply({ url, headers }: IncomingMessage): Reply {
  const origin = `http://${headers.host}`;
  if (url === '/mcp') return { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } };
  if (url === '/prm') return { json: { resource: `${origin}/mcp`, authorization_servers: [origin] } };
  if (url === '/register') return { status: 400, json: { client_id: 'c', redirect_uris: [] } };
  return {
    json: {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
    },
  };
}
