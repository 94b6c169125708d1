/** Server-sent events: WHATWG HTML section 9.2. */
import { createParser, type EventSourceMessage } from 'eventsource-parser';

export interface ServerEvent {
  readonly id?: string;
  /** Absent for the default, `message`. */
  readonly event?: string;
  readonly data: string;
}

/**
 * The events of a response, as they come. Reading pauses while an event is being dealt with.
 *
 * @param onRetry is told the milliseconds that the server wants a client to wait before it connects again.
 */
export async function* readEvents({ body }: Response, onRetry: (milliseconds: number) => void): AsyncGenerator<ServerEvent> {
  if (body === null) return;
  const waiting: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => waiting.push(event), onRetry });
  const decoder = new TextDecoder();
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    for (const event of waiting.splice(0)) yield event;
  }
}
