/** The transport of MCP 2024-11-05: one stream of events for all that the server says, and an endpoint of its own for the app's messages. */
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { quote, redactCredentials } from '../text/server-text.js';
import { fromBinary, binaryEncoding } from '../text/binary-string.js';
import { checkBelongsToServer } from '../oauth/server-url.js';
import type { AuthorizedFetch } from './authorized-fetch.js';
import { isOk, connectionLostError, readBody } from './body.js';
import { readEvents, type EventHandlers, type ServerEvent } from './events.js';
import { parseResponseId, asResponseTo, toOneLine, isRequest, type Message } from './json-rpc.js';
import { TransportNotSupported, type Deliver, type Transport } from './transport.js';

export interface HttpSseOptions {
  readonly url: URL;
  readonly fetch: AuthorizedFetch;
  readonly headers: Readonly<Record<string, string>>;
  readonly deliver: Deliver;
}

/** A stream that has been opened. */
interface Stream {
  readonly endpoint: URL;
  readonly hasEnded: () => boolean;
}

/** What is called when the answer to a request has come, and when it cannot come any more. */
interface Waiting {
  readonly answered: () => void;
  readonly failed: (error: AuthError) => void;
}

/** Answers with which a server says that it knows nothing of this transport. */
const unspoken = [400, 404, 405, 406, 415];

/** Opens its stream with the first message, and again, with the app's own beginning, after it has broken off. */
export function createHttpSse({ url, fetch, headers, deliver }: HttpSseOptions, context: Context): Transport {
  const ending = new AbortController();
  const signal = AbortSignal.any([context.signal, ending.signal]);
  /** Requests that have been sent, all of them by the stream that is open. */
  const waiting = new Map<string | number, Waiting>();
  /** Requests whose answers the app has had already. */
  const repeated = new Set<string | number>();
  /** What the app has begun its session with. */
  const beginning: { initialize?: Message; initialized?: Message } = {};
  let stream: Promise<Stream> | undefined;

  const open = async (): Promise<Stream> => {
    const response = await fetch({ headers: { ...headers, accept: 'text/event-stream' }, signal });
    if (!isOk(response)) {
      const failure = refused(response.status, await readBody(response));
      throw unspoken.includes(response.status) ? new TransportNotSupported(failure) : failure;
    }
    let take: EventHandlers['onEvent'] | undefined;
    let hasEnded = false;
    const end = () => {
      hasEnded = true;
      stream = undefined;
      for (const { failed } of waiting.values()) failed(connectionLostError());
    };
    const first = await new Promise<ServerEvent | undefined>((resolve) => {
      const isFirst: EventHandlers['onEvent'] = (event) => {
        take = passOn;
        resolve(event);
        return undefined;
      };
      void readEvents(response, { onEvent: (event) => (take ?? isFirst)(event) })
        .catch(() => undefined)
        .then(() => {
          end();
          resolve(undefined);
        });
    });
    try {
      return { endpoint: endpointOf(first, response.status), hasEnded: () => hasEnded };
    } catch (error) {
      response.body.destroy();
      throw error;
    }
  };

  const endpointOf = ({ event, data }: Partial<ServerEvent> = {}, status: number): URL => {
    const named = event === 'endpoint' && data !== undefined ? fromBinary(data) : undefined;
    if (named === undefined || !URL.canParse(named, url.href))
      throw new TransportNotSupported(refused(status, (named && data) ?? 'no endpoint was named'));
    // What the parser would turn into a slash, or take away.
    if (/[\p{Cc}\\]/u.test(named)) throw new AuthError('url_refused', `The endpoint that the server names, ${quote(named)}, is not a URL.`);
    const endpoint = new URL(named, url);
    checkBelongsToServer(endpoint, { target: url, what: 'The endpoint that the server names' });
    return endpoint;
  };

  const passOn: EventHandlers['onEvent'] = ({ event = 'message', data }) => {
    const text = event === 'message' ? toOneLine(data) : undefined;
    if (text === undefined) return undefined;
    const answered = parseResponseId(text);
    const id = answered === undefined || waiting.has(answered) ? answered : sameId(answered, waiting);
    const answer = id === undefined ? text : (asResponseTo(text, id) ?? text);
    const taken = id !== undefined && repeated.has(id) ? undefined : deliver(answer);
    if (id !== undefined) waiting.get(id)?.answered();
    return taken;
  };

  /** A new stream is a new session: it begins as the app began the one before. */
  const openAgain = async (): Promise<Stream> => {
    const { initialize, initialized } = beginning;
    const opened = await open();
    if (initialize && isRequest(initialize)) {
      repeated.add(initialize.id);
      await exchange(initialize, opened).finally(() => repeated.delete(initialize.id));
      if (initialized) await exchange(initialized, opened);
    }
    return opened;
  };

  const exchange = async (message: Message, { endpoint, hasEnded }: Stream): Promise<void> => {
    if (isRequest(message) && hasEnded()) throw connectionLostError();
    const answered = untilAnswered(message, waiting);
    // It may fail while the request is being sent, of which its sender hears first.
    answered.catch(() => undefined);
    try {
      await post(message, endpoint);
      await answered;
    } finally {
      if (isRequest(message)) waiting.delete(message.id);
    }
  };

  const post = async (message: Message, endpoint: URL): Promise<void> => {
    const request = {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: message.text,
      encoding: binaryEncoding,
      signal,
    } as const;
    const response = await fetch(request, endpoint);
    const text = await readBody(response);
    if (!isOk(response)) throw refused(response.status, text);
  };

  return {
    send: async (message) => {
      const isBeginning = message.method === 'initialize';
      stream ??= (isBeginning ? open() : openAgain()).catch((error: unknown) => {
        stream = undefined;
        throw error;
      });
      const opened = await stream;
      if (isBeginning) Object.assign(beginning, { initialize: message, initialized: undefined });
      if (message.method === 'notifications/initialized') beginning.initialized = message;
      await exchange(message, opened);
    },
    close: () => {
      ending.abort();
      return Promise.resolve();
    },
  };
}

/** The request that is meant by an id of another type: servers answer "1" for 1. */
function sameId(id: string | number, waiting: ReadonlyMap<string | number, unknown>): string | number | undefined {
  return [...waiting.keys()].find((one) => String(one) === String(id));
}

/** Resolves when the answer has been passed on; at once for what wants none. */
function untilAnswered(message: Message, waiting: Map<string | number, Waiting>): Promise<void> {
  if (!isRequest(message)) return Promise.resolve();
  const { id } = message;
  return new Promise((answered, failed) => void waiting.set(id, { answered, failed }));
}

function refused(status: number, text: string): AuthError {
  return new AuthError('server_failed', `The server answered with status ${status}: ${quote(redactCredentials(fromBinary(text)))}.`);
}
