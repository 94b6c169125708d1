/** MCP's Streamable HTTP transport (2025-03-26 and later), as a client that passes messages on. */
import { Readable } from 'node:stream';
import type { Context, HttpAnswer } from '../context.js';
import { AuthError } from '../errors.js';
import { quoted, withoutCredentials } from '../server-text.js';
import { fromOctets, octetEncoding, type Octets } from '../octets.js';
import type { AuthorizedFetch } from './authorized.js';
import { discard, isOk, readBody } from './body.js';
import { isEventStream, resumable } from './resumable.js';
import { isAnswerTo, onOneLine, wantsAnswer, type Message } from './json-rpc.js';
import { NotSpoken, type Deliver, type Transport } from './transport.js';
import { versionHeaders } from './version-headers.js';

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

/** What a server answers to `initialize` that knows nothing of this transport: no such method, no such place. */
const unspoken = [400, 404, 405];

/** Keeps one session with the server at `url`; every answer goes to `deliver`, in the order in which it comes. */
export function streamableHttp({ fetch, headers, deliver }: StreamableHttpOptions, context: Context): Transport {
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
      ...versionHeaders(message, session.protocolVersion),
    });
    if (message.protocolVersion !== undefined || message.method === 'initialize') return made();
    const key = `${session.id} ${session.protocolVersion}`;
    if (usual?.session !== key) usual = { session: key, headers: made() };
    return usual.headers;
  };

  const post = (message: Message, own: AbortSignal): Promise<HttpAnswer> =>
    fetch({
      method: 'POST',
      headers: headersOf(message),
      body: message.text,
      encoding: octetEncoding,
      signal: own,
    });

  const send = async (message: Message, own: AbortSignal): Promise<void> => {
    if (message.method === 'initialize') Object.assign(session, { id: undefined, protocolVersion: undefined, initialize: message });
    if (message.method === 'notifications/initialized') session.initialized = message;
    // What is sent while a session is being opened again is sent in that one.
    if (message.method !== 'initialize' && reopening) await reopening.catch(() => undefined);
    const { id } = session;
    let response = await post(message, own);
    if (id !== undefined && message.method !== 'initialize') {
      const remembered = mayBeForgotten(response) ? await unlessForgotten(response) : response;
      if (remembered === undefined) await openAgain(id);
      response = remembered ?? (await post(message, own));
    }
    await receive(response, { message, take: deliver, own });
    if (message.method === 'notifications/initialized') listen();
  };

  /** A server that was started anew knows no session: it is opened once more, for all who find that out, as the app did. */
  const openAgain = async (forgotten: string) => {
    if (session.id === forgotten) reopening ??= reopen().finally(() => (reopening = undefined));
    await reopening;
  };

  const reopen = async () => {
    const { initialize, initialized } = session;
    if (initialize === undefined) return;
    const response = await post(initialize, signal);
    // The forgotten session stays what it is until there is another: the next message finds that out, and tries again.
    if (!isOk(response)) throw failed(response.status, await readBody(response));
    await receive(response, { message: initialize, take: () => undefined, own: signal });
    if (initialized) {
      discard(await post(initialized, signal));
      listen();
    }
  };

  const receive = async (
    response: HttpAnswer,
    { message, take, own }: { message: Message; take: Deliver; own: AbortSignal },
  ): Promise<void> => {
    if (message.method === 'initialize' && unspoken.includes(response.status)) {
      throw new NotSpoken(failed(response.status, await readBody(response)));
    }
    if (message.method === 'initialize' && isOk(response)) session.id = response.headers['mcp-session-id'];
    const noted: Deliver = (text) => {
      if (message.method === 'initialize') session.protocolVersion = protocolVersionIn(text) ?? session.protocolVersion;
      return take(text);
    };
    if (isOk(response) && isEventStream(response)) {
      const streamed = streams.receive(response, { message, take: noted, own });
      // What wants no answer is not kept waiting for the end of a stream that came with it.
      if (wantsAnswer(message) || message.isBatch) return streamed;
      streamed.catch(() => undefined);
      return;
    }
    const text = await readBody(response);
    if (!wantsAnswer(message)) {
      if (!isOk(response)) throw failed(response.status, text);
      const answers = message.isBatch ? onOneLine(text) : undefined;
      if (answers !== undefined) await noted(answers);
      return;
    }
    const answer = onOneLine(text);
    if (answer === undefined || !isAnswerTo(answer, message.id)) throw failed(response.status, text);
    await noted(answer);
  };

  const get = async (lastId: string | undefined, own: AbortSignal): Promise<HttpAnswer> =>
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

  const streams = resumable(get, context);
  let stopListening: (() => void) | undefined;
  const listen = () => {
    stopListening?.();
    stopListening = streams.listen({ take: deliver, signal });
  };

  return {
    send,
    close: async () => {
      ending.abort();
      stopListening?.();
      if (session.id === undefined) return;
      const request = {
        method: 'DELETE',
        headers: { ...headers, 'mcp-session-id': session.id, ...versionHeaders(undefined, session.protocolVersion) },
      };
      const response = await fetch({ ...request, signal: AbortSignal.timeout(3_000) }).catch(() => undefined);
      if (response) discard(response);
    },
  };
}

function mayBeForgotten({ status }: HttpAnswer): boolean {
  return status === 400 || status === 404;
}

/** 404 is what MCP has for a session that is unknown; servers made after the SDK's example answer 400, and say so in words. */
async function unlessForgotten(response: HttpAnswer): Promise<HttpAnswer | undefined> {
  if (response.status === 404) {
    discard(response);
    return undefined;
  }
  const text = await readBody(response);
  return /session/i.test(text)
    ? undefined
    : { ...response, body: Readable.from([Buffer.from(text, octetEncoding)], { objectMode: false }) };
}

function protocolVersionIn(text: Octets): string | undefined {
  const { result } = JSON.parse(text) as { result?: { protocolVersion?: unknown } };
  return typeof result?.protocolVersion === 'string' ? result.protocolVersion : undefined;
}

function failed(status: number, octets: Octets): AuthError {
  const text = fromOctets(octets);
  const words = text.trim() === '' ? '' : `: ${quoted(withoutCredentials(text))}`;
  return new AuthError('server_failed', `The server answered with status ${status}${words}.`, { hint: 'Try again.' });
}
