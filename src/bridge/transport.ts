/** The two transports to a remote MCP server: Streamable HTTP, and the older HTTP with SSE. */
import type { BinaryString } from '../effects.js';
import type { AuthError } from '../errors.js';
import type { AuthorizedHttp } from './authorized-http.js';
import type { Message } from './json-rpc.js';

export interface TransportOptions {
  readonly url: URL;
  readonly http: AuthorizedHttp;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly deliver: Deliver;
}

export interface Transport {
  /**
   * Sends one message and delivers what the server sends in response. Resolves when the response is complete.
   *
   * @param signal aborted when the app no longer wants the response.
   * @throws AuthError when the message could not be delivered, or its response was lost; TransportNotSupported.
   */
  send(message: Message, signal: AbortSignal): Promise<void>;
  /** Ends the session and closes everything that is open. */
  close(): Promise<void>;
}

/** The server rejected `initialize` in a way that means it does not support this transport. It may support the other one. */
export class TransportNotSupported extends Error {
  /** Reported if the server supports neither transport. */
  readonly failure: AuthError;

  constructor(failure: AuthError) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Passes a message of the server to the app. A returned promise resolves when the app can take more. */
export type Deliver = (text: BinaryString) => Promise<void> | undefined;
