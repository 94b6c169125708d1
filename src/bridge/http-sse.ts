/** The transport of MCP 2024-11-05: one stream of events for all that the server says, and an endpoint of its own for the app's messages. */
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { quoted, withoutCredentials } from '../server-text.js';
import { checkPlace, type AuthorizedFetch } from './authorized.js';
import { readBody } from './body.js';
import { readEvents } from './events.js';
import { answers, onOneLine, type Message } from './json-rpc.js';
import type { Deliver, Transport } from './transport.js';

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

/** Opens its stream with the first message, and again after it has broken off: the app then has to begin anew. */
export function httpSse({ url, fetch, headers, deliver }: HttpSseOptions, context: Context): Transport {
  const ending = new AbortController();
  const signal = AbortSignal.any([context.signal, ending.signal]);
  /** Requests that have been sent, by what is called when their answer has come. */
  const waiting = new Map<string | number, () => void>();
  let stream: Promise<Stream> | undefined;

  const open = async (): Promise<Stream> => {
    const response = await fetch({ headers: { ...headers, accept: 'text/event-stream' }, signal });
    if (!response.ok) throw refused(response.status, await readBody(response));
    const events = readEvents(response, () => undefined);
    const first = await events.next();
    if (first.done || first.value.event !== 'endpoint') throw refused(response.status, 'no endpoint was named');
    if (!URL.canParse(first.value.data, url.href)) throw refused(response.status, first.value.data);
    const endpoint = new URL(first.value.data, url);
    checkPlace(endpoint, { target: url, what: 'The endpoint that the server names' });
    const ended = passOn(events).finally(() => (stream = undefined));
    ended.catch(() => undefined);
    return { endpoint, ended };
  };

  const passOn = async (events: AsyncIterable<{ event?: string; data: string }>) => {
    for await (const { event = 'message', data } of events) {
      const text = event === 'message' ? onOneLine(data) : undefined;
      if (text === undefined) continue;
      await deliver(text);
      for (const [id, done] of waiting) if (answers(text, id)) done();
    }
  };

  return {
    send: async (message) => {
      stream ??= open().catch((error: unknown) => {
        stream = undefined;
        throw error;
      });
      const { endpoint, ended } = await stream;
      const answered = answerTo(message, waiting);
      const request = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: message.text, signal };
      const response = await fetch(request, endpoint);
      const text = await readBody(response);
      if (!response.ok) throw refused(response.status, text);
      const lost = ended.then(
        () => Promise.reject(brokenOff()),
        () => Promise.reject(brokenOff()),
      );
      await Promise.race([answered, lost]);
    },
    close: () => {
      ending.abort();
      return Promise.resolve();
    },
  };
}

/** Resolves when the answer has been passed on; at once for what wants none. */
function answerTo({ id, method }: Message, waiting: Map<string | number, () => void>): Promise<void> {
  if (id === undefined || method === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    waiting.set(id, () => {
      waiting.delete(id);
      resolve();
    });
  });
}

function refused(status: number, text: string): AuthError {
  return new AuthError('server_failed', `The server answered with status ${status}: ${quoted(withoutCredentials(text))}.`);
}

function brokenOff(): AuthError {
  return new AuthError('network_error', 'The connection was lost before the answer came.', { hint: 'Try again.' });
}
