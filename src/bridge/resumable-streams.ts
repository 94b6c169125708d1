/** Streams of events that are taken up where they broke off: MCP Streamable HTTP, "Resumability and Redelivery". */
import type { Context } from '../context.js';
import type { HttpResponse } from '../effects.js';
import { AuthError, hasCode, type ErrorCode } from '../errors.js';
import { ForeignRedirectError } from '../oauth/server-url.js';
import { discardResponse, isOk, connectionLostError } from './body.js';
import { readEvents } from './events.js';
import { asResponseTo, toOneLine, isRequest, type Message } from './json-rpc.js';
import type { Deliver } from './transport.js';

/** A stream of events, as far as it has come. */
interface Stream {
  lastId?: string;
  /** Milliseconds before it is taken up again. */
  retry: number;
  /** How many have come. */
  events: number;
  /** Whether nothing more is waited for. */
  isAnswered: boolean;
}

/** A stream that has broken off is taken up again so many times in a row without an event in between. */
const mostResumptions = 8;
/** Milliseconds before a stream is taken up again, where the server names no time, and the longest pause. */
const defaultRetry = 1_000;
const longestRetry = 30_000;
/** A server that names no time at all would be asked without a pause. */
const shortestRetry = 250;

/** What will not be otherwise when the stream is asked for again. */
const hopeless: readonly ErrorCode[] = ['login_needed', 'not_a_login', 'renewed_too_often', 'url_refused'];

/** What may stand in a header, to take a stream up by. */
const isHeaderValue = /^[\x21-\x7e]+$/;

export interface ResumableStreams {
  /**
   * Passes on the events of `first`, until the answer to `message` has come, and of the streams that follow it.
   *
   * @throws AuthError `network_error` where it cannot be taken up again.
   */
  receive(first: HttpResponse, options: { message: Message; take: Deliver; own: AbortSignal }): Promise<void>;
  /**
   * Holds the server's own stream open, for what it says unasked, until the signal or `stop` ends it, or the server does not have
   * one: `ended` then resolves to why that is, where there is something to tell.
   */
  listen(options: { take: Deliver; signal: AbortSignal }): { stop: () => void; ended: Promise<AuthError | undefined> };
}

/** @param get asks the server for a stream, from the event after `lastId` on. */
export function createResumableStreams(
  get: (lastId: string | undefined, own: AbortSignal) => Promise<HttpResponse>,
  { clock }: Pick<Context, 'clock'>,
): ResumableStreams {
  const listenUntil = async (own: AbortSignal, take: Deliver): Promise<AuthError | undefined> => {
    const stream: Stream = { retry: defaultRetry, events: 0, isAnswered: true };
    for (let attempt = 0; !own.aborted; attempt += 1) {
      const response = await get(stream.lastId, own).catch((error: unknown) => {
        // A token that is refused here will be refused again, though messages may pass with it.
        if (hasCode(error, ...hopeless) || error instanceof ForeignRedirectError) return error;
        return undefined;
      });
      // A GET may lead to a page for people, where messages are taken.
      if (response instanceof ForeignRedirectError) return undefined;
      if (response instanceof AuthError) return response;
      if (response && !isOk(response)) {
        discardResponse(response);
        // 405: it has no such stream. 404: the session is over, which the next message finds out.
        if (response.status < 500) return undefined;
      }
      if (response && isOk(response) && !isEventStream(response)) {
        // A page, or whatever else there is at that address: no stream, now or later.
        discardResponse(response);
        return undefined;
      }
      if (response && isOk(response)) {
        const before = stream.events;
        await passOn(response, { stream, take, own });
        if (stream.events > before) attempt = 0;
      }
      await clock.sleep(pauseBefore(attempt, stream.retry), own);
    }
    return undefined;
  };

  return {
    receive: async (first, { message, take, own }) => {
      const stream: Stream = { retry: defaultRetry, events: 0, isAnswered: !isRequest(message) };
      const noted: Deliver = (text) => {
        const answer = !stream.isAnswered && isRequest(message) ? asResponseTo(text, message.id) : undefined;
        if (answer !== undefined) stream.isAnswered = true;
        return take(answer ?? text);
      };
      await passOn(first, { stream, take: noted, own });
      for (let attempt = 0; !stream.isAnswered; attempt += 1) {
        if (stream.lastId === undefined || attempt >= mostResumptions) throw connectionLostError();
        const before = stream.lastId;
        await clock.sleep(pauseBefore(attempt, stream.retry), own);
        const response = await get(stream.lastId, own).catch(() => undefined);
        if (response !== undefined && !isOk(response)) throw connectionLostError();
        if (response) await passOn(response, { stream, take: noted, own });
        if (stream.lastId !== before) attempt = -1;
      }
    },
    listen: ({ take, signal }) => {
      const listening = new AbortController();
      const ended = listenUntil(AbortSignal.any([signal, listening.signal]), take).catch(() => undefined);
      return { stop: () => listening.abort(), ended };
    },
  };
}

/** Whether an answer is a stream of events, by its media type. */
export function isEventStream({ headers }: HttpResponse): boolean {
  return /^\s*text\/event-stream\s*(;|$)/i.test(headers['content-type'] ?? '');
}

async function passOn(response: HttpResponse, { stream, take, own }: { stream: Stream; take: Deliver; own: AbortSignal }): Promise<void> {
  try {
    await readEvents(response, {
      onEvent: ({ id, event = 'message', data }) => {
        stream.events += 1;
        if (id !== undefined && isHeaderValue.test(id)) stream.lastId = id;
        const text = event === 'message' ? toOneLine(data) : undefined;
        return text === undefined ? undefined : take(text);
      },
      onRetry: (retry) => (stream.retry = retry),
    });
  } catch (error) {
    // A connection that breaks is taken up again by whoever waits for what it should have brought.
    if (own.aborted || !hasCode(error, 'network_error')) throw error;
  }
}

function pauseBefore(attempt: number, retry: number): number {
  return Math.min(Math.max(retry, shortestRetry) * 2 ** Math.min(attempt, 10), longestRetry);
}
