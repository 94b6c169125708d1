/** Server-sent events (WHATWG HTML section 9.2). All characters with a meaning there are ASCII, so binary strings are enough. */
import { createParser } from 'eventsource-parser';
import type { BinaryString, HttpResponse } from '../effects.js';
import { forEachChunk, maxMessageBytes, messageTooLargeError } from './body.js';
import { binaryEncoding } from '../text/binary-string.js';

export interface ServerEvent {
  readonly id?: string;
  /** Absent for the default, `message`. */
  readonly event?: string;
  readonly data: BinaryString;
}

export interface EventHandlers {
  /** Called with each event. Reading pauses until a returned promise resolves. */
  readonly onEvent: (event: ServerEvent) => Promise<unknown> | undefined;
  /** Called with the milliseconds that the server wants a client to wait before it reconnects. */
  readonly onRetry?: (milliseconds: number) => void;
}

/**
 * Reads the events of a response until its end.
 *
 * @throws AuthError `response_invalid` if an event is larger than `maxMessageBytes`, `network_error` if the connection is lost.
 */
export function readEvents({ body }: HttpResponse, { onEvent, onRetry }: EventHandlers): Promise<void> {
  let handled: (Promise<unknown> | undefined)[] = [];
  const parser = createParser({ onEvent: (event) => void handled.push(onEvent(event as ServerEvent)), onRetry });
  const normaliseLineEnds = createLineEndNormaliser();
  let pendingBytes = 0;
  return forEachChunk(body, (chunk) => {
    pendingBytes += chunk.length;
    handled = [];
    parser.feed(normaliseLineEnds(chunk.toString(binaryEncoding)));
    if (handled.length > 0) pendingBytes = 0;
    if (pendingBytes > maxMessageBytes) throw messageTooLargeError();
    const waiting = handled.filter((one) => one !== undefined);
    return waiting.length === 0 ? undefined : Promise.all(waiting);
  });
}

/**
 * Turns all line ends into line feeds. Otherwise the parser searches for both CR and LF from each line on, which takes quadratic
 * time if one of them never comes.
 */
function createLineEndNormaliser(): (chunk: string) => string {
  let endsWithCr = false;
  return (chunk) => {
    const rest = endsWithCr && chunk.startsWith('\n') ? chunk.slice(1) : chunk;
    endsWithCr = chunk.endsWith('\r') || (endsWithCr && chunk === '');
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest;
  };
}
