/** The loopback listener that a browser on this machine, or behind a forwarded port, is redirected to: RFC 8252 section 7.3. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { abortable } from '../abortable.js';
import { hasCode, toAuthError } from '../errors.js';
import { checkAuthorizationResponse, type AuthorizationAttempt, type AuthorizationResponse } from '../oauth/authorization-code.js';
import type { ResponseListener } from './response-listener.js';

/** A loopback redirect URI with a port that is free now (RFC 8252 section 7.3: the port is chosen at run time). */
export async function findFreeRedirectUri(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}/callback`;
}

/**
 * Listens on the redirect URI of the attempt. Undefined if that is not possible: the port is in use, or the redirect URI is
 * not on this machine. The user can paste the redirect URL then.
 */
export async function listenOnLoopback(attempt: AuthorizationAttempt): Promise<ResponseListener | undefined> {
  const redirectUri = new URL(attempt.request.redirectUri);
  let settle: { resolve(response: AuthorizationResponse): void; reject(error: unknown): void } | undefined;
  /** The response to the browser, from the redirect until the login has ended. */
  let waiting: ServerResponse | undefined;

  const handle: RequestListener = (request, response) => {
    const status = checkRedirect(request, redirectUri);
    if (status !== undefined) return respond(response, status, 'Not here.');
    if (waiting || !settle) return respond(response, 409, 'This login has already received a response.');
    try {
      const parameters = new URL(request.url ?? '', redirectUri).searchParams;
      const accepted = checkAuthorizationResponse(parameters, attempt);
      waiting = response;
      settle.resolve(accepted);
    } catch (error) {
      const failure = toAuthError(error);
      // A request without our state may come from any web page: it does not end the login.
      if (hasCode(failure, 'state_mismatch', 'not_an_address', 'code_missing')) return respond(response, 400, failure.message);
      waiting = response;
      settle.reject(failure);
    }
  };
  const servers = await bind(redirectUri, handle);
  if (servers.length === 0) return undefined;

  return {
    waitForResponse: (signal) =>
      abortable(signal, (resolve, reject) => {
        settle = { resolve, reject };
        return () => {
          settle = undefined;
        };
      }),
    respond: async (error) => {
      // If the browser has closed the connection, the page cannot be sent, and no `close` event would follow.
      if (!waiting || waiting.writableEnded || waiting.destroyed) return void (waiting = undefined);
      const text = error ? `The login failed. ${error.message}` : 'You are logged in. You can close this page.';
      const finished = once(waiting, 'close');
      respond(waiting, error ? 400 : 200, text);
      await finished;
      waiting = undefined;
    },
    close: async () => {
      await Promise.all(servers.map(close));
    },
  };
}

/** The status for a request that is not a redirect to us, without reading its parameters; undefined if it may be one. */
function checkRedirect(request: IncomingMessage, redirectUri: URL): number | undefined {
  if (request.headers.host !== redirectUri.host) return 421;
  // `//` is neither a path nor a URL.
  const target = request.url ?? '';
  if (!URL.canParse(target, redirectUri.href) || new URL(target, redirectUri).pathname !== redirectUri.pathname) return 404;
  return request.method === 'GET' ? undefined : 405;
}

function respond(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hashOf(forgetScript)}'; frame-ancestors 'none'; base-uri 'none'`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      connection: 'close',
    })
    .end(page(text));
}

/** Removes the code from the history and the address bar, where other users of that browser could read it. */
const forgetScript = 'history.replaceState(null, "", location.pathname)';

function hashOf(script: string): string {
  return createHash('sha256').update(script).digest('base64');
}

function page(text: string): string {
  const safe = text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>mcp-auth</title>
<body style="font: 1.2rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 20vh auto; padding: 0 1rem">
<h1 style="font-size: 1rem">mcp-auth</h1><p>${safe}</p><script>${forgetScript}</script>
`;
}

/** Error codes of a machine that does not have the address, as one without IPv6. */
const missingAddressCodes = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/**
 * Servers on each loopback address that the redirect URI may mean: `localhost` can be IPv4 or IPv6, whatever the resolver says.
 * None if another program listens on one of them, since the browser might send the code there.
 */
async function bind({ hostname, port, protocol }: URL, handle: RequestListener): Promise<Server[]> {
  if (protocol !== 'http:' || port === '') return [];
  const hosts = hostname === 'localhost' ? ['127.0.0.1', '::1'] : [hostname.replace(/^\[|\]$/g, '')];
  const servers: Server[] = [];
  for (const host of hosts) {
    const server = createServer(handle).listen(Number(port), host);
    try {
      await once(server, 'listening');
      servers.push(server);
    } catch (error) {
      if (missingAddressCodes.includes((error as NodeJS.ErrnoException).code ?? '')) continue;
      await Promise.all(servers.map(close));
      return [];
    }
  }
  return servers;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
