/** Sends one HTTP request and receives the head of its response. */
import type { IncomingMessage } from 'node:http';
import type { ServerAccess } from '../effects.js';
import { AuthError } from '../errors.js';
import type { Route } from './connections.js';
import type { RequestAborts } from './request-aborts.js';

interface RequestToSend {
  readonly url: URL;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly route: Route;
  readonly body: string | null;
  readonly encoding: BufferEncoding;
  /** Ends the request until the response is complete. */
  readonly signal: AbortSignal | undefined;
  readonly isSignalReused?: boolean;
  readonly aborts: RequestAborts;
  /** The TLS client certificate for a server that asks for one. */
  readonly certificate: ServerAccess['certificate'];
}

/** Interim responses (1xx) to one request: a server that works on it for an hour sends a few hundred. */
const maxInterimResponses = 1000;

/**
 * Resolves with the head of the response. The signal ends the request until the response is complete.
 *
 * @throws AuthError `response_invalid` if the server sends interim responses without end.
 */
export function sendRequest(sent: RequestToSend): Promise<IncomingMessage> {
  const { url, method, headers, route, body, encoding, signal, isSignalReused = false, aborts, certificate } = sent;
  return new Promise((resolve, reject) => {
    const { protocol, port, pathname, search } = url;
    const hostname = url.hostname.replace(/^\[|\]$/g, '');
    const { agent } = route;
    const request = route
      .request({ protocol, hostname, port, path: pathname + search, method, headers, agent, ...certificate }, resolve)
      .on('error', reject);
    let interimResponses = 0;
    request.on('information', () => {
      interimResponses += 1;
      if (interimResponses <= maxInterimResponses) return;
      request.destroy(new AuthError('response_invalid', `${url.host} sent more than ${maxInterimResponses} interim responses (1xx).`));
    });
    if (signal) aborts.watch(request, { signal, isReused: isSignalReused });
    request.end(body, encoding);
  });
}
