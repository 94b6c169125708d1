/**
 * Limits on what a server can cause in one visit. The SDK responds to every request, parses every line as a message, and
 * reconnects as often as the server asks.
 */
import { AuthError } from '../errors.js';
import { isObject } from '../text/json.js';

/** Bytes of all responses. */
export const maxVisitBytes = 8 * 1024 * 1024;
/** Requests of a visit: pages of tools and reconnects, among others. */
const maxRequests = 200;
/** Messages in streams. */
const maxMessages = 2000;
/** Requests of the server that get a response: it may ping, and nothing else is offered to it. */
const maxServerRequests = 8;

export interface VisitLimits {
  /** Counts a request to the server. Throws `response_invalid` for one too many. */
  countRequest(): void;
  /** The response with its bytes counted. Of a JSON list of messages, only the response to `requestBody` is kept. */
  limitResponse(response: Response, requestBody: string | undefined): Promise<Response>;
  /** Whether a message is handled. */
  acceptsMessage(message: object): boolean;
}

/** @param stop is called when a limit is exceeded, and ends the visit, whatever the SDK makes of a broken stream. */
export function createVisitLimits(host: string, stop: (error: AuthError) => void): VisitLimits {
  const remaining = { bytes: maxVisitBytes, requests: maxRequests, messages: maxMessages, serverRequests: maxServerRequests };
  /** Returns an error if nothing remains. */
  const spend = (kind: keyof typeof remaining, amount: number, limit: string): AuthError | undefined => {
    remaining[kind] -= amount;
    if (remaining[kind] >= 0) return undefined;
    const error = new AuthError('response_invalid', `${host} exceeded the limit of ${limit}.`);
    stop(error);
    return error;
  };
  const countBytes = (body: ReadableStream<Uint8Array>) =>
    body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          const error = spend('bytes', chunk.byteLength, `${maxVisitBytes / 1024 / 1024} MiB`);
          if (error) controller.error(error);
          else controller.enqueue(chunk);
        },
      }),
    );
  return {
    countRequest: () => {
      const error = spend('requests', 1, `${maxRequests} requests`);
      if (error) throw error;
    },
    limitResponse: async ({ status, headers, body }, requestBody) => {
      const response = new Response(body && countBytes(body), { status, headers });
      const isJson = /^application\/json\b/i.test(headers.get('content-type') ?? '');
      return isJson && status === 200 ? pickResponse(await response.text(), { headers, requestBody }) : response;
    },
    acceptsMessage: (message) => {
      if (spend('messages', 1, `${maxMessages} messages`)) return false;
      if (!('method' in message)) return true;
      if (!('id' in message)) return false;
      remaining.serverRequests -= 1;
      return remaining.serverRequests >= 0;
    },
  };
}

/** Reduces a list of messages, which may have a hundred thousand, to the one that responds to the request. */
function pickResponse(text: string, { headers, requestBody }: { headers: Headers; requestBody: string | undefined }): Response {
  const whole = () => new Response(text, { headers });
  if (!/^\s*\[/.test(text)) return whole();
  const id = getId(parse(requestBody ?? ''));
  const messages = parse(text);
  if (id === undefined || !Array.isArray(messages)) return whole();
  const response: unknown = messages.find((one: unknown) => isObject(one) && !('method' in one) && getId(one) === id);
  return new Response(JSON.stringify(response === undefined ? [] : [response]), { headers });
}

/** As text, since some servers respond with the id "1" to the request 1. */
function getId(message: unknown): string | undefined {
  const id = isObject(message) ? message['id'] : undefined;
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
