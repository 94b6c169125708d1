/** The bridge between an app on stdio and a remote server: connections that break, and servers that do what a real one seldom does. */
import { type ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { serverOf, json, events, breakOff, answerTo, data, withSession, bridged, hello } from '../helpers/bridged.js';
import { temporaryStore } from '../helpers/folder.js';
import { listening } from '../helpers/listening.js';
import { storedLogin } from '../helpers/stored-login.js';

/** A bridge with an open session, whose server ends its own stream after one event each time. */
async function openWithEndingStream(event: string) {
  const server = await serverOf((seen, response) => {
    if (seen.method === 'GET') {
      events(response, event);
      response.end();
    } else if (seen.body.id === undefined) response.writeHead(202).end();
    else json(response, answerTo(seen));
  });
  const app = bridged(storedLogin(server));
  await app.ask('initialize', hello);
  app.notify('notifications/initialized');
  return app;
}

describe('a lost connection', () => {
  test('in the middle of a response: the stream is resumed after its last event', async () => {
    const server = await serverOf((seen, response, all) => {
      if (seen.method === 'GET' && seen.headers['last-event-id'] === 'e1') {
        const asked = all.find(({ body }) => body.method === 'work');
        events(response, `id: e2\n${data({ jsonrpc: '2.0', id: asked?.body.id, result: { whole: true } })}`);
        response.end();
      } else if (seen.method === 'GET') response.writeHead(405).end();
      else if (seen.body.method === 'initialize') json(response, answerTo(seen, {}), { headers: { 'mcp-session-id': 's1' } });
      else {
        events(response, 'id: e1\nretry: 5\ndata:');
        breakOff(response);
      }
    });
    const { ask, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    expect((await ask('work')).result).toEqual({ whole: true });
    await end();
  });

  test('an event id that is not a header value is not sent: the stream is resumed after the event before it', async () => {
    const server = await serverOf((seen, response, all) => {
      if (seen.method === 'GET' && seen.headers['last-event-id'] === 'e1') {
        const asked = all.find(({ body }) => body.method === 'work');
        events(response, data({ jsonrpc: '2.0', id: asked?.body.id, result: { whole: true } }));
        response.end();
      } else if (seen.method === 'GET') response.writeHead(405).end();
      else if (seen.body.method === 'initialize') json(response, answerTo(seen, {}), { headers: { 'mcp-session-id': 's1' } });
      else {
        events(response, 'id: e1\ndata:', 'id: e\u00012\ndata:');
        breakOff(response);
      }
    });
    const { ask, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    expect((await ask('work')).result).toEqual({ whole: true });
    await end();
  });

  test('without an event to resume after: an error response, and the bridge keeps running', async () => {
    const server = await withSession((seen, response) => {
      if (seen.body.method === 'drop') response.destroy();
      else json(response, answerTo(seen, { fine: true }));
    });
    const { ask, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    expect((await ask('drop')).error).toMatchObject({ code: -32000, data: { code: 'network_error' } });
    expect((await ask('next')).result).toEqual({ fine: true });
    await end();
  });

  test('connection refused: an error response', async () => {
    const gone = await listening(() => undefined);
    await gone.close();
    const { ask, end } = bridged(temporaryStore({ mcpServers: { fake: { type: 'http', url: `${gone.origin}/mcp` } } }));
    expect((await ask('initialize', hello)).error?.message).toContain('connection refused');
    await end();
  });

  test('an interrupt while a request hangs ends the bridge and the session', async () => {
    const server = await withSession(() => undefined);
    const { bridge, ask } = bridged(storedLogin(server));
    await ask('initialize', hello);
    bridge.type('{"jsonrpc":"2.0","id":7,"method":"hang"}\n');
    await expect.poll(() => server.posts().length, { timeout: 20_000 }).toBe(2);
    bridge.interrupt();
    expect(await bridge.exit).toBe(0);
    expect(server.seen.at(-1)?.method).toBe('DELETE');
  });
});

describe('failures at the start and in messages', () => {
  test('if a lost session cannot be opened again at once, the next message tries again', async () => {
    let state: 'fine' | 'down' | 'up again' = 'fine';
    const server = await serverOf((seen, response) => {
      const { method } = seen.body;
      if (state === 'down') response.writeHead(method === 'initialize' ? 503 : 404).end('starting');
      else if (method === 'initialize')
        json(response, answerTo(seen, { protocolVersion: '2025-11-25' }), {
          headers: { 'mcp-session-id': state === 'fine' ? 's1' : 's2' },
        });
      else if (method === 'notifications/initialized') response.writeHead(202).end();
      else if (seen.method !== 'POST') response.writeHead(405).end();
      else if (seen.headers['mcp-session-id'] !== (state === 'fine' ? 's1' : 's2')) response.writeHead(404).end();
      else json(response, answerTo(seen, { session: seen.headers['mcp-session-id'] }));
    });
    const { ask, notify, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    notify('notifications/initialized');
    expect((await ask('tools/list')).result).toEqual({ session: 's1' });
    state = 'down';
    expect((await ask('tools/list')).error?.message).toContain('status 503');
    expect((await ask('tools/list')).error?.message).toContain('status 503');
    state = 'up again';
    const [first, second] = await Promise.all([ask('tools/list'), ask('tools/list')]);
    expect([first.result, second.result]).toEqual([{ session: 's2' }, { session: 's2' }]);
    await end();
  });

  test('a failure of the server at the start is reported unchanged, and the next attempt uses the same transport', async () => {
    let failing = true;
    const server = await serverOf((seen, response) => {
      if (seen.method !== 'POST') response.writeHead(405).end('Method Not Allowed');
      else if (failing) response.writeHead(503).end('over capacity');
      else json(response, answerTo(seen, { fine: true }));
    });
    const { ask, end } = bridged(storedLogin(server));
    expect((await ask('initialize', hello)).error?.message).toContain('over capacity');
    failing = false;
    expect((await ask('initialize', hello)).result).toEqual({ fine: true });
    await end();
  });

  test('if a server supports neither transport, its first response is reported', async () => {
    const server = await serverOf((seen, response) => response.writeHead(seen.method === 'POST' ? 400 : 405).end(`no ${seen.method}`));
    const { ask, end } = bridged(storedLogin(server));
    expect((await ask('initialize', hello)).error?.message).toContain('status 400: “no POST”');
    await end();
  });

  test('a server may keep the stream of its first response open', async () => {
    const open: ServerResponse[] = [];
    const server = await serverOf((seen, response) => {
      if (seen.method === 'GET') return void response.writeHead(405).end();
      if (seen.body.id === undefined) {
        events(response, ': hello');
        return void open.push(response);
      }
      events(response, data(answerTo(seen, { method: seen.body.method })));
      if (seen.body.method === 'initialize') open.push(response);
      else response.end();
    });
    const { ask, notify, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    notify('notifications/initialized');
    expect((await ask('tools/list')).result).toEqual({ method: 'tools/list' });
    for (const response of open) response.end();
    await end();
  });

  test('a response that is cut off is reported as a lost connection, not as a bug', async () => {
    const server = await withSession((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"jsonrpc"');
      breakOff(response);
    });
    const { ask, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    expect((await ask('tools/list')).error).toMatchObject({ data: { code: 'network_error' } });
    await end();
  });

  test('an app that exits before its response has come gets no error', async () => {
    const server = await withSession(() => undefined);
    const { bridge, ask, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    bridge.type('{"jsonrpc":"2.0","id":77,"method":"slow"}\n');
    await end();
    expect(bridge.stdout).not.toContain('77');
    expect(bridge.stderr).toBe('');
  });

  test('only a line feed ends a line; the responses to a batch are passed on', async () => {
    const server = await withSession((seen, response) => {
      if (Array.isArray(seen.body)) json(response, [{ jsonrpc: '2.0', id: 98, result: { batch: true } }]);
      else json(response, answerTo(seen, { text: seen.body['params'] }));
    });
    const { bridge, ask, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    const text = 'one\u2028two\u2029three\u0085four é\u{1f600}';
    expect((await ask('echo', { text })).result).toEqual({ text: { text } });
    bridge.type('[{"jsonrpc":"2.0","id":98,"method":"ping"}]\r\n');
    await expect.poll(() => bridge.stdout, { timeout: 20_000 }).toContain('{"batch":true}');
    await end();
  });

  test.each(['retry: 0', 'retry: 0\nid: 一'])('a stream that ends at once with “%s” is not asked for without a pause', async (field) => {
    const { bridge, end } = await openWithEndingStream(`${field}\ndata: `);
    await expect.poll(() => bridge.clock.slept.length, { timeout: 20_000 }).toBeGreaterThan(5);
    for (const slept of bridge.clock.slept) expect(slept).toBeGreaterThanOrEqual(250);
    await end();
  });

  test('a stream that ends after each event is asked for again after the same pause each time', async () => {
    const { bridge, end } = await openWithEndingStream(data({ jsonrpc: '2.0', method: 'notifications/x' }));
    await expect.poll(() => bridge.clock.slept.length, { timeout: 20_000 }).toBeGreaterThan(4);
    expect(new Set(bridge.clock.slept)).toEqual(new Set([1000]));
    await end();
  });

  test('an endless message is rejected, and not kept in memory', async () => {
    const server = await withSession((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: ');
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(1024 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    const { ask, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    expect((await ask('tools/list')).error?.message).toContain('a message larger than 64 MiB');
    await end();
  });

  test('request headers that a server repeats in an error are redacted', async () => {
    const server = await withSession((seen, response) => response.writeHead(500).end(`headers: ${JSON.stringify(seen.headers)}`));
    const { ask, bridge, end } = bridged(storedLogin(server, { token: 'SECRET-access-token-1234567890-abcdef' }));
    await ask('initialize', hello);
    expect((await ask('tools/list')).error?.message).toContain('status 500');
    expect(bridge.stdout + bridge.stderr).not.toContain('SECRET');
    await end();
  });
});
