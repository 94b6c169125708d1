/** The loopback listener that a browser on this machine, or behind a forwarded port, is redirected to: RFC 8252 section 7.3. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hasCode, toAuthError, type AuthError } from '../errors.js';
import { checkAuthorizationResponse, type AuthorizationAttempt, type AuthorizationResponse } from '../oauth/authorization-code.js';

export interface LoopbackListener {
  /** The first response that is this attempt's; rejects with the signal's reason, or with an error that ends the login. */
  waitForResponse(signal: AbortSignal): Promise<AuthorizationResponse>;
  /** Shows the waiting browser how the login ended. */
  respond(error?: AuthError): Promise<void>;
  close(): Promise<void>;
}

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
 * Listens where the attempt's redirect URI points. Undefined when that is not possible: the port is in use, or the
 * redirect URI is not on this machine. Whoever logs in by paste does not need it.
 */
export async function listenOnLoopback(attempt: AuthorizationAttempt): Promise<LoopbackListener | undefined> {
  const redirectUri = new URL(attempt.request.redirectUri);
  let settle: { resolve(response: AuthorizationResponse): void; reject(error: unknown): void } | undefined;
  let waiting: ServerResponse | undefined;

  const answerTo: RequestListener = (request, response) => {
    const refusal = refuse(request, redirectUri);
    if (refusal) return respond(response, refusal, 'Not here.');
    if (waiting || !settle) return respond(response, 409, 'This login has had its answer.');
    try {
      const parameters = new URL(request.url ?? '', redirectUri).searchParams;
      const accepted = checkAuthorizationResponse(parameters, attempt);
      waiting = response;
      settle.resolve(accepted);
    } catch (error) {
      const failure = toAuthError(error);
      // Whoever does not know the state is a stranger: the login goes on waiting.
      if (hasCode(failure, 'state_mismatch', 'not_an_address', 'code_missing')) return respond(response, 400, failure.message);
      waiting = response;
      settle.reject(failure);
    }
  };
  const servers = await boundTo(redirectUri, answerTo);
  if (servers.length === 0) return undefined;

  return {
    waitForResponse: async (signal) => {
      const { promise, resolve, reject } = deferred<AuthorizationResponse>();
      settle = { resolve, reject };
      const abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort);
      if (signal.aborted) abort();
      return promise.finally(() => {
        signal.removeEventListener('abort', abort);
        settle = undefined;
      });
    },
    respond: async (error) => {
      // A browser that has gone gets no page, and its response is never closed again.
      if (!waiting || waiting.writableEnded || waiting.destroyed) return void (waiting = undefined);
      const text = error ? `The login failed. ${error.message}` : 'You are logged in. This page can be closed.';
      const finished = once(waiting, 'close');
      respond(waiting, error ? 400 : 200, text);
      await finished;
      waiting = undefined;
    },
    close: async () => {
      await Promise.all(servers.map(closed));
    },
  };
}

/** The status for what is no redirect of ours, checked before anything in it is read; undefined for what may be one. */
function refuse(request: IncomingMessage, redirectUri: URL): number | undefined {
  if (request.headers.host !== redirectUri.host) return 421;
  // A target as `//` is no path, and no URL either.
  const target = request.url ?? '';
  if (!URL.canParse(target, redirectUri.href) || new URL(target, redirectUri).pathname !== redirectUri.pathname) return 404;
  return request.method === 'GET' ? undefined : 405;
}

function respond(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hashOf(forget)}'; frame-ancestors 'none'; base-uri 'none'`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      connection: 'close',
    })
    .end(page(text));
}

/** Takes the code out of the browser's history and address bar, where others who use that browser could read it. */
const forget = 'history.replaceState(null, "", location.pathname)';

function hashOf(script: string): string {
  return createHash('sha256').update(script).digest('base64');
}

function page(text: string): string {
  const safe = text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>mcp-auth</title>
<body style="font: 1.2rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 20vh auto; padding: 0 1rem">
<h1 style="font-size: 1rem">mcp-auth</h1><p>${safe}</p><script>${forget}</script>
`;
}

/** What says that a machine has no such address, as one without IPv6. */
const noSuchAddress = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/**
 * Servers on each loopback address that the redirect URI may mean: `localhost` is either, whatever the name service says.
 * None where one of them is somebody else's already, who would be sent the code.
 */
async function boundTo({ hostname, port, protocol }: URL, answerTo: RequestListener): Promise<Server[]> {
  if (protocol !== 'http:' || port === '') return [];
  const hosts = hostname === 'localhost' ? ['127.0.0.1', '::1'] : [hostname.replace(/^\[|\]$/g, '')];
  const servers: Server[] = [];
  for (const host of hosts) {
    const server = createServer(answerTo).listen(Number(port), host);
    try {
      await once(server, 'listening');
      servers.push(server);
    } catch (error) {
      if (noSuchAddress.includes((error as NodeJS.ErrnoException).code ?? '')) continue;
      await Promise.all(servers.map(closed));
      return [];
    }
  }
  return servers;
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
}
