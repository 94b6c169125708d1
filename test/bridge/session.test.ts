/** The bridge between an app on stdio and a remote server: sessions and the messages in them. */
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { serverOf, json, events, breakOff, answerTo, data, withSession, bridged, hello } from '../helpers/bridged.js';
import { storedLogin } from '../helpers/stored-login.js';

describe('a session', () => {
  test('sends the token, the session id and the version; ends with DELETE when the app closes stdin', async () => {
    const server = await withSession((seen, response) => json(response, answerTo(seen, { n: 1 })));
    const { ask, notify, end } = bridged(storedLogin(server));
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

  test('passes on events before the response, JSON over several lines, batches, and unknown messages', async () => {
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
    const { bridge, ask, end } = bridged(storedLogin(server));
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
    const { bridge, ask, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    bridge.type('{"jsonrpc":"2.0","id":"é1","method":"ping","params":{"text":"😀"}}\n');
    await expect.poll(() => bridge.events.find(({ id }) => id === 'é1'), { timeout: 20_000 }).toMatchObject({ result: {} });
    expect(server.posts().at(-1)?.body).toMatchObject({ id: 'é1', params: { text: '😀' } });
    await end();
  });

  test.each([
    { status: 404, body: {} },
    { status: 400, body: { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'Bad Request: No valid session ID provided' } } },
  ])('that the server has lost ($status) is opened again, and the message sent again', async ({ status, body }) => {
    let forgotten = false;
    const server = await serverOf((seen, response) => {
      if (seen.method === 'GET') response.writeHead(405).end();
      else if (seen.body.method === 'initialize')
        json(response, answerTo(seen, { protocolVersion: '2025-11-25' }), { headers: { 'mcp-session-id': forgotten ? 's2' : 's1' } });
      else if (forgotten && seen.headers['mcp-session-id'] === 's1') json(response, body, { status });
      else if (seen.body.id === undefined) response.writeHead(202).end();
      else json(response, answerTo(seen, { session: seen.headers['mcp-session-id'] }));
    });
    const { bridge, ask, notify, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    notify('notifications/initialized');
    expect((await ask('a')).result).toEqual({ session: 's1' });
    forgotten = true;
    expect((await ask('b')).result).toEqual({ session: 's2' });
    await end();
    expect(bridge.events.filter(({ id }) => id === 1)).toHaveLength(1);
    expect(server.posts().filter(({ body }) => body.method === 'notifications/initialized')).toHaveLength(2);
  });

  test('several messages that find it lost at once open it once', async () => {
    let forgotten = false;
    const held: ServerResponse[] = [];
    const server = await serverOf((seen, response) => {
      if (seen.method === 'GET') response.writeHead(405).end();
      else if (seen.body.method === 'initialize')
        json(response, answerTo(seen), { headers: { 'mcp-session-id': forgotten ? 's2' : 's1' } });
      else if (forgotten && seen.headers['mcp-session-id'] === 's1') {
        if (held.push(response) === 3) for (const one of held) one.writeHead(404).end();
      } else if (seen.body.id === undefined) response.writeHead(202).end();
      else json(response, answerTo(seen, { session: seen.headers['mcp-session-id'] }));
    });
    const { ask, notify, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    notify('notifications/initialized');
    await ask('a');
    forgotten = true;
    const all = await Promise.all(['b', 'c', 'd'].map((method) => ask(method)));
    expect(all.map(({ result }) => result)).toEqual([{ session: 's2' }, { session: 's2' }, { session: 's2' }]);
    await end();
    expect(server.posts().filter(({ body }) => body.method === 'initialize')).toHaveLength(2);
  });

  test('that is opened anew by the app has no version until the server names one', async () => {
    let version: object = { protocolVersion: '2025-06-18' };
    const server = await serverOf((seen, response) => {
      if (seen.method === 'POST') json(response, answerTo(seen, seen.body.method === 'initialize' ? version : {}));
      else response.writeHead(405).end();
    });
    const { ask, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    await ask('a');
    version = {};
    await ask('initialize', hello);
    await ask('b');
    await end();
    const [, a, , b] = server.posts();
    expect(a?.headers).toMatchObject({ 'mcp-protocol-version': '2025-06-18' });
    expect(b?.headers).not.toHaveProperty('mcp-protocol-version');
  });

  test('that is being opened again is waited for by messages that arrive meanwhile', async () => {
    const held: (() => void)[] = [];
    const server = await serverOf((seen, response, all) => {
      const opened = all.filter(({ body }) => body.method === 'initialize').length;
      const open = () => json(response, answerTo(seen, hello), { headers: { 'mcp-session-id': `s${opened}` } });
      if (seen.method !== 'POST') response.writeHead(405).end();
      else if (seen.body.method === 'initialize' && opened === 1) open();
      else if (seen.body.method === 'initialize') held.push(open);
      else if (seen.headers['mcp-session-id'] === 's1') response.writeHead(404).end();
      else json(response, answerTo(seen));
    });
    const { bridge, ask, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    const first = ask('first');
    await expect.poll(() => held.length, { timeout: 20_000 }).toBe(1);
    const second = ask('second');
    // Lines are read in order: when this one has been answered, the one before it has been read.
    bridge.type('no json\n');
    await expect.poll(() => bridge.stdout, { timeout: 20_000 }).toContain('-32700');
    held[0]?.();
    await Promise.all([first, second]);
    await end();
    const sessions = server.posts().filter(({ body }) => body.method === 'second');
    expect(sessions.map(({ headers }) => headers['mcp-session-id'])).toEqual(['s2']);
  });

  test('a response may be followed by other events; a cancelled one is not awaited', async () => {
    const server = await withSession((seen, response) => {
      if (seen.body.method === 'hang') events(response);
      else if (seen.body.id === undefined) response.writeHead(202).end();
      else {
        events(response, data(answerTo(seen, { done: true })), data({ jsonrpc: '2.0', method: 'notifications/late' }));
        response.end();
      }
    });
    const { bridge, ask, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    expect((await ask('work')).result).toEqual({ done: true });
    bridge.type('{"jsonrpc":"2.0","id":70,"method":"hang"}\n');
    await expect.poll(() => server.posts().some(({ body }) => body.method === 'hang'), { timeout: 20_000 }).toBe(true);
    bridge.type('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":70}}\n');
    await ask('next');
    // As many at once as have been sent: none of them is cancelled with the one above.
    for (const { result } of await Promise.all(['a', 'b', 'c', 'd'].map((method) => ask(method)))) expect(result).toEqual({ done: true });
    await end();
    expect(bridge.events.filter(({ id }) => id === 70)).toEqual([]);
    expect(bridge.events.filter(({ id, error }) => id === 2 && error !== undefined)).toEqual([]);
  });

  test('the server’s own stream is kept open, and resumed after a lost connection', async () => {
    let streams = 0;
    const server = await serverOf((seen, response) => {
      if (seen.method === 'GET') {
        streams += 1;
        events(response, `id: ${streams}\nretry: 10\n${data({ jsonrpc: '2.0', method: `notifications/n${streams}` })}`);
        if (streams === 1) breakOff(response);
      } else if (seen.body.method === 'initialize') json(response, answerTo(seen), { headers: { 'mcp-session-id': 's1' } });
      else response.writeHead(202).end();
    });
    const { bridge, ask, notify, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    notify('notifications/initialized');
    await expect.poll(() => bridge.stdout, { timeout: 20_000 }).toContain('notifications/n2');
    const gets = server.seen.filter(({ method }) => method === 'GET');
    expect(gets[0]?.headers).not.toHaveProperty('last-event-id');
    expect(gets[1]?.headers).toMatchObject({ 'last-event-id': '1', 'mcp-session-id': 's1', authorization: 'Bearer old' });
    await end();
  });
});

describe('MCP 2026-07-28', () => {
  test('requires no initialize, and takes its headers from each message', async () => {
    const server = await serverOf((seen, response) => json(response, answerTo(seen, { fine: true })));
    const { ask, end } = bridged(storedLogin(server));
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
