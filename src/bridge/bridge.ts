/** Connects an app that can only start a command (stdio) to a remote MCP server, with the stored login. */
import type { Context } from '../context.js';
import type { BinaryString, Lines } from '../effects.js';
import { AuthError, hasCode, toAuthError } from '../errors.js';
import { redactError } from '../secrets/secrets.js';
import type { AuthorizedHttp } from './authorized-http.js';
import { createHttpSse } from './http-sse.js';
import {
  createErrorResponse,
  createFailureResponse,
  isRequest,
  isResponseTo,
  jsonRpcErrorCodes,
  listRequestIds,
  parseMessage,
  type Message,
  type RequestMessage,
} from './json-rpc.js';
import { Opening } from './opening.js';
import { ServerMemory } from './server-memory.js';
import { formatWithoutServer } from './redacted-words.js';
import { createServerHttp } from './server-http.js';
import { createStreamableHttp } from './streamable-http.js';
import type { Target } from './target-login.js';
import { TransportNotSupported, type Deliver, type Transport } from './transport.js';
import type { OwnSession } from './without-login/own-session.js';

/** The transports to try, in this order, for each value of `--transport`. mcp-remote uses the same values. */
export const transports = {
  'http-first': [createStreamableHttp, createHttpSse],
  'sse-first': [createHttpSse, createStreamableHttp],
  'http-only': [createStreamableHttp],
  'sse-only': [createHttpSse],
} as const;

export type TransportChoice = keyof typeof transports;

export interface BridgeOptions {
  readonly target: Target;
  readonly transport: TransportChoice;
  /** Sent with every request, in addition to the bridge's own headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether to offer a login to the app. Otherwise requests that need one are answered with an error. */
  readonly offersLogin: boolean;
}

/** Milliseconds to wait for responses after the app has closed its side. */
const closingTimeout = 2_000;

/**
 * Passes messages on until the app closes its side or the command is interrupted. A request that fails is answered with an
 * error. No failure ends the bridge, and it never prompts the user. While the server requires a login that is not there, it answers
 * by itself and offers the app a login (without-login/).
 */
export async function runBridge(options: BridgeOptions, lines: Lines, context: Context): Promise<void> {
  await new Bridge(options, lines, context).run();
}

/** A request whose response the bridge waits for. */
interface AwaitedRequest {
  readonly id: string | number;
  /** Whether the response is for the bridge and not for the app. */
  readonly isOwn: boolean;
  /** Called with the response when it has been delivered. */
  readonly resolve: (response: BinaryString) => void;
}

class Bridge {
  readonly #lines: Lines;
  readonly #context: Context;
  readonly #target: Target;
  readonly #offersLogin: boolean;
  readonly #http: AuthorizedHttp;
  readonly #transport: Transport;
  readonly #opening = new Opening();
  readonly #memory: ServerMemory;
  /** Loaded when the first login is needed. */
  #own: OwnSession | undefined;
  #loadingOwn: Promise<OwnSession> | undefined;
  /** Messages of the app that are being sent, or whose responses are awaited. */
  readonly #running = new Set<Promise<void>>();
  readonly #activeControllers = new Set<AbortController>();
  readonly #controllersById = new Map<unknown, AbortController>();
  readonly #idleControllers: AbortController[] = [];
  /** The `initialize` request, and requests of the bridge itself, until their responses have been delivered. */
  readonly #awaited: AwaitedRequest[] = [];
  /** Resolves when the session is open. Until then, messages wait. */
  #sessionOpen: Promise<void> | undefined;
  #isClosing = false;

