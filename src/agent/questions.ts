/** Questions to the user, which several ways put at once. The first answer counts. */
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import type { PendingQuestion } from '../agent-protocol/messages.js';
import { limits } from './limits.js';

export interface Question {
  readonly id: string;
  /** Who asks. */
  readonly host: string;
  /** One or two sentences. Text of the other machine is quoted. */
  readonly text: string;
}

/** A way to reach the user. */
export interface WayToAsk {
  readonly name: string;
  /** Resolves to the answer, or to undefined if this way gets none. Ends when the signal aborts. Never rejects. */
  ask(question: Question, signal: AbortSignal): Promise<boolean | undefined>;
}

export interface AskedQuestion {
  readonly id: string;
  /** Rejects with the reason of the signal. */
  readonly answer: Promise<boolean>;
}

interface Waiting extends Question {
  readonly since: number;
  readonly answer: (isAllowed: boolean) => void;
}

export class Questions {
  readonly #ways: readonly WayToAsk[];
  readonly #clock: Context['clock'];
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;

  constructor(ways: readonly WayToAsk[], { clock }: Pick<Context, 'clock'>) {
    this.#ways = ways;
    this.#clock = clock;
  }

  /**
   * Puts a question, which waits until it is answered or `signal` aborts.
   *
   * @throws AuthError `agent_busy` if too many questions wait, of this host or of all.
   */
  ask({ host, text }: Omit<Question, 'id'>, signal: AbortSignal): AskedQuestion {
    const ofHost = [...this.#waiting.values()].filter((one) => one.host === host);
    if (this.#waiting.size >= limits.questions || ofHost.length >= limits.questionsOfHost) {
      throw new AuthError('agent_busy', 'Too many questions wait for the user.');
    }
    this.#count += 1;
    const question = { id: String(this.#count), host, text };
    return { id: question.id, answer: this.#wait(question, signal) };
  }

  async #wait(question: Question, signal: AbortSignal): Promise<boolean> {
    const done = new AbortController();
    try {
      return await new Promise<boolean>((resolve, reject) => {
        const abort = () => reject(signal.reason as Error);
        if (signal.aborted) abort();
        signal.addEventListener('abort', abort, { signal: done.signal });
        this.#waiting.set(question.id, { ...question, since: this.#clock.now(), answer: resolve });
        for (const way of this.#ways) {
          void way.ask(question, done.signal).then((isAllowed) => {
            if (isAllowed !== undefined) resolve(isAllowed);
          });
        }
      });
    } finally {
      this.#waiting.delete(question.id);
      done.abort();
    }
  }

  /** The user's answer by a command. False if no such question waits. */
  answer(id: string, isAllowed: boolean): boolean {
    const waiting = this.#waiting.get(id);
    waiting?.answer(isAllowed);
    return waiting !== undefined;
  }

  list(): PendingQuestion[] {
    return [...this.#waiting.values()].map(({ id, host, text, since }) => ({ id, host, text, since: Math.floor(since / 1000) }));
  }
}
