/** HTTP over a Unix socket of this machine. */
import { Agent, request as requestByHttp, type IncomingMessage } from 'node:http';
import type { HttpRequest, HttpResponse, Upgraded, UpgradeRequest } from '../effects.js';
import { AuthError, getSystemCode } from '../errors.js';
import { RequestAborts } from './request-aborts.js';
import { sendRequest } from './send-request.js';

/** Milliseconds for which an idle connection is kept. */
const idleTimeout = 4_000;
/** Milliseconds until the head of a response has arrived, for requests that do not say otherwise. */
const defaultTimeout = 30_000;
/** The codes of a socket without a process that listens there. */
const nobodyListens = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK', 'ENOTDIR', 'ECONNRESET', 'EPIPE']);

/** The connections to one socket. */
export class UnixSocketHttp {
  readonly #agent: Agent;
  readonly #aborts = new RequestAborts();

  /** @param checkBefore is called with the path before each connection. What it throws fails the request. */
  constructor(socketPath: string, { checkBefore }: { checkBefore: (socketPath: string) => void }) {
    // Agent passes its options on to the connection.
    const agent = new Agent({ keepAlive: true, timeout: idleTimeout, socketPath } as ConstructorParameters<typeof Agent>[0]);
    const connect = agent.createConnection.bind(agent);
    this.#agent = Object.assign(agent, {
      createConnection: (...parameters: Parameters<typeof connect>) => {
        checkBefore(socketPath);
        return connect(...parameters);
      },
    });
  }

  /**
   * Sends a request and resolves with the head of its response. The body has no time limit.
   *
   * @throws AuthError `agent_away` if no process listens at the socket, or the connection closes before there is a response;
   * `request_timed_out`, `network_error`.
   */
  async open(path: string, request: HttpRequest = {}): Promise<HttpResponse> {
    const { signal, timeout = defaultTimeout } = request;
    signal?.throwIfAborted();
    if (timeout === 0) return this.#exchange(path, request, signal ?? undefined);
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(createSilentError()), timeout);
    try {
      return await this.#exchange(path, request, signal ? AbortSignal.any([signal, late.signal]) : late.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async #exchange(path: string, request: HttpRequest, signal: AbortSignal | undefined): Promise<HttpResponse> {
    try {
      const message = await this.#send(path, request, signal);
      return toHttpResponse(message);
    } catch (error) {
      throw signal?.aborted ? signal.reason : toSocketError(error);
    }
  }

  #send(path: string, request: HttpRequest, signal: AbortSignal | undefined) {
    const { method = 'GET', headers = {}, body = null, encoding } = request;
    const route = { agent: this.#agent, request: requestByHttp };
    const url = new URL(path, 'http://localhost');
    return sendRequest({
      aborts: this.#aborts,
      url,
      method,
      headers,
      route,
      encoding: encoding ?? 'utf8',
      signal,
      isSignalReused: request.isSignalReused === true && signal === request.signal,
      certificate: undefined,
      body: body as string | null,
    });
  }

  /** As `Agents.upgrade`. */
  async upgrade(path: string, { protocol, headers, signal }: UpgradeRequest): Promise<Upgraded> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const request = requestByHttp({
        ...{ agent: this.#agent, path, host: 'localhost' },
        headers: { ...headers, connection: 'Upgrade', upgrade: protocol },
      });
      const abort = () => request.destroy(signal.reason as Error);
      signal.addEventListener('abort', abort);
      request.on('close', () => signal.removeEventListener('abort', abort));
      request.on('upgrade', (_, connection, head) => {
        connection.setTimeout(0);
        if (head.length > 0) connection.unshift(head);
        resolve({ connection });
      });
      request.on('response', (message) => resolve({ refusal: toHttpResponse(message) }));
      request.on('error', (error) => reject(toSocketError(error)));
      request.end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function toHttpResponse(message: IncomingMessage): HttpResponse {
  return { status: message.statusCode ?? 0, headers: message.headers as HttpResponse['headers'], body: message };
}

function createSilentError(): AuthError {
  return new AuthError('agent_away', 'The agent does not respond.');
}

function toSocketError(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  const code = getSystemCode(error);
  if (nobodyListens.has(code)) return new AuthError('agent_away', 'No agent listens at the socket.', { cause: error });
  if (code === 'EACCES' || code === 'EPERM') {
    return new AuthError('agent_failed', 'This user may not connect to the socket of the agent (permission denied).', { cause: error });
  }
  return new AuthError('network_error', `The socket of the agent cannot be used (${code}).`, { cause: error });
}
