/** Server-sent events: WHATWG HTML section 9.2. */
import type { HttpAnswer } from '../context.js';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { largestMessage, tooLarge } from './body.js';

export interface ServerEvent {
  readonly id?: string;
  /** Absent for the default, `message`. */
  readonly event?: string;
  readonly data: string;
}

/**
 * The events of a response, as they come. Reading pauses while an event is being dealt with.
 *
 * @throws AuthError `response_invalid` when one is larger than `largestMessage`.
 * @param onRetry is told the milliseconds that the server wants a client to wait before it connects again.
 */
export async function* readEvents({ body }: HttpAnswer, onRetry: (milliseconds: number) => void): AsyncGenerator<ServerEvent> {
  const waiting: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => waiting.push(event), onRetry });
  const decoder = new TextDecoder();
  let pending = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    pending += chunk.byteLength;
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (waiting.length > 0) pending = 0;
    if (pending > largestMessage) throw tooLarge();
    for (const event of waiting.splice(0)) yield event;
  }
}
