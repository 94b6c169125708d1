/**
 * How much a server can have done in one visit. The SDK answers all that it is asked, makes a message of every line and comes
 * back as often as it is told to: what it is handed is bounded here.
 */
import { AuthError } from '../errors.js';
import { isObject } from '../text/json.js';

/** Bytes of all answers. */
export const maxVisitBytes = 8 * 1024 * 1024;
/** Requests that a visit takes: pages of tools, and streams that break off, among them. */
const mostRequests = 200;
/** Messages of a stream. */
const mostMessages = 2000;
/** Requests of the server's own that are answered: it may ping, and nothing else is offered to it. */
const mostQuestions = 8;

export interface VisitLimits {
  /** Counts a request of ours. Throws `response_invalid` for one too many. */
  countRequest(): void;
  /** The answer with its bytes counted. Of a list of messages in JSON, the one that answers `body` is left. */
  limitResponse(response: Response, body: string | undefined): Promise<Response>;
  /** Whether a message is to be looked at. */
  acceptsMessage(message: object): boolean;
}

/** @param stop ends the visit: whatever the SDK makes of a broken stream, there is nothing to wait for. */
export function createVisitLimits(host: string, stop: (error: AuthError) => void): VisitLimits {
  const left = { bytes: maxVisitBytes, requests: mostRequests, messages: mostMessages, questions: mostQuestions };
  /** Undefined as long as there is enough left. */
  const spend = (what: keyof typeof left, amount: number, most: string): AuthError | undefined => {
    left[what] -= amount;
    if (left[what] >= 0) return undefined;
    const error = new AuthError('response_invalid', `${host} did not come to an end within ${most}.`);
    stop(error);
    return error;
  };
  const counted = (body: ReadableStream<Uint8Array>) =>
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
      const error = spend('requests', 1, `${mostRequests} requests`);
      if (error) throw error;
    },
    limitResponse: async ({ status, headers, body: received }, body) => {
      const answer = new Response(received && counted(received), { status, headers });
      const isJson = /^application\/json\b/i.test(headers.get('content-type') ?? '');
      return isJson && status === 200 ? answerIn(await answer.text(), { headers, body }) : answer;
    },
    acceptsMessage: (message) => {
      if (spend('messages', 1, `${mostMessages} messages`)) return false;
      if (!('method' in message)) return true;
      if (!('id' in message)) return false;
      left.questions -= 1;
      return left.questions >= 0;
    },
  };
}

/** An answer whose text is known. A list may hold a hundred thousand messages: one of them is waited for. */
function answerIn(text: string, { headers, body }: { headers: Headers; body: string | undefined }): Response {
  const whole = () => new Response(text, { headers });
  if (!/^\s*\[/.test(text)) return whole();
  const id = idOf(parsed(body ?? ''));
  const messages = parsed(text);
  if (id === undefined || !Array.isArray(messages)) return whole();
  const answer: unknown = messages.find((one: unknown) => isObject(one) && !('method' in one) && idOf(one) === id);
  return new Response(JSON.stringify(answer === undefined ? [] : [answer]), { headers });
}

/** As text: there are servers that answer "1" for 1. */
function idOf(message: unknown): string | undefined {
  const id = isObject(message) ? message['id'] : undefined;
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
