/** Server-sent events: WHATWG HTML section 9.2, whose every character that means something is ASCII. */
import { createParser } from 'eventsource-parser';
import type { BinaryString, HttpResponse } from '../effects.js';
import { forEachChunk, maxMessageBytes, messageTooLargeError } from './body.js';

export interface ServerEvent {
  readonly id?: string;
  /** Absent for the default, `message`. */
  readonly event?: string;
  readonly data: BinaryString;
}

export interface EventHandlers {
  /** Takes an event. Reading pauses until what it returns, if anything, resolves. */
  readonly onEvent: (event: ServerEvent) => Promise<unknown> | undefined;
  /** Is told the milliseconds that the server wants a client to wait before it connects again. */
  readonly onRetry?: (milliseconds: number) => void;
}

/**
 * Reads the events of a response, as they come, to its end.
 *
 * @throws AuthError `response_invalid` when one is larger than `largestMessage`, `network_error` when it breaks off.
 */
export function readEvents({ body }: HttpResponse, { onEvent: take, onRetry }: EventHandlers): Promise<void> {
  let waiting: (Promise<unknown> | undefined)[] = [];
  const parser = createParser({ onEvent: (event) => void waiting.push(take(event as ServerEvent)), onRetry });
  const withLineFeeds = lineFeeds();
  let pending = 0;
  return forEachChunk(body, (chunk) => {
    pending += chunk.length;
    waiting = [];
    parser.feed(withLineFeeds(chunk));
    if (waiting.length > 0) pending = 0;
    if (pending > maxMessageBytes) throw messageTooLargeError();
    const slow = waiting.filter((one) => one !== undefined);
    return slow.length === 0 ? undefined : Promise.all(slow);
  });
}

/** Line ends as line feeds alone: the parser looks for the next of both from each line on, however far the other is. */
function lineFeeds(): (chunk: string) => string {
  let isHalf = false;
  return (chunk) => {
    const rest = isHalf && chunk.startsWith('\n') ? chunk.slice(1) : chunk;
    isHalf = chunk.endsWith('\r') || (isHalf && chunk === '');
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest;
  };
}
