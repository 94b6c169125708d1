/** One HTTP request on the wire, and the head of its answer. */
import type { IncomingMessage } from 'node:http';
import type { ServerAccess } from '../effects.js';
import { AuthError } from '../errors.js';
import type { Route } from './connections.js';

interface MessageRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly route: Route;
  readonly body: string | null;
  readonly encoding: BufferEncoding;
  readonly signal: AbortSignal | undefined;
  /** Shown over TLS to whoever asks for one. */
  readonly certificate: ServerAccess['certificate'];
}

/** Interim answers (1xx) that one request may have: a server that is at work for an hour sends a few hundred. */
const mostInterim = 1000;

/**
 * Sends the request; resolves with the head of its answer. The signal ends it as long as the answer is not complete.
 *
 * @throws AuthError `response_invalid` when interim answers do not end.
 */
export function sendRequest({
  url,
  method,
  headers,
  route,
  body,
  encoding,
  signal,
  certificate,
}: MessageRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { protocol, port, pathname, search } = url;
    const hostname = url.hostname.replace(/^\[|\]$/g, '');
    const { agent } = route;
    const request = route
      .request({ protocol, hostname, port, path: pathname + search, method, headers, agent, ...certificate }, resolve)
      .on('error', reject);
    let interim = 0;
    request.on('information', () => {
      interim += 1;
      if (interim > mostInterim) request.destroy(new AuthError('response_invalid', `${url.host} goes on and on without an answer.`));
    });
    if (signal)
      request.on(
        'close',
        endedBy(signal, () => request.destroy()),
      );
    request.end(body, encoding);
  });
}

/** What each signal ends: one listener for all of it, since adding one and taking it away costs more than a small request. */
const endings = new WeakMap<AbortSignal, Set<() => void>>();

/** Has `end` called when the signal aborts, until what it returns is called. */
function endedBy(signal: AbortSignal, end: () => void): () => void {
  const all = endingsOf(signal);
  all.add(end);
  return () => all.delete(end);
}

/** Apart from `endedBy`, whose `end` the listener would hold on to, and with it a whole request and its answer. */
function endingsOf(signal: AbortSignal): Set<() => void> {
  const known = endings.get(signal);
  if (known) return known;
  const all = new Set<() => void>();
  endings.set(signal, all);
  signal.addEventListener('abort', () => all.forEach((one) => one()), { once: true });
  return all;
}
