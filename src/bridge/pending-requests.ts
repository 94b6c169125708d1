/** Requests whose responses may arrive in the server's own stream instead of in the HTTP response. */
import type { BinaryString } from '../effects.js';
import { AuthError } from '../errors.js';
import { asResponseTo, listRequestIds, parseResponseId, type Message } from './json-rpc.js';
import type { Deliver } from './transport.js';

interface PendingRequest {
  readonly id: string | number;
  readonly deliver: Deliver;
  isAnswered: boolean;
  /** Set while something waits for the response in the server's own stream. */
  resolve?: () => void;
  reject?: (error: AuthError | undefined) => void;
}

export class PendingRequests {
  /** By id as text, since some servers respond with "1" to 1. */
  readonly #byId = new Map<string, PendingRequest>();

  /** Runs `exchange` while the requests in `message` are pending. Their responses go to `deliver`. */
  async track(message: Message, deliver: Deliver, exchange: () => Promise<void>): Promise<void> {
    const requests = listRequestIds(message).map((id): PendingRequest => ({ id, deliver, isAnswered: false }));
    for (const request of requests) this.#byId.set(String(request.id), request);
    try {
      await exchange();
    } finally {
      for (const request of requests) if (this.#find(request.id) === request) this.#byId.delete(String(request.id));
    }
  }

  /**
   * Waits until all requests in `message` have been answered in the server's own stream, or the signal is aborted.
   *
   * @param status of the HTTP response that accepted the message, for the error.
   * @throws AuthError when the stream has ended.
   */
  async waitForResponses(message: Message, { status, signal }: { status: number; signal: AbortSignal }): Promise<void> {
    const unanswered = listRequestIds(message)
      .flatMap((id) => this.#find(id) ?? [])
      .filter(({ isAnswered }) => !isAnswered);
    const responses = unanswered.map(
      (request) =>
        new Promise<void>((resolve, reject) => {
          request.resolve = resolve;
          request.reject = (error) => reject(error ?? noStreamError(status));
        }),
    );
    const cancel = () => unanswered.forEach(({ resolve }) => resolve?.());
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel);
    try {
      await Promise.all(responses);
    } finally {
      // The signal is used again for other messages.
      signal.removeEventListener('abort', cancel);
    }
  }

  /** Delivers a message from the server's own stream: to the pending request that it is the response to, or else to `deliver`. */
  deliver(text: BinaryString, deliver: Deliver): ReturnType<Deliver> {
    const id = parseResponseId(text);
    const request = id === undefined ? undefined : this.#find(id);
    if (request === undefined || request.isAnswered) return deliver(text);
    request.isAnswered = true;
    const delivered = request.deliver(asResponseTo(text, request.id) ?? text);
    request.resolve?.();
    return delivered;
  }

  /** The server's own stream has ended: requests that wait for a response in it fail. */
  failWaiting(error: AuthError | undefined): void {
    for (const request of this.#byId.values()) request.reject?.(error);
  }

  #find(id: string | number): PendingRequest | undefined {
    return this.#byId.get(String(id));
  }
}

function noStreamError(status: number): AuthError {
  return new AuthError('server_failed', `The server accepted the message (status ${status}), but has no stream to send the response in.`);
}