  constructor({ target, transport, headers, offersLogin }: BridgeOptions, lines: Lines, context: Context) {
    this.#lines = lines;
    this.#context = context;
    this.#target = target;
    this.#offersLogin = offersLogin;
    this.#memory = new ServerMemory(target, context);
    this.#http = createServerHttp(target, context);
    const deliver: Deliver = (text) => this.#deliver(text);
    const candidates = transports[transport].map((create) => create({ url: target.url, http: this.#http, headers, deliver }, context));
    this.#transport = createFallbackTransport(candidates);
  }

  async run(): Promise<void> {
    const { signal, clock } = this.#context;
    signal.addEventListener('abort', () => this.#abortAll(), { once: true });
    await this.#lines.each((line) => this.#receive(line));
    if (!signal.aborted) {
      const timeout = clock.sleep(closingTimeout, signal).catch(() => undefined);
      await Promise.race([Promise.all(this.#running), timeout]);
    }
    this.#isClosing = true;
    this.#abortAll();
    await this.#own?.close();
    await this.#transport.close();
    await this.#memory.saved();
  }

  /** A line from the app. */
  #receive(line: BinaryString): Promise<void> | undefined {
    const message = parseMessage(line);
    if (message === undefined) {
      const error = { code: jsonRpcErrorCodes.parseError, message: 'Parse error: invalid JSON' };
      return line.trim() === '' ? undefined : this.#lines.write(createErrorResponse(null, error));
    }
    this.#opening.remember(message);
    const sent = this.#sessionOpen === undefined ? this.#send(message) : this.#sessionOpen.then(() => this.#send(message));
    if (message.method === 'initialize' && isRequest(message)) {
      // The server may keep the stream open in which it has sent the response.
      const answered = this.#awaitResponse(message.id, false).then(() => undefined);
      this.#holdMessagesUntil(Promise.race([sent, answered]));
      void sent.then(() => this.#stopAwaiting(message.id));
    }
    if (message.method === 'notifications/initialized') this.#holdMessagesUntil(sent);
    this.#running.add(sent);
    void sent.then(() => this.#running.delete(sent));
    return sent;
  }

  #holdMessagesUntil(sessionOpen: Promise<void>): void {
    this.#sessionOpen = sessionOpen;
    void sessionOpen.then(() => {
      if (this.#sessionOpen === sessionOpen) this.#sessionOpen = undefined;
    });
  }

  async #send(message: Message): Promise<void> {
    // Controllers are used again: with 32 requests of 200 B at a time, new ones take about 9 % more CPU time per message.
    const controller = this.#idleControllers.pop() ?? new AbortController();
    this.#activeControllers.add(controller);
    if (isRequest(message)) this.#controllersById.set(message.id, controller);
    try {
      await this.#handle(message, controller.signal);
      // The app wants no response to a request that it has cancelled.
      if (message.method === 'notifications/cancelled') this.#controllersById.get(message.cancelledId)?.abort();
    } catch (error) {
      if (this.#isClosing || controller.signal.aborted) return;
      await this.#report(redactError(toAuthError(error), this.#context.env), message);
    } finally {
      this.#activeControllers.delete(controller);
      if (!controller.signal.aborted) this.#idleControllers.push(controller);
      if (isRequest(message)) this.#controllersById.delete(message.id);
    }
  }

  /** Passes a message on, or has it answered here. */
  async #handle(message: Message, signal: AbortSignal): Promise<void> {
    if (this.#own?.takes(message)) return this.#own.handle(message, signal);
    try {
      await this.#forward(this.#own?.forServer(message) ?? message, signal);
    } catch (error) {
      if (!this.#offersLogin || !hasCode(error, 'login_needed') || !isRequest(message) || signal.aborted) throw error;
      const own = await this.#loadOwn();
      await own.takeOver(message, error, signal);
    }
  }

  #forward(message: Message, signal: AbortSignal): Promise<void> {
    if (this.#offersLogin) this.#memory.expect(message);
    return this.#transport.send(message, signal);
  }

  #loadOwn(): Promise<OwnSession> {
    return (this.#loadingOwn ??= import('./without-login/own-session.js').then(({ OwnSession }) => {
      const options = {
        target: this.#target,
        memory: this.#memory,
        opening: this.#opening,
        write: (text: BinaryString) => this.#lines.write(text),
        forward: (message: Message, signal: AbortSignal) => this.#forward(message, signal),
        openAtServer: () => this.#openAtServer(),
        request: (message: RequestMessage) => this.#request(message),
        forgetLogin: () => this.#http.forgetLogin(),
      };
      return (this.#own = new OwnSession(options, this.#context));
    }));
  }

  /** Opens the session at the server, whose response the app has not waited for. @throws AuthError */
  async #openAtServer(): Promise<void> {
    const { signal } = this.#context;
    await this.#opening.replay({
      initialize: async (message) => {
        const response = await this.#request(message);
        if (!response?.includes('"result"')) throw new AuthError('server_failed', 'The server did not open a session after the login.');
      },
      initialized: (message) => this.#forward(message, signal),
    });
  }

  /** Sends a request of the bridge itself. Undefined if the server sends no response. */
  async #request(message: RequestMessage): Promise<BinaryString | undefined> {
    const answered = this.#awaitResponse(message.id, true);
    const sent = this.#forward(message, this.#context.signal).then(() => undefined);
    try {
      // The server may keep the stream open in which it has sent the response.
      return await Promise.race([answered, sent.then(() => Promise.race([answered, Promise.resolve(undefined)]))]);
    } finally {
      this.#stopAwaiting(message.id);
    }
  }

  #awaitResponse(id: string | number, isOwn: boolean): Promise<BinaryString> {
    return new Promise((resolve) => void this.#awaited.push({ id, isOwn, resolve }));
  }

  #stopAwaiting(id: string | number): void {
    const index = this.#awaited.findIndex((one) => one.id === id);
    if (index !== -1) this.#awaited.splice(index, 1);
  }

  /** Answers all requests in the message with the error. If there is none, the error is printed to stderr. */
  async #report(error: AuthError, message: Message): Promise<void> {
    const ids = listRequestIds(message);
    if (ids.length === 0) this.#context.ui.warn([error.message, error.hint].filter(Boolean).join(' '));
    const text = formatWithoutServer(error, this.#target);
    for (const id of ids) await this.#lines.write(createFailureResponse(id, error, text));
  }

  /** A message from the server. */
  #deliver(text: BinaryString): ReturnType<Deliver> {
    this.#memory.note(text);
    if (this.#own?.isRepetition(text) === true) return undefined;
    const awaited = this.#awaited.find(({ id }) => isResponseTo(text, id));
    if (awaited === undefined) return this.#lines.write(text);
    this.#stopAwaiting(awaited.id);
    const written = awaited.isOwn ? undefined : this.#lines.write(text);
    awaited.resolve(text);
    return written;
  }

  #abortAll(): void {
    for (const controller of this.#activeControllers) controller.abort();
  }
}

/** Uses the second transport if the server turns out not to support the first, in its response to `initialize`. */
function createFallbackTransport([first, second]: Transport[]): Transport {
  let current = first;
  if (current === undefined) throw new AuthError('usage', 'There is no transport to use.');
  return {
    send: async (message, signal) => {
      try {
        await current?.send(message, signal);
      } catch (error) {
        if (!(error instanceof TransportNotSupported)) throw error;
        if (current === second || second === undefined) throw error.failure;
        await second.send(message, signal).catch((other: unknown) => {
          // The first transport is the one that the server more likely supports, so its error is reported.
          throw other instanceof TransportNotSupported ? error.failure : other;
        });
        current = second;
      }
    },
    close: async () => {
      for (const one of [first, second]) await one?.close();
    },
  };
}
