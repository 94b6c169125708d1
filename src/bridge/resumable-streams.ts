/** Event streams that are resumed after the connection is lost: MCP Streamable HTTP, "Resumability and Redelivery". */
import type { Clock, HttpResponse } from '../effects.js';
import { AuthError, hasCode, type ErrorCode } from '../errors.js';
import { ForeignRedirectError } from '../oauth/server-url.js';
import { connectionLostError, discardResponse, isOk } from './body.js';
import { readEvents } from './events.js';
import { asResponseTo, isRequest, toOneLine, type Message } from './json-rpc.js';
import type { Deliver } from './transport.js';

/** How far a stream has been read. */
interface StreamProgress {
  lastId?: string;
  /** Milliseconds to wait before the stream is resumed. */
  retryDelay: number;
  eventCount: number;
}

/** How often a stream is resumed in a row without a new event. */
const maxResumptions = 8;
/** Milliseconds to wait before a stream is resumed: if the server sends no `retry`, and the limits. */
const defaultRetryDelay = 1_000;
const minRetryDelay = 250;
const maxRetryDelay = 30_000;

/** Errors that would occur again if the stream were requested again. */
const permanentErrors: readonly ErrorCode[] = ['login_needed', 'not_a_login', 'renewed_too_often', 'url_refused'];

/** Event ids that may be sent as a `Last-Event-ID` header. */
const headerValuePattern = /^[\x21-\x7e]+$/;

/** Requests a stream from the server, starting after the event `lastId`. */
type RequestStream = (lastId: string | undefined, signal: AbortSignal) => Promise<HttpResponse>;

export class ResumableStreams {
  readonly #requestStream: RequestStream;
  readonly #clock: Clock;

  constructor(requestStream: RequestStream, { clock }: { clock: Clock }) {
    this.#requestStream = requestStream;
    this.#clock = clock;
  }

  /**
   * Delivers the events of a response, and of the streams that resume it, until the response to `message` has come.
   *
   * @throws AuthError `network_error` if the stream cannot be resumed.
   */
  async receive(
    response: HttpResponse,
    { message, deliver, signal }: { message: Message; deliver: Deliver; signal: AbortSignal },
  ): Promise<void> {
    const progress = startProgress();
    let isComplete = !isRequest(message);
    const deliverResponse: Deliver = (text) => {
      const matching = !isComplete && isRequest(message) ? asResponseTo(text, message.id) : undefined;
      if (matching !== undefined) isComplete = true;
      return deliver(matching ?? text);
    };
    await readStream(response, { progress, deliver: deliverResponse, signal });
    for (let attempt = 0; !isComplete; attempt += 1) {
      if (progress.lastId === undefined || attempt >= maxResumptions) throw connectionLostError();
      const lastId = progress.lastId;
      await this.#clock.sleep(computeDelay(attempt, progress.retryDelay), signal);
      const next = await this.#requestStream(lastId, signal).catch(() => undefined);
      if (next !== undefined && !isOk(next)) throw connectionLostError();
      if (next !== undefined) await readStream(next, { progress, deliver: deliverResponse, signal });
      if (progress.lastId !== lastId) attempt = -1;
    }
  }

  /**
   * Keeps the server's own stream open, on which it sends what no request asked for, until `stop` or the signal. `ended` resolves
   * when the stream has ended for good: to the error that should be reported, if any.
   */
  listen({ deliver, signal }: { deliver: Deliver; signal: AbortSignal }): { stop: () => void; ended: Promise<AuthError | undefined> } {
    const stopping = new AbortController();
    const ended = this.#listenUntil(AbortSignal.any([signal, stopping.signal]), deliver).catch(() => undefined);
    return { stop: () => stopping.abort(), ended };
  }

  async #listenUntil(signal: AbortSignal, deliver: Deliver): Promise<AuthError | undefined> {
    const progress = startProgress();
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const response = await this.#requestStream(progress.lastId, signal).catch(toPermanentError);
      // A GET may redirect to a web page although the URL accepts messages.
      if (response instanceof ForeignRedirectError) return undefined;
      if (response instanceof AuthError) return response;
      if (response !== undefined && isStream(response)) {
        const before = progress.eventCount;
        await readStream(response, { progress, deliver, signal });
        if (progress.eventCount > before) attempt = 0;
      } else if (response !== undefined) {
        discardResponse(response);
        if (!isTemporaryFailure(response)) return undefined;
      }
      await this.#clock.sleep(computeDelay(attempt, progress.retryDelay), signal);
    }
    return undefined;
  }
}

/** Whether the media type of a response is that of an event stream. */
export function isEventStream({ headers }: HttpResponse): boolean {
  return /^\s*text\/event-stream\s*(;|$)/i.test(headers['content-type'] ?? '');
}

function isStream(response: HttpResponse): boolean {
  return isOk(response) && isEventStream(response);
}

/**
 * Whether a later request for the server's own stream may succeed. 405: the server has no such stream. 404: the session is lost,
 * which the next message finds out. 200 without events: a web page.
 */
function isTemporaryFailure({ status }: HttpResponse): boolean {
  return status >= 500;
}

/** A rejected token is permanent here, even if messages are accepted with it. */
function toPermanentError(error: unknown): AuthError | undefined {
  return hasCode(error, ...permanentErrors) || error instanceof ForeignRedirectError ? error : undefined;
}

function startProgress(): StreamProgress {
  return { retryDelay: defaultRetryDelay, eventCount: 0 };
}

/** Reads a stream to its end. A lost connection is not an error here: the caller resumes the stream. */
async function readStream(
  response: HttpResponse,
  { progress, deliver, signal }: { progress: StreamProgress; deliver: Deliver; signal: AbortSignal },
): Promise<void> {
  try {
    await readEvents(response, {
      onEvent: ({ id, event = 'message', data }) => {
        progress.eventCount += 1;
        if (id !== undefined && headerValuePattern.test(id)) progress.lastId = id;
        const text = event === 'message' ? toOneLine(data) : undefined;
        return text === undefined ? undefined : deliver(text);
      },
      onRetry: (delay) => (progress.retryDelay = delay),
    });
  } catch (error) {
    if (signal.aborted || !hasCode(error, 'network_error')) throw error;
  }
}

/** Doubles with each attempt. A server that sends `retry: 0` would otherwise be asked without a pause. */
function computeDelay(attempt: number, retryDelay: number): number {
  return Math.min(Math.max(retryDelay, minRetryDelay) * 2 ** Math.min(attempt, 10), maxRetryDelay);
}
