/**
 * MCP's Streamable HTTP transport (2025-03-26 and later), for a program that passes messages on.
 *
 * Not the SDK's StreamableHTTPClientTransport: it does not open a new session after a 404 (typescript-sdk#1708), it parses every
 * message with zod and serialises it again instead of passing it on byte for byte, and it cannot cancel a single request.
 */
import type { Context } from '../context.js';
import type { BinaryString, HttpResponse } from '../effects.js';
import { AuthError, toAuthError } from '../errors.js';
import { saysTokenIsRejected } from '../oauth/token-rejection.js';
import { binaryEncoding, fromBinary } from '../text/binary-string.js';
import { isObject, parseObject } from '../text/json.js';
import { quote, redactCredentials } from '../text/server-text.js';
import { restoreBody, type AuthorizedHttp } from './authorized-http.js';
import { discardResponse, isOk, readBody } from './body.js';
import { asResponseTo, createFailureResponse, isRequest, listRequestIds, parseBatch, toOneLine, type Message } from './json-rpc.js';
import { maxParsedBytes } from './large-message.js';
import { maySaySessionIsLost, saysSessionIsLost } from './lost-session.js';
import { Opening } from './opening.js';
import { PendingRequests } from './pending-requests.js';
import { isEventStream, ResumableStreams } from './resumable-streams.js';
import { TransportNotSupported, type Deliver, type Transport, type TransportOptions } from './transport.js';
import { createVersionHeaders } from './version-headers.js';

/** Statuses of the response to `initialize` from a server that does not support this transport. */
const notSupportedStatuses = [400, 404, 405];

/** Milliseconds that the request that ends the session may take. */
const closeTimeout = 3_000;

/** Keeps one session with the server at `url`. Delivers the server's messages in the order in which they arrive. */
export function createStreamableHttp(options: TransportOptions, context: Context): Transport {
  return new StreamableHttp(options, context);
}

/** A message on its way. */
interface Exchange {
  readonly message: Message;
  readonly deliver: Deliver;
  readonly signal: AbortSignal;
}

class StreamableHttp implements Transport {
  readonly #http: AuthorizedHttp;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #deliver: Deliver;
  readonly #context: Context;
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  readonly #opening = new Opening();
  readonly #pending = new PendingRequests();
  readonly #streams: ResumableStreams;
  /** Of MCP up to 2025-11-25. Undefined before `initialize`, and always with 2026-07-28. */
  #sessionId: string | undefined;
  #protocolVersion: string | undefined;
  #reopening: Promise<void> | undefined;
  /** The server's own stream. */
  #ownStream: ReturnType<ResumableStreams['listen']> | undefined;
  #hasWarned = false;

  constructor({ http, headers, deliver }: TransportOptions, context: Context) {
    this.#http = http;
    this.#headers = headers;
    this.#deliver = deliver;
    this.#context = context;
    this.#signal = AbortSignal.any([context.signal, this.#closing.signal]);
    this.#streams = new ResumableStreams((lastId, signal) => this.#requestStream(lastId, signal), context);
  }

