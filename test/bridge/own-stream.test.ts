/** Responses in another stream than the HTTP response: Streamable HTTP after a 202, and HTTP with SSE. */
import { getEventListeners, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { AuthorizedHttp } from '../../src/bridge/authorized-http.js';
import { createHttpSse } from '../../src/bridge/http-sse.js';
import { parseMessage } from '../../src/bridge/json-rpc.js';
import { createStreamableHttp } from '../../src/bridge/streamable-http.js';
import type { Context } from '../../src/context.js';
import type { HttpRequest, HttpResponse } from '../../src/effects.js';
import { toBinary } from '../../src/text/binary-string.js';
import { answerTo, bridged, data, events, hello, json, serverOf, type Seen } from '../helpers/bridged.js';
import { storedLogin } from '../helpers/stored-login.js';

/** A server that accepts every request of the current session, and sends `said` as the response in its own stream. */
async function accepting(said: (seen: Seen) => object) {
  const session = { current: 's1' };
  let stream: ServerResponse | undefined;
  const late: string[] = [];
  const server = await serverOf((seen, response) => {
    const isKnown = seen.headers['mcp-session-id'] === session.current;
    if (seen.method === 'DELETE') return void response.writeHead(204).end();
    if (seen.body.method !== 'initialize' && !isKnown) return void response.writeHead(404).end();
    if (seen.method === 'GET') {
      stream = response;
      return events(response, ': open', ...late.splice(0));
    }
    const text = data(said(seen));
    if (seen.body.id !== undefined) response.on('finish', () => (stream?.writable ? stream.write(`${text}\n\n`) : late.push(text)));
    response.writeHead(202, seen.body.method === 'initialize' ? { 'mcp-session-id': session.current } : {}).end();
  });
  /** Forgets the session, like a server that is restarted. */
  const forget = (id: string) => {
    session.current = id;
    stream?.destroy();
    stream = undefined;
  };
  return { server, forget };
}

test('a response gets the id as in the request, and opens a session like any other', async () => {
  const { server } = await accepting((seen) => ({ ...answerTo(seen, { protocolVersion: '2025-11-25' }), id: String(seen.body.id) }));
  const { bridge, ask, notify, end } = bridged(storedLogin(server));
  expect((await ask('initialize', hello)).id).toBe(1);
  notify('notifications/initialized');
  bridge.type('{"jsonrpc":"2.0","id":7,"method":"a"}\n');
  await expect.poll(() => bridge.events.find(({ id }) => id === 7), { timeout: 20_000 }).toBeDefined();
  await end();
  expect(server.posts().at(-1)?.headers).toMatchObject({ 'mcp-session-id': 's1', 'mcp-protocol-version': '2025-11-25' });
});

test('a stream that takes the place of another is used for all responses', async () => {
  const { server } = await accepting((seen) => answerTo(seen, { protocolVersion: '2025-11-25' }));
  const { ask, notify, end } = bridged(storedLogin(server));
  await ask('initialize', hello);
  notify('notifications/initialized');
  for (const method of ['a', 'b', 'c']) await ask(method);
  await end();
  expect(server.seen.filter(({ method }) => method === 'GET')).toHaveLength(2);
});

test('a lost session is opened again after its stream has ended, and the app gets no second response to initialize', async () => {
  const { server, forget } = await accepting((seen) => answerTo(seen, { session: seen.headers['mcp-session-id'] }));
  const { bridge, ask, notify, end } = bridged(storedLogin(server));
  await ask('initialize', hello);
  notify('notifications/initialized');
  expect((await ask('a')).result).toEqual({ session: 's1' });
  const before = server.seen.length;
  forget('s2');
  // The stream is requested again, and not found: 404.
  await expect.poll(() => server.seen.slice(before).filter(({ method }) => method === 'GET').length, { timeout: 20_000 }).toBe(1);
  expect((await ask('b')).result).toEqual({ session: 's2' });
  await end();
  expect(bridge.events.filter(({ id }) => id === 1)).toHaveLength(1);
});

test('a GET that redirects to a web page is not a stream: it is requested once per message, and no response is awaited in it', async () => {
  const server = await serverOf((seen, response) => {
    if (seen.method === 'GET') response.writeHead(302, { location: 'https://docs.example/' }).end();
    else if (seen.body.method === 'initialize') json(response, answerTo(seen, { protocolVersion: '2025-11-25' }));
    else response.writeHead(seen.method === 'DELETE' ? 204 : 202).end();
  });
  const { bridge, ask, notify, end } = bridged(storedLogin(server));
  await ask('initialize', hello);
  notify('notifications/initialized');
  expect((await ask('a')).error?.message).toContain('has no stream to send the response in');
  await end();
  expect(server.seen.filter(({ method }) => method === 'GET').length).toBeLessThan(4);
  expect(bridge.stderr).not.toContain('docs.example');
});

test('no listener is left on a signal that is used again', async () => {
  const stream = new PassThrough();
  const answer = (status: number, body: Readable, headers = {}): HttpResponse => ({ status, headers, body });
  const http: AuthorizedHttp = {
    renewalCount: 0,
    renew: () => Promise.resolve(false),
    forgetLogin: () => undefined,
    open: ({ method = 'GET' }) => {
      if (method === 'GET') return Promise.resolve(answer(200, stream, { 'content-type': 'text/event-stream' }));
      return Promise.resolve(answer(202, Readable.from([])));
    },
  };
  const ending = new AbortController();
  const context = { signal: ending.signal } as Context;
  const delivered: string[] = [];
  const deliver = (text: string) => void delivered.push(text);
  const transport = createStreamableHttp({ url: new URL('http://127.0.0.1/mcp'), http, headers: {}, deliver }, context);
  const own = new AbortController();
  for (const id of [1, 2, 3]) {
    const message = parseMessage(toBinary(`{"jsonrpc":"2.0","id":${id},"method":"a"}`));
    const sent = transport.send(message ?? expect.fail(), own.signal);
    // It waits for its answer in the stream.
    await expect.poll(() => getEventListeners(own.signal, 'abort'), { interval: 5, timeout: 30_000 }).toHaveLength(1);
    stream.write(`data: {"jsonrpc":"2.0","id":${id},"result":{}}\n\n`);
    await sent;
    expect(getEventListeners(own.signal, 'abort')).toHaveLength(0);
  }
  expect(delivered).toHaveLength(3);
  await transport.close();
});

test('HTTP with SSE: nothing of an answered message is kept in memory while the stream is open', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const stream = new PassThrough();
  const http: AuthorizedHttp = {
    renewalCount: 0,
    renew: () => Promise.resolve(false),
    forgetLogin: () => undefined,
    open: ({ method = 'GET', body }: HttpRequest) => {
      const said =
        method === 'GET'
          ? 'event: endpoint\ndata: /messages'
          : data({ jsonrpc: '2.0', id: (JSON.parse(String(body)) as { id: number }).id, result: {} });
      setImmediate(() => stream.write(`${said}\n\n`));
      return Promise.resolve({ status: 200, headers: {}, body: method === 'GET' ? stream : Readable.from([]) });
    },
  };
  const context = { signal: new AbortController().signal } as Context;
  const transport = createHttpSse({ url: new URL('http://127.0.0.1/sse'), http, headers: {}, deliver: () => undefined }, context);
  let id = 0;
  const used = async (messages: number) => {
    for (let left = messages; left > 0; left -= 1) {
      const message = parseMessage(toBinary(`{"jsonrpc":"2.0","id":${(id += 1)},"method":"a"}`)) ?? expect.fail();
      await transport.send(message, context.signal);
    }
    gc();
    return process.memoryUsage().heapUsed;
  };
  const before = await used(1_000);
  expect(((await used(10_000)) - before) / 10_000).toBeLessThan(150);
});

