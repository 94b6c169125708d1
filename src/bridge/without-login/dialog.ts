/** The dialog in which the app shows the user the address of a login. Each attempt is shown once, however many calls wait for it. */
import type { Clock } from '../../effects.js';
import type { StartedLogin } from '../../login/two-steps.js';
import { fromBinary } from '../../text/binary-string.js';
import { isObject, parseObject } from '../../text/json.js';
import { isOwnId, type Message } from '../json-rpc.js';
import type { Deliver } from '../transport.js';
import type { AppRequest } from './app-request.js';
import { createCancellation, createCompletion, elicitationForms, getElicitationId } from './elicitation.js';
import { formatElicitation } from './own-tools.js';

/** Milliseconds within which no user has read a dialog: the app has answered by itself, as apps without a window do. */
const leastReadingTime = 1_500;

interface DialogOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** The host of the MCP server. */
  readonly serverHost: string;
  /** Writes a message to the app. */
  readonly write: Deliver;
}

/** What the app has done: it sends its request again later, or the user has accepted or declined, or the app has no answer of the user. */
export type DialogAnswer = 'repeats' | 'accepted' | 'declined' | 'unanswered';

/** An attempt that the app was asked to show. */
interface ShownAttempt {
  readonly attempt: string;
  readonly shownAt: number;
  /** Whether the app has got an elicitation, whose completion it has to be told of. */
  readonly isElicited: boolean;
  /** Set while the app has not answered our request. */
  answer?: ((answer: DialogAnswer) => void) | undefined;
}

export class Dialog {
  readonly #options: DialogOptions;
  #shown: ShownAttempt | undefined;

  constructor(options: DialogOptions) {
    this.#options = options;
  }

  /** Whether the user was asked to approve this attempt: in a dialog, or in a text. */
  wasShown({ attempt }: StartedLogin): boolean {
    return this.#shown?.attempt === attempt;
  }

  /** Notes that the user is asked in a text. */
  noteShown({ attempt }: StartedLogin, isElicited = false): void {
    this.#shown = { attempt, shownAt: this.#options.clock.now(), isElicited };
  }

  /** Asks the app to show the address. Undefined if it has no way for this request. */
  show(login: StartedLogin, request: AppRequest): Promise<DialogAnswer> | undefined {
    const form = elicitationForms.find((one) => one.fits(request));
    if (form === undefined) return undefined;
    this.noteShown(login, form.hasCompletion);
    const { kind, text } = form.create({ login, message: formatElicitation(login, this.#options.serverHost) }, request);
    const answered = new Promise<DialogAnswer>((resolve) => {
      if (kind === 'response') resolve('repeats');
      else if (this.#shown) this.#shown.answer = resolve;
    });
    void this.#options.write(text);
    return answered;
  }

  /** Whether a response of the app is the answer to a request of ours, which may be withdrawn by now. */
  isAnswer({ id, method }: Message): boolean {
    return method === undefined && isOwnId(id);
  }

  /** The response of the app to our request. */
  readAnswer(message: Message): void {
    const shown = this.#shown;
    if (shown === undefined || message.id !== getElicitationId(shown.attempt)) return;
    const result = parseObject(fromBinary(message.text))?.['result'];
    const action = isObject(result) ? result['action'] : undefined;
    const isRead = this.#options.clock.now() - shown.shownAt >= leastReadingTime;
    const answer = action === 'accept' ? 'accepted' : action === 'decline' && isRead ? 'declined' : 'unanswered';
    shown.answer?.(answer);
    shown.answer = undefined;
  }

  /** There is a login: withdraws a request that is not answered, and tells the app to close the dialog. */
  async close(): Promise<void> {
    const shown = this.#shown;
    this.#shown = undefined;
    if (shown === undefined) return;
    if (shown.answer !== undefined) await this.#options.write(createCancellation(shown.attempt));
    if (shown.isElicited) await this.#options.write(createCompletion(shown.attempt));
  }
}