  async send(message: Message, signal: AbortSignal): Promise<void> {
    this.#opening.remember(message);
    if (message.method === 'initialize') {
      this.#sessionId = undefined;
      this.#protocolVersion = undefined;
    } else {
      // A message that arrives while the session is opened again is sent in the new session.
      await this.#reopening?.catch(() => undefined);
    }
    const deliver = message.method === 'initialize' ? this.#readVersion(this.#deliver) : this.#deliver;
    await this.#pending.track(message, deliver, () => this.#exchange({ message, deliver, signal }));
    if (message.method === 'notifications/initialized') this.#listen();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#ownStream?.stop();
    if (this.#sessionId === undefined) return;
    const headers = {
      ...this.#headers,
      'mcp-session-id': this.#sessionId,
      ...createVersionHeaders(undefined, this.#protocolVersion),
    };
    const request = { method: 'DELETE', headers, signal: AbortSignal.timeout(closeTimeout) };
    const response = await this.#http.open(request).catch(() => undefined);
    if (response) discardResponse(response);
  }

  async #exchange(exchange: Exchange): Promise<void> {
    const { message, signal } = exchange;
    const sessionId = this.#sessionId;
    const { renewalCount } = this.#http;
    let response = await this.#post(message, signal);
    if (message.method !== 'initialize' && this.#opening.isKnown && maySaySessionIsLost(response.status)) {
      const body = await readBody(response);
      // Without a session id, only words say that a session is lost.
      const status = sessionId === undefined ? 400 : response.status;
      if (saysSessionIsLost({ status, body, message })) {
        await this.#reopen(sessionId);
        response = await this.#post(message, signal);
      } else response = restoreBody(response, body);
    }
    if (message.isBatch && response.status === 400) return this.#sendSeparately(message, response, signal);
    await this.#receive(response, exchange, renewalCount);
  }

  #post(message: Message, signal: AbortSignal): Promise<HttpResponse> {
    const sessionId = message.method === 'initialize' ? undefined : this.#sessionId;
    const headers: Record<string, string> = {
      ...this.#headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
    if (sessionId !== undefined) headers['mcp-session-id'] = sessionId;
    Object.assign(headers, createVersionHeaders(message, this.#protocolVersion));
    return this.#http.open({ method: 'POST', headers, body: message.text, encoding: binaryEncoding, signal, isSignalReused: true });
  }

  /** Batches were removed in MCP 2025-06-18. The messages of a rejected batch are sent one after another. */
  async #sendSeparately(batch: Message, rejection: HttpResponse, signal: AbortSignal): Promise<void> {
    const messages = parseBatch(batch);
    const text = await readBody(rejection);
    if (messages.length === 0) throw createResponseError(rejection.status, text);
    // A batch of responses is not a rejection: the server has acted on the messages.
    const responses = toOneLine(text);
    if (responses?.startsWith('[')) return this.#deliver(responses);
    for (const message of messages) {
      await this.send(message, signal).catch(async (error: unknown) => {
        if (signal.aborted) throw error;
        const failure = toAuthError(error);
        if (isRequest(message)) await this.#deliver(createFailureResponse(message.id, failure));
        else this.#context.ui.warn(failure.message);
      });
    }
  }

  /**
   * Opens a new session like the app opened the lost one. If several messages find out at once that it is lost, they wait for the
   * same new one.
   */
  async #reopen(lostId: string | undefined): Promise<void> {
    if (this.#sessionId === lostId) this.#reopening ??= this.#replayOpening().finally(() => (this.#reopening = undefined));
    await this.#reopening;
  }

  #replayOpening(): Promise<void> {
    const signal = this.#signal;
    return this.#opening.replay({
      initialize: (message) => {
        // The app has had its response.
        const deliver = this.#readVersion(() => undefined);
        return this.#pending.track(message, deliver, async () => {
          const response = await this.#post(message, signal);
          // The lost session id is kept until there is a new one, so that the next message tries again.
          if (!isOk(response)) throw createResponseError(response.status, await readBody(response));
          await this.#receive(response, { message, deliver, signal });
        });
      },
      initialized: async (message) => {
        discardResponse(await this.#post(message, signal));
        this.#listen();
      },
    });
  }

  async #receive(response: HttpResponse, exchange: Exchange, renewalCount?: number): Promise<void> {
    const { message, deliver, signal } = exchange;
    if (message.method === 'initialize') await this.#startSession(response);
    if (isOk(response) && isEventStream(response)) return this.#receiveStream(response, exchange);
    const text = await readBody(response);
    // Accepted: the response will come in the server's own stream.
    if (isOk(response) && text.trim() === '' && listRequestIds(message).length > 0) {
      // A new session has a new stream.
      if (this.#ownStream === undefined || message.method === 'initialize') this.#listen();
      return this.#pending.waitForResponses(message, { status: response.status, signal });
    }
    if (isRequest(message)) return this.#receiveResponse({ text, response }, { ...exchange, message }, renewalCount);
    if (!isOk(response)) throw createResponseError(response.status, text);
    const responses = message.isBatch ? toOneLine(text) : undefined;
    if (responses !== undefined) await deliver(responses);
  }

  /** @throws TransportNotSupported */
  async #startSession(response: HttpResponse): Promise<void> {
    if (notSupportedStatuses.includes(response.status)) {
      throw new TransportNotSupported(createResponseError(response.status, await readBody(response)));
    }
    if (isOk(response)) this.#sessionId = response.headers['mcp-session-id'];
  }

  async #receiveStream(response: HttpResponse, { message, deliver, signal }: Exchange): Promise<void> {
    const received = this.#streams.receive(response, { message, deliver, signal });
    if (isRequest(message) || message.isBatch) return received;
    // A notification is done, even if the server keeps the stream open.
    received.catch(() => undefined);
  }

  /** @param renewalCount when the request was sent; undefined if it must not be sent again. */
  async #receiveResponse(
    { text, response }: { text: BinaryString; response: HttpResponse },
    exchange: Exchange & { readonly message: { readonly id: string | number } },
    renewalCount: number | undefined,
  ): Promise<void> {
    const { message, deliver, signal } = exchange;
    const line = toOneLine(text);
    const matching = line === undefined ? undefined : asResponseTo(line, message.id);
    // A server that cannot tell which request it rejects responds without an id.
    if (matching === undefined) throw createResponseError(response.status, text);
    const mayRetry = renewalCount !== undefined && isOk(response) && mayRejectToken(matching);
    if (mayRetry && (await this.#http.renew(renewalCount))) return this.#receive(await this.#post(message, signal), exchange);
    await deliver(matching);
  }

  /** Wraps `deliver` to note the negotiated version in the response to `initialize`, which later messages repeat. */
  #readVersion(deliver: Deliver): Deliver {
    return (text) => {
      this.#protocolVersion = parseProtocolVersion(text) ?? this.#protocolVersion;
      return deliver(text);
    };
  }

  #requestStream(lastId: string | undefined, signal: AbortSignal): Promise<HttpResponse> {
    const headers = {
      ...this.#headers,
      accept: 'text/event-stream',
      ...(this.#sessionId !== undefined && { 'mcp-session-id': this.#sessionId }),
      ...createVersionHeaders(undefined, this.#protocolVersion),
      ...(lastId !== undefined && { 'last-event-id': lastId }),
    };
    return this.#http.open({ headers, signal });
  }

  /** Opens the server's own stream, in place of the one before. */
  #listen(): void {
    this.#ownStream?.stop();
    const deliver: Deliver = (text) => this.#pending.deliver(text, this.#deliver);
    const stream = this.#streams.listen({ deliver, signal: this.#signal });
    this.#ownStream = stream;
    void stream.ended.then((error) => {
      if (this.#ownStream !== stream) return;
      this.#ownStream = undefined;
      this.#pending.failWaiting(error);
      if (error !== undefined) this.#warnOnce(error);
    });
  }

  #warnOnce({ message }: AuthError): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#context.ui.warn(`The server’s own event stream is closed to this login, so its notifications are not received: ${message}`);
  }
}

/** Some servers reject a token with a JSON-RPC error in a successful response. Longer responses are not searched for it. */
const maxTokenRejectionLength = 2000;

function mayRejectToken(text: BinaryString): boolean {
  if (text.length >= maxTokenRejectionLength || !text.includes('"error"') || text.includes('"result"')) return false;
  return saysTokenIsRejected(fromBinary(text));
}

function parseProtocolVersion(text: BinaryString): string | undefined {
  const result = text.length > maxParsedBytes ? undefined : parseObject(text)?.['result'];
  return isObject(result) && typeof result['protocolVersion'] === 'string' ? result['protocolVersion'] : undefined;
}

function createResponseError(status: number, body: BinaryString): AuthError {
  const text = fromBinary(body);
  const words = text.trim() === '' ? '' : `: ${quote(redactCredentials(text))}`;
  const hint = status >= 500 || status === 429 ? 'Try again.' : undefined;
  return new AuthError('server_failed', `The server responded with status ${status}${words}.`, { hint });
}
