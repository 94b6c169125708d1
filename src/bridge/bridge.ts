/** stdio on one side, a remote MCP server with its login on the other: for apps that can only start a command. */
import type { Context } from '../context.js';
import type { Lines } from '../effects.js';
import { AuthError, toAuthError } from '../errors.js';
import { redactError } from '../secrets/secrets.js';
import { createAuthorizedFetch, type Target } from './authorized-fetch.js';
import { createHttpSse } from './http-sse.js';
import {
  createErrorResponse,
  jsonRpcErrorCodes,
  createFailureResponse,
  isResponseTo,
  parseMessage,
  isRequest,
  type Message,
} from './json-rpc.js';
import { createStreamableHttp } from './streamable-http.js';
import { TransportNotSupported, type Deliver, type Transport } from './transport.js';

/** Which transports are tried, in their order; `--transport` names them as mcp-remote does. */
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
  /** Sent with every request besides our own. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Milliseconds that answers which are still to come have, when the app has closed its side. */
const lastWords = 2_000;

/**
 * Passes messages on until the app closes its side, or the command is interrupted. Whatever goes wrong with one is told
 * in answer to it: nothing ends the bridge, and nothing asks a person.
 */
export async function runBridge({ target, transport, headers }: BridgeOptions, { each, write }: Lines, context: Context): Promise<void> {
  const running = new Set<Promise<void>>();
  const fetch = createAuthorizedFetch(target, context);
  /** The answer that a session begins with, and who waits for it. */
  let opening: { readonly id: string | number; readonly opened: () => void } | undefined;
  const deliver: Deliver = (text) => {
    const taken = write(text);
    if (opening !== undefined && isResponseTo(text, opening.id)) {
      opening.opened();
      opening = undefined;
    }
    return taken;
  };
  const choices = transports[transport].map((make) => make({ url: target.url, fetch, headers, deliver }, context));
  const server = firstThatWorks(choices);

  /** Nobody is left to be told anything. */
  let closing = false;
  /** What is under way, and of that the requests, by what the app cancels them with. */
  const underWay = new Set<AbortController>();
  const waiting = new Map<unknown, AbortController>();
  /** Used again: making one costs as much as all the rest of what the bridge does for a small message. */
  const idle: AbortController[] = [];
  const pass = async (message: Message) => {
    const cancel = idle.pop() ?? new AbortController();
    underWay.add(cancel);
    if (isRequest(message)) waiting.set(message.id, cancel);
    try {
      await server.send(message, cancel.signal);
      // The server has been told; an app that has cancelled wants no answer.
      if (message.method === 'notifications/cancelled') waiting.get(message.cancelledId)?.abort();
    } catch (error) {
      if (closing || cancel.signal.aborted) return;
      await tell(message, redactError(toAuthError(error), context.env), { write, context });
    } finally {
      underWay.delete(cancel);
      if (!cancel.signal.aborted) idle.push(cancel);
      if (isRequest(message)) waiting.delete(message.id);
    }
  };
  const abortAll = () => {
    for (const one of underWay) one.abort();
  };
  context.signal.addEventListener('abort', abortAll, { once: true });

  /** What opens a session is waited for before anything is sent in it. */
  let opened: Promise<void> | undefined;
  const opens = (until: Promise<void>) => {
    opened = until;
    void until.then(() => opened === until && (opened = undefined));
  };
  await each((line) => {
    const message = parseMessage(line);
    if (message === undefined) {
      if (line.trim() !== '') void write(createErrorResponse(null, { code: jsonRpcErrorCodes.parseError, message: 'That was no JSON.' }));
      return;
    }
    const passing = opened === undefined ? pass(message) : opened.then(() => pass(message));
    if (message.method === 'initialize' && isRequest(message)) {
      // A server may leave the stream open that its answer came in.
      const answered = new Promise<void>((resolve) => (opening = { id: message.id, opened: resolve }));
      opens(Promise.race([passing, answered]));
    }
    if (message.method === 'notifications/initialized') opens(passing);
    running.add(passing);
    void passing.then(() => running.delete(passing));
  });
  if (!context.signal.aborted)
    await Promise.race([Promise.all(running), context.clock.sleep(lastWords, context.signal).catch(() => undefined)]);
  closing = true;
  abortAll();
  await server.close();
}

/** Goes on with the other transport when the server turns out, at the beginning of a session, not to speak the first. */
function firstThatWorks([first, other]: Transport[]): Transport {
  let current = first;
  if (current === undefined) throw new AuthError('usage', 'No transport is left.');
  return {
    send: async (message, signal) => {
      try {
        await current?.send(message, signal);
      } catch (error) {
        if (!(error instanceof TransportNotSupported)) throw error;
        if (current === other || other === undefined) throw error.failure;
        // What the first one said is told: it is the one that the server is most likely to speak.
        await other.send(message, signal).catch((second: unknown) => {
          throw second instanceof TransportNotSupported ? error.failure : second;
        });
        current = other;
      }
    },
    close: async () => {
      for (const one of [first, other]) await one?.close();
    },
  };
}

/** A request is answered, each of a batch too; of a notification, only the person who reads stderr hears. */
async function tell(message: Message, error: AuthError, { write, context }: { write: Lines['write']; context: Context }): Promise<void> {
  const waiting = isRequest(message) ? [message.id] : (message.requestIds ?? []);
  if (waiting.length === 0) context.ui.warn(`${error.message}${error.hint === undefined ? '' : ` ${error.hint}`}`);
  for (const id of waiting) await write(createFailureResponse(id, error));
}
