/** The HTTP with SSE transport of MCP 2024-11-05: one event stream for all messages of the server, and an endpoint for those of the app. */
import type { Context } from '../context.js';
import type { BinaryString } from '../effects.js';
import { AuthError } from '../errors.js';
import { checkBelongsToServer } from '../oauth/server-url.js';
import { binaryEncoding, fromBinary } from '../text/binary-string.js';
import { quote, redactCredentials } from '../text/server-text.js';
import type { AuthorizedHttp } from './authorized-http.js';
import { connectionLostError, isOk, readBody } from './body.js';
import { readEvents, type ServerEvent } from './events.js';
import { asResponseTo, isRequest, parseResponseId, toOneLine, type Message } from './json-rpc.js';
import { Opening } from './opening.js';
import { TransportNotSupported, type Deliver, type Transport, type TransportOptions } from './transport.js';

/** Statuses of the response from a server that does not support this transport. */
const notSupportedStatuses = [400, 404, 405, 406, 415];

/** Opens the event stream with the first message. If it is lost, the next message opens a new one and replays the opening. */
export function createHttpSse(options: TransportOptions, context: Context): Transport {
  return new HttpSse(options, context);
}

/** An open event stream. */
interface Connection {
  readonly endpoint: URL;
  readonly hasEnded: () => boolean;
}

/** A request that waits for its response in the event stream. */
interface WaitingRequest {
  readonly resolve: () => void;
  readonly reject: (error: AuthError) => void;
}

class HttpSse implements Transport {
  readonly #url: URL;
  readonly #http: AuthorizedHttp;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #deliver: Deliver;
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  readonly #opening = new Opening();
  readonly #waiting = new Map<string | number, WaitingRequest>();
  /** Requests that are sent again, whose responses the app has had. */
  readonly #replayed = new Set<string | number>();
  #connection: Promise<Connection> | undefined;

  constructor({ url, http, headers, deliver }: TransportOptions, context: Context) {
    this.#url = url;
    this.#http = http;
    this.#headers = headers;
    this.#deliver = deliver;
    this.#signal = AbortSignal.any([context.signal, this.#closing.signal]);
  }

  async send(message: Message): Promise<void> {
    this.#connection ??= this.#open(message).catch((error: unknown) => {
      this.#connection = undefined;
      throw error;
    });
    const connection = await this.#connection;
    this.#opening.remember(message);
    await this.#exchange(message, connection);
  }

  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  #open({ method }: Message): Promise<Connection> {
    return method === 'initialize' ? this.#connect() : this.#reconnect();
  }

  async #connect(): Promise<Connection> {
    const response = await this.#http.open({ headers: { ...this.#headers, accept: 'text/event-stream' }, signal: this.#signal });
    if (!isOk(response)) {
      const failure = createResponseError(response.status, await readBody(response));
      throw notSupportedStatuses.includes(response.status) ? new TransportNotSupported(failure) : failure;
    }
    let hasEnded = false;
    const first = await new Promise<ServerEvent | undefined>((resolve) => {
      let onEvent = (event: ServerEvent): ReturnType<Deliver> => {
        onEvent = (next) => this.#receive(next);
        resolve(event);
        return undefined;
      };
      void readEvents(response, { onEvent: (event) => onEvent(event) })
        .catch(() => undefined)
        .then(() => {
          hasEnded = true;
          this.#handleEnd();
          resolve(undefined);
        });
    });
    try {
      return { endpoint: this.#parseEndpoint(first, response.status), hasEnded: () => hasEnded };
    } catch (error) {
      response.body.destroy();
      throw error;
    }
  }

  #handleEnd(): void {
    this.#connection = undefined;
    for (const { reject } of this.#waiting.values()) reject(connectionLostError());
  }

  /** The first event names the endpoint for messages. It must belong to the server, since the token is sent there. */
  #parseEndpoint({ event, data }: Partial<ServerEvent> = {}, status: number): URL {
    const text = event === 'endpoint' && data !== undefined ? fromBinary(data) : undefined;
    if (text === undefined || !URL.canParse(text, this.#url.href)) {
      throw new TransportNotSupported(createResponseError(status, (text && data) ?? 'it names no endpoint'));
    }
    // The URL parser would change or remove these characters.
    if (/[\p{Cc}\\]/u.test(text)) throw new AuthError('url_refused', `The endpoint that the server names, ${quote(text)}, is not a URL.`);
    const endpoint = new URL(text, this.#url);
    checkBelongsToServer(endpoint, { target: this.#url, what: 'The endpoint that the server names' });
    return endpoint;
  }

  #receive({ event = 'message', data }: ServerEvent): ReturnType<Deliver> {
    const text = event === 'message' ? toOneLine(data) : undefined;
    if (text === undefined) return undefined;
    const id = this.#findRequest(text);
    if (id === undefined) return this.#deliver(text);
    const delivered = this.#replayed.has(id) ? undefined : this.#deliver(asResponseTo(text, id) ?? text);
    this.#waiting.get(id)?.resolve();
    return delivered;
  }

  /** The id of the request that `text` is the response to. Some servers respond with "1" to 1. */
  #findRequest(text: BinaryString): string | number | undefined {
    const id = parseResponseId(text);
    if (id === undefined || this.#waiting.has(id)) return id;
    return [...this.#waiting.keys()].find((one) => String(one) === String(id));
  }

  /** A new event stream is a new session, which is opened like the app opened the one before. */
  async #reconnect(): Promise<Connection> {
    const connection = await this.#connect();
    await this.#opening.replay({
      initialize: async (message) => {
        this.#replayed.add(message.id);
        await this.#exchange(message, connection).finally(() => this.#replayed.delete(message.id));
      },
      initialized: (message) => this.#exchange(message, connection),
    });
    return connection;
  }

  /** Sends a message and waits until the response to it, if it is a request, has been delivered. */
  async #exchange(message: Message, { endpoint, hasEnded }: Connection): Promise<void> {
    if (!isRequest(message)) return this.#post(message, endpoint);
    if (hasEnded()) throw connectionLostError();
    const response = new Promise<void>((resolve, reject) => void this.#waiting.set(message.id, { resolve, reject }));
    // Awaited below. Until then, a rejection must not count as unhandled.
    response.catch(() => undefined);
    try {
      await this.#post(message, endpoint);
      await response;
    } finally {
      this.#waiting.delete(message.id);
    }
  }

  async #post(message: Message, endpoint: URL): Promise<void> {
    const headers = { ...this.#headers, 'content-type': 'application/json' };
    const request = { method: 'POST', headers, body: message.text, encoding: binaryEncoding, signal: this.#signal } as const;
    const response = await this.#http.open(request, endpoint);
    const text = await readBody(response);
    if (!isOk(response)) throw createResponseError(response.status, text);
  }
}

function createResponseError(status: number, body: string): AuthError {
  const words = quote(redactCredentials(fromBinary(body)));
  return new AuthError('server_failed', `The server responded with status ${status}: ${words}.`);
}
