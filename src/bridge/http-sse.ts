/** The transport of MCP 2024-11-05: one stream of events for all that the server says, and an endpoint of its own for the app's messages. */
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { quoted, withoutCredentials } from '../server-text.js';
import { fromOctets, octetEncoding } from '../octets.js';
import { checkPlace } from '../oauth/place.js';
import type { AuthorizedFetch } from './authorized.js';
import { isOk, lost, readBody } from './body.js';
import { readEvents, type EventReader, type ServerEvent } from './events.js';
import { answeredBy, answerTo, onOneLine, wantsAnswer, type Message } from './json-rpc.js';
import { NotSpoken, type Deliver, type Transport } from './transport.js';

export interface HttpSseOptions {
  readonly url: URL;
  readonly fetch: AuthorizedFetch;
  readonly headers: Readonly<Record<string, string>>;
  readonly deliver: Deliver;
}

/** A stream that is open, and what waits for it. */
interface Stream {
  readonly endpoint: URL;
  /** Settles when the stream has ended. */
  readonly ended: Promise<void>;
}

/** Answers with which a server says that it knows nothing of this transport. */
const unspoken = [400, 404, 405, 406, 415];

/** Opens its stream with the first message, and again, with the app's own beginning, after it has broken off. */
export function httpSse({ url, fetch, headers, deliver }: HttpSseOptions, context: Context): Transport {
  const ending = new AbortController();
  const signal = AbortSignal.any([context.signal, ending.signal]);
  /** Requests that have been sent, by what is called when their answer has come. */
  const waiting = new Map<string | number, () => void>();
  /** Requests whose answers the app has had already. */
  const repeated = new Set<string | number>();
  /** What the app has begun its session with. */
  const beginning: { initialize?: Message; initialized?: Message } = {};
  let stream: Promise<Stream> | undefined;

  const open = async (): Promise<Stream> => {
    const response = await fetch({ headers: { ...headers, accept: 'text/event-stream' }, signal });
    if (!isOk(response)) {
      const failure = refused(response.status, await readBody(response));
      throw unspoken.includes(response.status) ? new NotSpoken(failure) : failure;
    }
    let take: EventReader['take'] | undefined;
    let ended = Promise.resolve();
    const first = await new Promise<ServerEvent | undefined>((resolve) => {
      const isFirst: EventReader['take'] = (event) => {
        take = passOn;
        resolve(event);
        return undefined;
      };
      ended = readEvents(response, { take: (event) => (take ?? isFirst)(event) }).finally(() => (stream = undefined));
      void ended.catch(() => undefined).then(() => resolve(undefined));
    });
    try {
      return { endpoint: endpointOf(first, response.status), ended };
    } catch (error) {
      response.body.destroy();
      throw error;
    }
  };

  const endpointOf = ({ event, data }: Partial<ServerEvent> = {}, status: number): URL => {
    const named = event === 'endpoint' ? data : undefined;
    if (named === undefined || !URL.canParse(named, url.href)) throw new NotSpoken(refused(status, named ?? 'no endpoint was named'));
    const endpoint = new URL(named, url);
    checkPlace(endpoint, { target: url, what: 'The endpoint that the server names' });
    return endpoint;
  };

  const passOn: EventReader['take'] = ({ event = 'message', data }) => {
    const text = event === 'message' ? onOneLine(data) : undefined;
    if (text === undefined) return undefined;
    const answered = answeredBy(text);
    const id = answered === undefined || waiting.has(answered) ? answered : sameId(answered, waiting);
    const answer = id === undefined ? text : (answerTo(text, id) ?? text);
    const taken = id !== undefined && repeated.has(id) ? undefined : deliver(answer);
    if (id !== undefined) waiting.get(id)?.();
    return taken;
  };

  /** A new stream is a new session: it begins as the app began the one before. */
  const openAgain = async (): Promise<Stream> => {
    const { initialize, initialized } = beginning;
    const opened = await open();
    if (initialize && wantsAnswer(initialize)) {
      repeated.add(initialize.id);
      await exchange(initialize, opened).finally(() => repeated.delete(initialize.id));
      if (initialized) await exchange(initialized, opened);
    }
    return opened;
  };

  const exchange = async (message: Message, { endpoint, ended }: Stream): Promise<void> => {
    const answered = untilAnswered(message, waiting);
    const request = {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: message.text,
      encoding: octetEncoding,
      signal,
    } as const;
    const response = await fetch(request, endpoint);
    const text = await readBody(response);
    if (!isOk(response)) throw refused(response.status, text);
    const brokenOff = ended.then(
      () => Promise.reject(lost()),
      () => Promise.reject(lost()),
    );
    await Promise.race([answered, brokenOff]);
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
function untilAnswered(message: Message, waiting: Map<string | number, () => void>): Promise<void> {
  if (!wantsAnswer(message)) return Promise.resolve();
  const { id } = message;
  return new Promise((resolve) => {
    waiting.set(id, () => {
      waiting.delete(id);
      resolve();
    });
  });
}

function refused(status: number, text: string): AuthError {
  return new AuthError('server_failed', `The server answered with status ${status}: ${quoted(withoutCredentials(fromOctets(text)))}.`);
}
