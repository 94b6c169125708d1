/** MCP's Streamable HTTP transport (2025-03-26 and later), as a client that passes messages on. */
import { Readable } from 'node:stream';
import type { Context } from '../context.js';
import type { BinaryString, HttpResponse } from '../effects.js';
import { AuthError, toAuthError } from '../errors.js';
import { isObject, parseObject } from '../text/json.js';
import { saysTokenIsRejected } from '../oauth/token-rejection.js';
import { quote, redactCredentials } from '../text/server-text.js';
import { fromBinary, binaryEncoding } from '../text/binary-string.js';
import type { AuthorizedFetch } from './authorized-fetch.js';
import { discardResponse, isOk, readBody } from './body.js';
import { isEventStream, createResumableStreams } from './resumable-streams.js';
import { parseResponseId, asResponseTo, createFailureResponse, parseBatch, toOneLine, isRequest, type Message } from './json-rpc.js';
import { maxParsedBytes } from './large-message.js';
import { maySaySessionIsLost, saysSessionIsLost } from './lost-session.js';
import { TransportNotSupported, type Deliver, type Transport } from './transport.js';
import { createVersionHeaders } from './version-headers.js';

export interface StreamableHttpOptions {
  readonly url: URL;
  readonly fetch: AuthorizedFetch;
  readonly headers: Readonly<Record<string, string>>;
  readonly deliver: Deliver;
}

/** The session of MCP up to 2025-11-25; empty before `initialize`, and always in the wire of 2026-07-28. */
interface Session {
  id?: string;
  protocolVersion?: string;
  /** The app's own opening, to be said again to a server that has forgotten the session. */
  initialize?: Message;
  initialized?: Message;
}

/** A request under way. */
interface Asked {
  readonly id: string | number;
  /** What its answer is handed to. */
  readonly take: Deliver;
  isAnswered: boolean;
  /** Both are for one that waits for its answer in the server's own stream: it has come; or the stream has ended, and why. */
  answered?: () => void;
  failed?: (why: AuthError | undefined) => void;
}

/** What a server answers to `initialize` that knows nothing of this transport: no such method, no such place. */
const unspoken = [400, 404, 405];

