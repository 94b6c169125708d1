/**
 * A server that can do what a real one never does. It is the MCP server and its authorization server at once. A test defines
 * the expected requests and their responses, and reads afterwards which requests came.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import { listen } from './listen.js';

/** One response: `json` or `text`, what a function `writes`, no response ever (`hang`), or a closed connection (`drop`). */
export type Respond =
  | { writes: (response: ServerResponse) => void }
  | { status?: number; headers?: Record<string, string>; json?: unknown; text?: string }
  | 'hang'
  | 'drop'
  | ((request: FakeRequest) => Respond);

/** `want` is a method and a path, as `POST /token`. Several exchanges with the same `want` are used in order, the last one repeatedly. */
export interface Exchange {
  readonly want: string;
  readonly respond: Respond;
}

export interface FakeRequest {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  /** A form's fields, or a JSON object's members. */
  readonly body: Record<string, unknown>;
}

export interface FakeServer {
  readonly origin: string;
  /** Its MCP endpoint. */
  readonly url: string;
  readonly requests: FakeRequest[];
  /** The requests of one `want`. */
  asked(want: string): FakeRequest[];
  /** Resolves once it has received a request of `want`, which may be already. */
  waitFor(want: string): Promise<void>;
  close(): Promise<void>;
}

/** Authorization server metadata with every endpoint, and the changes of a test. `undefined` removes a member. */
export function metadata(origin: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    device_authorization_endpoint: `${origin}/device`,
    revocation_endpoint: `${origin}/revoke`,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    ...changes,
  };
}

/** The exchanges of a server with which everything works. Those of a test have precedence. */
export function friendly(origin: string): Exchange[] {
  return [
    { want: 'POST /mcp', respond: { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } } },
    { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin] } } },
    { want: 'GET /.well-known/oauth-authorization-server', respond: { json: metadata(origin) } },
    {
      want: 'POST /register',
      respond: ({ body }) => ({ status: 201, json: { ...body, client_id: 'client-1' } }),
    },
    {
      want: 'POST /device',
      respond: {
        json: { device_code: 'device-1', user_code: 'WDJB-MJHT', verification_uri: `${origin}/activate`, expires_in: 600, interval: 5 },
      },
    },
    {
      want: 'POST /token',
      respond: { json: { access_token: 'access-1', token_type: 'Bearer', expires_in: 3600, refresh_token: 'refresh-1' } },
    },
    { want: 'POST /revoke', respond: { status: 200 } },
  ];
}

/**
 * Starts a friendly server in which `change` may replace any exchange.
 *
 * @param tls for https, at `localhost`.
 */
export async function startFakeServer(change: (origin: string) => Exchange[] = () => [], tls?: ServerOptions): Promise<FakeServer> {
  const requests: FakeRequest[] = [];
  let waiting: (() => void)[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse) => void answer(request, response);
  const server = tls === undefined ? createServer(listener) : createHttps(tls, listener);
  const { port, close } = await listen(server);
  const origin = tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`;
  const changed = change(origin);
  const left = [...changed, ...friendly(origin).filter(({ want }) => changed.every((one) => one.want !== want))];

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = `${message.method} ${new URL(message.url ?? '', origin).pathname}`;
    const request = { line, headers: message.headers, body: await bodyOf(message) };
    requests.push(request);
    for (const wake of waiting.splice(0)) wake();
    const matching = left.filter(({ want }) => want === line);
    const [exchange] = matching;
    if (exchange && matching.length > 1) left.splice(left.indexOf(exchange), 1);
    send(exchange?.respond ?? { status: 404, text: 'not found' }, { request, response });
  }

  return {
    origin,
    url: `${origin}/mcp`,
    requests,
    asked: (want) => requests.filter(({ line }) => line === want),
    waitFor: async (want) => {
      while (!requests.some(({ line }) => line === want)) await new Promise<void>((resolve) => (waiting = [...waiting, resolve]));
    },
    close,
  };
}

function send(respond: Respond, { request, response }: { request: FakeRequest; response: ServerResponse }): void {
  if (typeof respond === 'function') {
    send(respond(request), { request, response });
  } else if (respond === 'drop') {
    response.destroy();
  } else if (typeof respond === 'object' && 'writes' in respond) {
    respond.writes(response);
  } else if (respond !== 'hang') {
    const { status = 200, headers = {}, json, text = '' } = respond;
    const type = json === undefined ? 'text/html' : 'application/json';
    response.writeHead(status, { 'content-type': type, ...headers }).end(json === undefined ? text : JSON.stringify(json));
  }
}

/** A form's fields, or a JSON object's members. */
export async function bodyOf(message: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if (message.headers['content-type']?.startsWith('application/json')) return JSON.parse(text) as Record<string, unknown>;
  return Object.fromEntries(new URLSearchParams(text));
}
