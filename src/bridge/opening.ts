/** How the app opened its session: kept, so that a lost session can be opened again in the same way. */
import { isRequest, type Message, type RequestMessage } from './json-rpc.js';

interface OpeningSteps {
  readonly initialize: (message: RequestMessage) => Promise<void>;
  readonly initialized: (message: Message) => Promise<void>;
}

export class Opening {
  #initialize: RequestMessage | undefined;
  #initialized: Message | undefined;

  /** The app's `initialize`, if it has sent one. */
  get initialize(): Message | undefined {
    return this.#initialize;
  }

  /** Whether there is an opening that can be replayed. */
  get isKnown(): boolean {
    return this.#initialize !== undefined;
  }

  /** Remembers the message if it is `initialize` or `notifications/initialized`. A new `initialize` starts over. */
  remember(message: Message): void {
    if (message.method === 'initialize' && isRequest(message)) {
      this.#initialize = message;
      this.#initialized = undefined;
    }
    if (message.method === 'notifications/initialized') this.#initialized = message;
  }

  /** Sends `initialize` again and then `notifications/initialized`, as far as the app has sent them. */
  async replay({ initialize, initialized }: OpeningSteps): Promise<void> {
    if (this.#initialize === undefined) return;
    await initialize(this.#initialize);
    if (this.#initialized !== undefined) await initialized(this.#initialized);
  }
}
