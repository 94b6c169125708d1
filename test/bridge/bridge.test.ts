/** The bridge between an app on stdio and a remote server, against servers that do what a real one seldom does. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { serverOf, json, events, breakOff, answerTo, data, withSession, loggedIn, bridged, answered, hello } from '../helpers/bridged.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';

describe('a session', () => {
  test('carries the token, the session and the version; is ended with DELETE when the app closes stdin', async () => {
    const server = await withSession((seen, response) => json(response, answerTo(seen, { n: 1 })));
    const { ask, notify, end } = bridged(loggedIn(server.origin));
    expect((await ask('initialize', hello)).result).toEqual({ protocolVersion: '2025-11-25' });
    notify('notifications/initialized');
    expect((await ask('tools/list')).result).toEqual({ n: 1 });
    await end();
    const [initialize, initialized, list] = server.posts();
    expect(initialize?.headers).toMatchObject({ authorization: 'Bearer old', accept: 'application/json, text/event-stream' });
    expect(initialize?.headers).not.toHaveProperty('mcp-session-id');
    for (const one of [initialized, list])
      expect(one?.headers).toMatchObject({ 'mcp-session-id': 's1', 'mcp-protocol-version': '2025-11-25' });
    expect(server.seen.at(-1)).toMatchObject({ method: 'DELETE', headers: { 'mcp-session-id': 's1', authorization: 'Bearer old' } });
  });

  test('passes on events before the answer, JSON of several lines, batches, and what it does not understand', async () => {
    const server = await withSession((seen, response) => {
      if (Array.isArray(seen.body)) json(response, [{ jsonrpc: '2.0', id: 99, result: {} }]);
      else if (seen.body.method === 'slow') {
        events(
          response,
          data({ jsonrpc: '2.0', method: 'notifications/progress' }),
          ': a comment',
          `id: 1\n${data(answerTo(seen, { done: true }))}`,
        );
        response.end();
      } else
        response
          .writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
          .end(JSON.stringify(answerTo(seen, { text: 'é\u2028' }), null, 2));
    });
    const { bridge, ask, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    expect((await ask('slow')).result).toEqual({ done: true });
    expect(bridge.events.map(({ method }) => method)).toContain('notifications/progress');
    expect((await ask('x/unknown', { future: true })).result).toEqual({ text: 'é\u2028' });
    bridge.type('[{"jsonrpc":"2.0","id":99,"method":"ping"}]\n{"jsonrpc":"2.0","id":5,"result":{}}\nno json\n');
    await expect.poll(() => bridge.stdout, { timeout: 20_000 }).toContain('-32700');
    await end();
    expect(server.posts().map(({ body }) => JSON.stringify(body))).toContain('[{"jsonrpc":"2.0","id":99,"method":"ping"}]');
  });

  test.each([
    '{"jsonrpc":"2.0","id":"é1","result":{}}',
    '{"result":{},"id":"\\u00e91","jsonrpc":"2.0"}',
    '{\n"jsonrpc":"2.0","id":"é1","result":{}}',
  ])('knows an answer by an id that is not ASCII, however the server writes it: %s', async (answer) => {
    const server = await withSession((_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(answer));
    const { bridge, ask, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    bridge.type('{"jsonrpc":"2.0","id":"é1","method":"ping","params":{"text":"😀"}}\n');
    await expect.poll(() => bridge.events.find(({ id }) => id === 'é1'), { timeout: 20_000 }).toMatchObject({ result: {} });
    expect(server.posts().at(-1)?.body).toMatchObject({ id: 'é1', params: { text: '😀' } });
    await end();
  });

  test.each([
    { status: 404, body: {} },
    { status: 400, body: { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'Bad Request: No valid session ID provided' } } },
  ])('that the server has forgotten ($status) is opened again, and the message sent once more', async ({ status, body }) => {
    let forgotten = false;
    const server = await serverOf((seen, response) => {
      if (seen.method === 'GET') response.writeHead(405).end();
      else if (seen.body.method === 'initialize')
        json(response, answerTo(seen, { protocolVersion: '2025-11-25' }), { headers: { 'mcp-session-id': forgotten ? 's2' : 's1' } });
      else if (forgotten && seen.headers['mcp-session-id'] === 's1') json(response, body, { status });
      else if (seen.body.id === undefined) response.writeHead(202).end();
      else json(response, answerTo(seen, { session: seen.headers['mcp-session-id'] }));
    });
    const { bridge, ask, notify, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    notify('notifications/initialized');
    expect((await ask('a')).result).toEqual({ session: 's1' });
    forgotten = true;
    expect((await ask('b')).result).toEqual({ session: 's2' });
    await end();
    expect(bridge.events.filter(({ id }) => id === 1)).toHaveLength(1);
    expect(server.posts().filter(({ body }) => body.method === 'notifications/initialized')).toHaveLength(2);
  });

  test('many who find it forgotten at once open it once', async () => {
    let forgotten = false;
    const server = await serverOf((seen, response) => {
      if (seen.method === 'GET') response.writeHead(405).end();
      else if (seen.body.method === 'initialize')
        json(response, answerTo(seen), { headers: { 'mcp-session-id': forgotten ? 's2' : 's1' } });
      else if (forgotten && seen.headers['mcp-session-id'] === 's1') setTimeout(() => response.writeHead(404).end(), 30);
      else if (seen.body.id === undefined) response.writeHead(202).end();
      else json(response, answerTo(seen, { session: seen.headers['mcp-session-id'] }));
    });
    const { ask, notify, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    notify('notifications/initialized');
    await ask('a');
    forgotten = true;
    const all = await Promise.all(['b', 'c', 'd'].map((method) => ask(method)));
    expect(all.map(({ result }) => result)).toEqual([{ session: 's2' }, { session: 's2' }, { session: 's2' }]);
    await end();
    expect(server.posts().filter(({ body }) => body.method === 'initialize')).toHaveLength(2);
  });

  test('an answer that other events follow is an answer all the same; one that is cancelled is not waited for', async () => {
    const server = await withSession((seen, response) => {
      if (seen.body.method === 'hang') events(response);
      else if (seen.body.id === undefined) response.writeHead(202).end();
      else {
        events(response, data(answerTo(seen, { done: true })), data({ jsonrpc: '2.0', method: 'notifications/late' }));
        response.end();
      }
    });
    const { bridge, ask, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    expect((await ask('work')).result).toEqual({ done: true });
    bridge.type('{"jsonrpc":"2.0","id":70,"method":"hang"}\n');
    await expect.poll(() => server.posts().some(({ body }) => body.method === 'hang'), { timeout: 20_000 }).toBe(true);
    bridge.type('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":70}}\n');
    await ask('next');
    await end();
    expect(bridge.events.filter(({ id }) => id === 70)).toEqual([]);
    expect(bridge.events.filter(({ id, error }) => id === 2 && error !== undefined)).toEqual([]);
  });

  test('the server’s own stream is open beside it, and taken up where it broke off', async () => {
    let streams = 0;
    const server = await serverOf((seen, response) => {
      if (seen.method === 'GET') {
        streams += 1;
        events(response, `id: ${streams}\nretry: 10\n${data({ jsonrpc: '2.0', method: `notifications/n${streams}` })}`);
        if (streams === 1) breakOff(response);
      } else if (seen.body.method === 'initialize') json(response, answerTo(seen), { headers: { 'mcp-session-id': 's1' } });
      else response.writeHead(202).end();
    });
    const { bridge, ask, notify, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    notify('notifications/initialized');
    await expect.poll(() => bridge.stdout, { timeout: 20_000 }).toContain('notifications/n2');
    const gets = server.seen.filter(({ method }) => method === 'GET');
    expect(gets[0]?.headers).not.toHaveProperty('last-event-id');
    expect(gets[1]?.headers).toMatchObject({ 'last-event-id': '1', 'mcp-session-id': 's1', authorization: 'Bearer old' });
    await end();
  });
});

describe('a connection that breaks', () => {
  test('in the middle of an answer is taken up again by its last event', async () => {
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
    const { ask, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    expect((await ask('work')).result).toEqual({ whole: true });
    await end();
  });

  test('without an event to take it up by is an error in answer, and the bridge lives on', async () => {
    const server = await withSession((seen, response) => {
      if (seen.body.method === 'drop') response.destroy();
      else json(response, answerTo(seen, { fine: true }));
    });
    const { ask, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    expect((await ask('drop')).error).toMatchObject({ code: -32000, data: { code: 'network_error' } });
    expect((await ask('next')).result).toEqual({ fine: true });
    await end();
  });

  test('nobody there: an error in answer', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    gone.close();
    await once(gone, 'close');
    const { ask, end } = bridged(temporaryStore({ mcpServers: { demo: { type: 'http', url: `http://127.0.0.1:${port}/mcp` } } }));
    expect((await ask('initialize', hello)).error?.message).toContain('connection refused');
    await end();
  });

  test('interrupted while a request hangs: it ends, and the session with it', async () => {
    const server = await withSession(() => undefined);
    const { bridge, ask } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    bridge.type('{"jsonrpc":"2.0","id":7,"method":"hang"}\n');
    await expect.poll(() => server.posts().length, { timeout: 20_000 }).toBe(2);
    bridge.interrupt();
    expect(await bridge.exit).toBe(0);
    expect(server.seen.at(-1)?.method).toBe('DELETE');
  });
});

describe('the login', () => {
  test('a token that has expired is renewed before the request', async () => {
    const server = await serverOf((seen, response) => {
      if (seen.url === '/token') json(response, { access_token: 'new', token_type: 'Bearer', expires_in: 3600, refresh_token: 'r2' });
      else json(response, answerTo(seen, { token: seen.headers.authorization }));
    });
    const store = loggedIn(server.origin, { expires_at: 1 });
    const { ask, end } = bridged(store);
    expect((await ask('initialize', hello)).result).toEqual({ token: 'Bearer new' });
    await end();
    expect(readStore(store).mcpServers.demo.auth.refresh_token).toBe('r2');
  });

  test('a 401 is answered by one renewal, whatever the clock says', async () => {
    const server = await serverOf((seen, response) => {
      if (seen.url === '/token') json(response, { access_token: 'new', token_type: 'Bearer', expires_in: 3600 });
      else if (seen.headers.authorization === 'Bearer new') json(response, answerTo(seen, { in: true }));
      else response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
    });
    const { ask, end } = bridged(loggedIn(server.origin));
    expect((await ask('initialize', hello)).result).toEqual({ in: true });
    await end();
    expect(server.seen.filter(({ url }) => url === '/token')).toHaveLength(1);
  });

  test('a new token that was taken, and is then refused, is renewed as any other', async () => {
    let count = 0;
    let known = '';
    const server = await serverOf((seen, response) => {
      if (seen.url === '/token') {
        known = `t${(count += 1)}`;
        json(response, { access_token: known, token_type: 'Bearer', expires_in: 3600 });
      } else if (seen.headers.authorization === `Bearer ${known}`) json(response, answerTo(seen, { in: true }));
      else response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
    });
    const { ask, end } = bridged(loggedIn(server.origin));
    expect((await ask('initialize', hello)).result).toEqual({ in: true });
    // The server is started anew, and has forgotten it.
    known = '';
    expect((await ask('tools/list')).result).toEqual({ in: true });
    await end();
    expect(count).toBe(2);
  });

  test('a server that goes on refusing is told of once a request, with what to run', async () => {
    const server = await serverOf((seen, response) => {
      if (seen.url === '/token') json(response, { access_token: `t${Math.random()}`, token_type: 'Bearer', expires_in: 3600 });
      else response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
    });
    const { ask, end } = bridged(loggedIn(server.origin));
    expect((await ask('initialize', hello)).error).toMatchObject({
      code: -32001,
      message: expect.stringContaining('mcp-auth login demo') as string,
    });
    expect(server.posts()).toHaveLength(2);
    await end();
  });

  test('without one: initialize is answered with what to run, and it works as soon as the login is there', async () => {
    const server = await serverOf((seen, response) => {
      if (seen.headers.authorization === 'Bearer later') json(response, answerTo(seen, { in: true }));
      else response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
    });
    for (const how of ['demo', server.url]) {
      const store = temporaryStore({ mcpServers: { demo: { type: 'http', url: server.url } } });
      const { ask, end } = bridged(store, `bridge ${how}`);
      const { error } = await ask('initialize', hello);
      expect(error).toMatchObject({ code: -32001, data: { code: 'login_needed', hint: `Run: mcp-auth login ${how}` } });
      writeFileSync(
        store,
        JSON.stringify({ mcpServers: { demo: { type: 'http', url: server.url, auth: { type: 'bearer', token: 'later' } } } }),
      );
      expect((await ask('initialize', hello)).result).toEqual({ in: true });
      await end();
    }
  });

  test.each(['bridge demo', 'bridge URL'])('%s: headers that come with the login are sent from then on', async (line) => {
    const server = await serverOf((seen, response) => {
      if (seen.method !== 'POST') response.writeHead(405).end();
      else if (seen.headers.authorization === undefined) response.writeHead(401).end();
      else json(response, answerTo(seen, { tenant: seen.headers['x-tenant'] }));
    });
    const store = temporaryStore({ mcpServers: { demo: { url: server.url } } });
    const { ask, end } = bridged(store, line.replace('URL', server.url));
    expect((await ask('initialize', hello)).error?.data?.code).toBe('login_needed');
    const auth = { type: 'bearer', token: 't', expires_at: 4_000_000_000 };
    writeFileSync(store, JSON.stringify({ mcpServers: { demo: { url: server.url, headers: { 'X-Tenant': 'acme' }, auth } } }));
    expect((await ask('initialize', hello)).result).toEqual({ tenant: 'acme' });
    await end();
  });

  test('a server that wants none is bridged all the same', async () => {
    const server = await serverOf((seen, response) => json(response, answerTo(seen, { open: seen.headers.authorization ?? 'no token' })));
    const { ask, end } = bridged(temporaryStore(), `bridge ${server.url}`);
    expect((await ask('initialize', hello)).result).toEqual({ open: 'no token' });
    await end();
  });

  test('a 403 that asks for more scopes names the command that gets them', async () => {
    const server = await withSession((_, response) =>
      response.writeHead(403, { 'www-authenticate': `Bearer error="insufficient_scope", scope="files:write x'$(id)"` }).end(),
    );
    const { ask, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    const { error } = await ask('tools/call');
    expect(error?.code).toBe(-32001);
    expect(error?.message).toContain(`mcp-auth login demo --challenge 'Bearer error="insufficient_scope", scope="files:write x$(id)"'`);
    await end();
  });

  test('a redirect is not followed: the token stays where it is for', async () => {
    const elsewhere = await serverOf((seen, response) => json(response, answerTo(seen)));
    const server = await serverOf((_, response) => response.writeHead(307, { location: `${elsewhere.origin}/mcp` }).end());
    const { ask, end } = bridged(loggedIn(server.origin));
    expect((await ask('initialize', hello)).error?.message).toContain('redirects to “');
    expect(elsewhere.seen).toEqual([]);
    await end();
  });
});

describe('the wire of 2026-07-28', () => {
  test('needs no initialize, and has its headers from each message', async () => {
    const server = await serverOf((seen, response) => json(response, answerTo(seen, { fine: true })));
    const { ask, end } = bridged(loggedIn(server.origin));
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    await ask('tools/call', { name: 'greet', _meta });
    await ask('resources/read', { uri: 'file:///é', _meta });
    await ask('tools/list', { _meta });
    await end();
    expect(server.posts().map(({ headers }) => [headers['mcp-protocol-version'], headers['mcp-method'], headers['mcp-name']])).toEqual([
      ['2026-07-28', 'tools/call', 'greet'],
      ['2026-07-28', 'resources/read', `=?base64?${Buffer.from('file:///é').toString('base64')}?=`],
      ['2026-07-28', 'tools/list', undefined],
    ]);
    expect(server.seen.some(({ method }) => method === 'DELETE')).toBe(false);
  });
});

describe('what does not go well at first', () => {
  test('a session that cannot be opened again at once is opened again later', async () => {
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
    const { ask, notify, end } = bridged(loggedIn(server.origin));
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

  test('a server that fails at the beginning is told as it is, and asked in the same way the next time', async () => {
    let failing = true;
    const server = await serverOf((seen, response) => {
      if (seen.method !== 'POST') response.writeHead(405).end('Method Not Allowed');
      else if (failing) response.writeHead(503).end('over capacity');
      else json(response, answerTo(seen, { fine: true }));
    });
    const { ask, end } = bridged(loggedIn(server.origin));
    expect((await ask('initialize', hello)).error?.message).toContain('over capacity');
    failing = false;
    expect((await ask('initialize', hello)).result).toEqual({ fine: true });
    await end();
  });

  test('of a server that speaks neither transport, the first answer is told', async () => {
    const server = await serverOf((seen, response) => response.writeHead(seen.method === 'POST' ? 400 : 405).end(`no ${seen.method}`));
    const { ask, end } = bridged(loggedIn(server.origin));
    expect((await ask('initialize', hello)).error?.message).toContain('status 400: “no POST”');
    await end();
  });

  test('a server may leave the stream open that its first answer came in', async () => {
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
    const { ask, notify, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    notify('notifications/initialized');
    expect((await ask('tools/list')).result).toEqual({ method: 'tools/list' });
    for (const response of open) response.end();
    await end();
  });

  test('an answer that breaks off in the middle is a lost connection, and no bug of ours', async () => {
    const server = await withSession((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"jsonrpc"');
      breakOff(response);
    });
    const { ask, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    expect((await ask('tools/list')).error).toMatchObject({ data: { code: 'network_error' } });
    await end();
  });

  test('an app that goes before its answer has come is told nothing', async () => {
    const server = await withSession(() => undefined);
    const { bridge, ask, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    bridge.type('{"jsonrpc":"2.0","id":77,"method":"slow"}\n');
    await end();
    expect(bridge.stdout).not.toContain('77');
    expect(bridge.stderr).toBe('');
  });

  test('a line ends with a line feed, and with nothing else that JSON may hold; the answers of a batch are passed on', async () => {
    const server = await withSession((seen, response) => {
      if (Array.isArray(seen.body)) json(response, [{ jsonrpc: '2.0', id: 98, result: { batch: true } }]);
      else json(response, answerTo(seen, { text: seen.body['params'] }));
    });
    const { bridge, ask, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    const text = 'one\u2028two\u2029three\u0085four é\u{1f600}';
    expect((await ask('echo', { text })).result).toEqual({ text: { text } });
    bridge.type('[{"jsonrpc":"2.0","id":98,"method":"ping"}]\r\n');
    await expect.poll(() => bridge.stdout, { timeout: 20_000 }).toContain('{"batch":true}');
    await end();
  });

  test.each(['retry: 0', 'retry: 0\nid: 一'])('a stream that ends at once with “%s” is not asked for without a pause', async (field) => {
    const server = await serverOf((seen, response) => {
      if (seen.method === 'GET') {
        events(response, `${field}\ndata: `);
        response.end();
      } else if (seen.body.id === undefined) response.writeHead(202).end();
      else json(response, answerTo(seen));
    });
    const { bridge, ask, notify, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    notify('notifications/initialized');
    await expect.poll(() => bridge.clock.slept.length, { timeout: 20_000 }).toBeGreaterThan(5);
    for (const slept of bridge.clock.slept) expect(slept).toBeGreaterThanOrEqual(250);
    await end();
  });

  test('a message without an end is given up, and not kept', async () => {
    const server = await withSession((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: ');
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(1024 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    const { ask, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    expect((await ask('tools/list')).error?.message).toContain('a message of more than 64 MiB');
    await end();
  });

  test('what a server repeats of our headers in an error is not told', async () => {
    const server = await withSession((seen, response) => response.writeHead(500).end(`headers: ${JSON.stringify(seen.headers)}`));
    const { ask, bridge, end } = bridged(loggedIn(server.origin, { token: 'SECRET-access-token-1234567890-abcdef' }));
    await ask('initialize', hello);
    expect((await ask('tools/list')).error?.message).toContain('status 500');
    expect(bridge.stdout + bridge.stderr).not.toContain('SECRET');
    await end();
  });
});

describe('the older transport', () => {
  /** HTTP with SSE, as of 2024-11-05. */
  const older = (endpoint = '/messages') => {
    let stream: ServerResponse | undefined;
    return serverOf((seen, response) => {
      if (seen.method === 'GET') events((stream = response), `event: endpoint\ndata: ${endpoint}`);
      else if (seen.url !== '/messages') response.writeHead(405).end();
      else {
        response.writeHead(202).end('Accepted');
        if (seen.body.method === 'break') stream?.destroy();
        else if (seen.body.id !== undefined)
          stream?.write(`event: message\n${data(answerTo(seen, { by: seen.headers.authorization }))}\n\n`);
      }
    });
  };

  test.each(['', ' --transport sse-only', ' --transport sse-first'])('is found out%s', async (option) => {
    const server = await older();
    const { ask, notify, end } = bridged(loggedIn(server.origin), `bridge demo${option}`);
    expect((await ask('initialize', hello)).result).toEqual({ by: 'Bearer old' });
    notify('notifications/initialized');
    expect((await ask('tools/list')).result).toEqual({ by: 'Bearer old' });
    await end();
  });

  test('a stream that breaks is an error in answer, and opened again with the app’s own beginning', async () => {
    const server = await older();
    const { bridge, ask, notify, end } = bridged(loggedIn(server.origin));
    await ask('initialize', hello);
    notify('notifications/initialized');
    expect((await ask('break')).error).toMatchObject({ data: { code: 'network_error' } });
    expect((await ask('tools/list')).result).toEqual({ by: 'Bearer old' });
    await end();
    const said = server.seen.filter(({ url }) => url === '/messages').map(({ body }) => body.method);
    expect(said).toEqual(['initialize', 'notifications/initialized', 'break', 'initialize', 'notifications/initialized', 'tools/list']);
    // The app has had its answer to the first of them.
    expect(bridge.events.filter(({ id }) => id === 1)).toHaveLength(1);
  });

  test('an endpoint elsewhere is refused: the token would go there', async () => {
    const server = await older('https://evil.example/messages');
    const { ask, end } = bridged(loggedIn(server.origin));
    expect((await ask('initialize', hello)).error?.message).toContain('“https://evil.example/messages”, is not a part of');
    await end();
  });

  test('--transport http-only does not try it', async () => {
    const server = await older();
    const { ask, end } = bridged(loggedIn(server.origin), 'bridge demo --transport http-only');
    expect((await ask('initialize', hello)).error?.message).toContain('status 405');
    await end();
  });
});