/** Keeps one session with the server at `url`; every answer goes to `deliver`, in the order in which it comes. */
export function createStreamableHttp({ fetch, headers, deliver }: StreamableHttpOptions, context: Context): Transport {
  const session: Session = {};
  const ending = new AbortController();
  const signal = AbortSignal.any([context.signal, ending.signal]);
  let reopening: Promise<void> | undefined;

  /** What nearly every message of a session is sent with. */
  let usual: { readonly session: string; readonly headers: Record<string, string> } | undefined;
  const headersOf = (message: Message): Record<string, string> => {
    const inSession = message.method === 'initialize' ? {} : session;
    const made = () => ({
      ...headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(inSession.id !== undefined && { 'mcp-session-id': inSession.id }),
      ...createVersionHeaders(message, session.protocolVersion),
    });
    if (message.protocolVersion !== undefined || message.method === 'initialize') return made();
    const key = `${session.id} ${session.protocolVersion}`;
    if (usual?.session !== key) usual = { session: key, headers: made() };
    return usual.headers;
  };

  const post = (message: Message, own: AbortSignal): Promise<HttpResponse> =>
    fetch({
      method: 'POST',
      headers: headersOf(message),
      body: message.text,
      encoding: binaryEncoding,
      signal: own,
    });

  const send = async (message: Message, own: AbortSignal): Promise<void> => {
    if (message.method === 'initialize') Object.assign(session, { id: undefined, protocolVersion: undefined, initialize: message });
    if (message.method === 'notifications/initialized') session.initialized = message;
    // What is sent while a session is being opened again is sent in that one.
    if (message.method !== 'initialize' && reopening) await reopening.catch(() => undefined);
    const take = noting(message, deliver);
    await expecting({ message, take }, () => sendAndReceive({ message, take, own }));
    if (message.method === 'notifications/initialized') listen();
  };

  const sendAndReceive = async ({ message, take, own }: { message: Message; take: Deliver; own: AbortSignal }) => {
    const { id } = session;
    const sentAt = performance.now();
    let response = await post(message, own);
    if (message.method !== 'initialize' && session.initialize !== undefined) {
      const remembered = maySaySessionIsLost(response.status) ? await unlessLost(response, { message, hasId: id !== undefined }) : response;
      if (remembered === undefined) await openAgain(id);
      response = remembered ?? (await post(message, own));
    }
    if (message.isBatch && response.status === 400) return oneByOne(message, response, own);
    await receive(response, { message, take, own, sentAt });
  };

  /** MCP 2025-06-18 has no batches any more: a server that refuses one is sent its messages. */
  const oneByOne = async (batch: Message, refusal: HttpResponse, own: AbortSignal) => {
    const all = parseBatch(batch);
    const text = await readBody(refusal);
    if (all.length === 0) throw failed(refusal.status, text);
    // Answers are no refusal: the messages have been acted on.
    const answers = toOneLine(text);
    if (answers?.startsWith('[')) return deliver(answers);
    for (const message of all) {
      await send(message, own).catch(async (error: unknown) => {
        if (own.aborted) throw error;
        const failure = toAuthError(error);
        if (isRequest(message)) await deliver(createFailureResponse(message.id, failure));
        else context.ui.warn(failure.message);
      });
    }
  };

  /** A server that was started anew knows no session: it is opened once more, for all who find that out, as the app did. */
  const openAgain = async (forgotten: string | undefined) => {
    if (session.id === forgotten) reopening ??= reopen().finally(() => (reopening = undefined));
    await reopening;
  };

  const reopen = async () => {
    const { initialize, initialized } = session;
    if (initialize === undefined) return;
    const take = noting(initialize, () => undefined);
    await expecting({ message: initialize, take }, async () => {
      const response = await post(initialize, signal);
      // The forgotten session stays what it is until there is another: the next message finds that out, and tries again.
      if (!isOk(response)) throw failed(response.status, await readBody(response));
      await receive(response, { message: initialize, take, own: signal });
    });
    if (initialized) {
      discardResponse(await post(initialized, signal));
      listen();
    }
  };

  const receive = async (
    response: HttpResponse,
    { message, take, own, sentAt }: { message: Message; take: Deliver; own: AbortSignal; sentAt?: number },
  ): Promise<void> => {
    if (message.method === 'initialize' && unspoken.includes(response.status)) {
      throw new TransportNotSupported(failed(response.status, await readBody(response)));
    }
    if (message.method === 'initialize' && isOk(response)) session.id = response.headers['mcp-session-id'];
    if (isOk(response) && isEventStream(response)) {
      const streamed = streams.receive(response, { message, take, own });
      // What wants no answer is not kept waiting for the end of a stream that came with it.
      if (isRequest(message) || message.isBatch) return streamed;
      streamed.catch(() => undefined);
      return;
    }
    const text = await readBody(response);
    // Accepted, and answered in the server's own stream.
    if (isOk(response) && text.trim() === '' && awaited(message).length > 0)
      return answeredInStream(message, { status: response.status, own });
    if (!isRequest(message)) {
      if (!isOk(response)) throw failed(response.status, text);
      const answers = message.isBatch ? toOneLine(text) : undefined;
      if (answers !== undefined) await take(answers);
      return;
    }
    const line = toOneLine(text);
    const answer = line === undefined ? undefined : asResponseTo(line, message.id);
    // A server that cannot say which request it has refused answers with no id.
    if (answer === undefined) throw failed(response.status, text);
    if (sentAt !== undefined && isOk(response) && saysTokenIsRefusedIn(answer) && (await fetch.renew(sentAt))) {
      return receive(await post(message, own), { message, take, own });
    }
    await take(answer);
  };

  /** What an answer is handed to: of one to `initialize`, the version is kept for the messages that follow. */
  const noting = (message: Message, take: Deliver): Deliver => {
    if (message.method !== 'initialize') return take;
    return (text) => {
      session.protocolVersion = protocolVersionIn(text) ?? session.protocolVersion;
      return take(text);
    };
  };

  /** Requests under way, by their ids as text: any of them may be answered in the server's own stream, also before it is accepted. */
  const asked = new Map<string, Asked>();

  const expecting = async ({ message, take }: { message: Message; take: Deliver }, act: () => Promise<void>): Promise<void> => {
    const mine = awaited(message).map((id): Asked => ({ id, take, isAnswered: false }));
    for (const one of mine) asked.set(String(one.id), one);
    try {
      await act();
    } finally {
      for (const one of mine) if (asked.get(String(one.id)) === one) asked.delete(String(one.id));
    }
  };

  const answeredInStream = async (message: Message, { status, own }: { status: number; own: AbortSignal }): Promise<void> => {
    // A session that begins has a stream of its own.
    if (listening === undefined || message.method === 'initialize') listen();
    const left = awaited(message)
      .flatMap((id) => asked.get(String(id)) ?? [])
      .filter(({ isAnswered }) => !isAnswered);
    const answers = left.map(
      (one) =>
        new Promise<void>((resolve, reject) => {
          one.answered = resolve;
          one.failed = (why) => reject(why ?? notAnswered(status));
        }),
    );
    const cancel = () => left.forEach((one) => one.answered?.());
    if (own.aborted) cancel();
    // The signal may be used again for other messages: nothing is left behind on it.
    own.addEventListener('abort', cancel);
    try {
      await Promise.all(answers);
    } finally {
      own.removeEventListener('abort', cancel);
    }
  };

  /** What the server says unasked; and answers, which it should have given where it was asked. */
  const deliverUnasked: Deliver = (text) => {
    const id = parseResponseId(text);
    const one = id === undefined ? undefined : asked.get(String(id));
    if (one === undefined || one.isAnswered) return deliver(text);
    one.isAnswered = true;
    const taken = one.take(asResponseTo(text, one.id) ?? text);
    one.answered?.();
    return taken;
  };

  const get = async (lastId: string | undefined, own: AbortSignal): Promise<HttpResponse> =>
    fetch({
      headers: {
        ...headers,
        accept: 'text/event-stream',
        ...(session.id !== undefined && { 'mcp-session-id': session.id }),
        ...(session.protocolVersion !== undefined && { 'mcp-protocol-version': session.protocolVersion }),
        ...(lastId !== undefined && { 'last-event-id': lastId }),
      },
      signal: own,
    });

  const streams = createResumableStreams(get, context);
  let listening: ReturnType<typeof streams.listen> | undefined;
  /** Said once: the server's own stream may be closed to us, while messages pass. */
  let isTold = false;
  const listen = () => {
    listening?.stop();
    const now = streams.listen({ take: deliverUnasked, signal });
    listening = now;
    void now.ended.then((why) => {
      if (listening !== now) return;
      listening = undefined;
      for (const one of asked.values()) one.failed?.(why);
      if (why === undefined || isTold) return;
      isTold = true;
      context.ui.warn(`The server’s own stream is closed to this login, so that what it says unasked is not heard: ${why.message}`);
    });
  };

  return {
    send,
    close: async () => {
      ending.abort();
      listening?.stop();
      if (session.id === undefined) return;
      const request = {
        method: 'DELETE',
        headers: { ...headers, 'mcp-session-id': session.id, ...createVersionHeaders(undefined, session.protocolVersion) },
      };
      const response = await fetch({ ...request, signal: AbortSignal.timeout(3_000) }).catch(() => undefined);
      if (response) discardResponse(response);
    },
  };
}

