/** What the bridge speaks to a server with: Streamable HTTP, or the older HTTP with SSE. */
import type { AuthError } from '../errors.js';
import type { BinaryString } from '../effects.js';
import type { Message } from './json-rpc.js';

export interface Transport {
  /**
   * Sends one message, and passes on what comes in answer. Resolves when that is complete.
   *
   * @param signal ends the waiting for an answer that nobody wants any more.
   * @throws AuthError when the message could not be delivered, or its answer was lost.
   */
  send(message: Message, signal: AbortSignal): Promise<void>;
  /** Ends the session, and everything that is open. */
  close(): Promise<void>;
}

/** The server does not speak this transport, in answer to a session's beginning: it may speak the other one. */
export class TransportNotSupported extends Error {
  /** What is told where it speaks neither. */
  readonly failure: AuthError;

  constructor(failure: AuthError) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Hands a message of the server to the app. What it returns, if anything, resolves when the app can take more. */
export type Deliver = (text: BinaryString) => Promise<void> | undefined;