test('HTTP with SSE: a request fails if the new stream has ended before it is sent', async () => {
  let stream = new PassThrough();
  const http: AuthorizedHttp = {
    renewalCount: 0,
    renew: () => Promise.resolve(false),
    forgetLogin: () => undefined,
    open: async ({ method = 'GET', body }: HttpRequest) => {
      if (method === 'GET') {
        stream = new PassThrough();
        stream.write('event: endpoint\ndata: /messages\n\n');
        return { status: 200, headers: {}, body: stream };
      }
      const { id, method: called } = JSON.parse(String(body)) as { id?: number; method: string };
      if (called === 'initialize') setImmediate(() => stream.write(`${data({ jsonrpc: '2.0', id, result: {} })}\n\n`));
      if (called === 'notifications/initialized') {
        stream.end();
        await once(stream, 'close');
      }
      return { status: 202, headers: {}, body: Readable.from([]) };
    },
  };
  const context = { signal: new AbortController().signal } as Context;
  const transport = createHttpSse({ url: new URL('http://127.0.0.1/sse'), http, headers: {}, deliver: () => undefined }, context);
  const send = (message: object) =>
    transport.send(parseMessage(toBinary(JSON.stringify({ jsonrpc: '2.0', ...message }))) ?? expect.fail(), context.signal);
  await send({ id: 1, method: 'initialize' });
  await send({ method: 'notifications/initialized' });
  await expect(send({ id: 2, method: 'a' })).rejects.toMatchObject({ code: 'network_error' });
});