/** The answer, with its body put back; undefined where it says that the session is lost. */
async function unlessLost(
  response: HttpResponse,
  { message, hasId }: { message: Message; hasId: boolean },
): Promise<HttpResponse | undefined> {
  const octets = await readBody(response);
  // Without a session there is none to be lost, unless the server says so in words.
  const isLost = saysSessionIsLost({ status: hasId ? response.status : 400, octets, message });
  return isLost ? undefined : { ...response, body: Readable.from([Buffer.from(octets, binaryEncoding)], { objectMode: false }) };
}

/** The requests in a message. */
function awaited(message: Message): readonly (string | number)[] {
  return isRequest(message) ? [message.id] : (message.requestIds ?? []);
}

/** Octets of an answer that may be a refusal in the place of one. */
const shortAnswer = 2000;

/** A JSON-RPC error in a success, by which some servers refuse a token. */
function saysTokenIsRefusedIn(text: BinaryString): boolean {
  return text.length < shortAnswer && text.includes('"error"') && !text.includes('"result"') && saysTokenIsRejected(fromBinary(text));
}

function notAnswered(status: number): AuthError {
  return new AuthError('server_failed', `The server has taken the message (status ${status}), and has no stream to answer it in.`);
}

function protocolVersionIn(text: BinaryString): string | undefined {
  const result = text.length > maxParsedBytes ? undefined : parseObject(text)?.['result'];
  return isObject(result) && typeof result['protocolVersion'] === 'string' ? result['protocolVersion'] : undefined;
}

function failed(status: number, octets: BinaryString): AuthError {
  const text = fromBinary(octets);
  const words = text.trim() === '' ? '' : `: ${quote(redactCredentials(text))}`;
  const hint = status >= 500 || status === 429 ? { hint: 'Try again.' } : {};
  return new AuthError('server_failed', `The server answered with status ${status}${words}.`, hint);
}