describe('in the place of mcp-remote', () => {
  test('its header, port and switches are understood', async () => {
    const server = await serverOf((seen, response) => json(response, answerTo(seen, { key: seen.headers['x-key'] })));
    const words = ['bridge', server.url, '3334', '--header', 'X-Key: a ${KEY}', '--allow-http', '--debug', '--silent', '--enable-proxy'];
    const bridge = run(words, { store: temporaryStore(), stdin: 'open', env: { KEY: 'b c' } });
    bridge.type('{"jsonrpc":"2.0","id":1,"method":"initialize"}\n');
    expect((await answered(bridge, 1)).result).toEqual({ key: 'a b c' });
    bridge.end();
    expect(await bridge.exit).toBe(0);
  });

  test.each([
    { words: ['--header', 'Authorization: Bearer x'], said: 'cannot set Authorization' },
    { words: ['--header', 'nonsense'], said: 'takes "Name: value"' },
    { words: ['--header', 'A: ${NONE}'], said: 'which is not set' },
    { words: ['--transport', 'carrier-pigeon'], said: 'is one of http-first' },
    { words: ['--ignore-tool', 'x'], said: 'does not take --ignore-tool' },
    { words: ['--auth-timeout', '5'], said: 'does not take --auth-timeout' },
    { words: ['--static-oauth-client-info', '{}'], said: '--client-id' },
    { words: ['nine'], said: '"nine" is no port' },
  ])('$words: $said', async ({ words, said }) => {
    const wrong = run(['bridge', 'https://a.example/mcp', ...words], { store: temporaryStore() });
    expect(await wrong.exit).toBe(2);
    expect(wrong.stderr).toContain(said);
    expect(wrong.stdout).toBe('');
  });

  test.each(['http://a.example/mcp', 'nobody'])('%s is refused', async (server) => {
    const wrong = run(['bridge', server, '--allow-http'], { store: temporaryStore() });
    expect(await wrong.exit).toBe(2);
    expect(wrong.stderr).toMatch(/plain http|no remote server/);
  });
});
