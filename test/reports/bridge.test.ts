/** The bridge at servers that lose sessions, refuse tokens, move, and answer late, each in its own words. */
import { describe, expect, test } from 'vitest';
import { answerTo, bridged, data, events, hello, json, serverOf, type Seen } from '../helpers/bridged.js';
import { storedLogin } from '../helpers/stored-login.js';

type Response = Parameters<typeof json>[0];

/** A server with sessions, whose messages `rest` answers; tokens are renewed at it. */
function sessionServer(rest: (seen: Seen, response: Response, session: { current: string; opened: number }) => void) {
  const session = { current: '', opened: 0 };
  return serverOf((seen, response) => {
    if (seen.url === '/token') {
      json(response, { access_token: 'new', token_type: 'Bearer', expires_in: 3600, refresh_token: 'r2' });
    } else if (seen.body.method === 'initialize') {
      session.opened += 1;
      session.current = `s${session.opened}`;
      json(response, answerTo(seen, { protocolVersion: '2025-11-25' }), { headers: { 'mcp-session-id': session.current } });
    } else if (seen.body.method === 'notifications/initialized') response.writeHead(202).end();
    else if (seen.method === 'GET') response.writeHead(405).end();
    else if (seen.method === 'DELETE') response.writeHead(204).end();
    else rest(seen, response, session);
  });
}

async function opened(origin: string, auth: object = {}) {
  const app = bridged(storedLogin({ origin, url: `${origin}/mcp` }, auth));
  await app.ask('initialize', hello);
  app.notify('notifications/initialized');
  return app;
}

const rpcError = (id: unknown, code: number, message: string) => ({ jsonrpc: '2.0', id, error: { code, message } });

describe('Words: a session that the server has lost', () => {
  test.each<{ form: string; status: number; body: (id: unknown) => object | string }>([
    { form: '400 of the TypeScript SDK', status: 400, body: () => rpcError(null, -32_000, 'Bad Request: Server not initialized') },
    { form: '400 without a session id', status: 400, body: () => rpcError(null, -32_000, 'Bad Request: No valid session ID provided') },
    { form: '400 of the Python SDK', status: 400, body: () => rpcError('server-error', -32_600, 'Bad Request: Missing session ID') },
    { form: '400 in plain words', status: 400, body: () => 'Invalid or expired session' },
    { form: '403', status: 403, body: () => ({ error: 'Session expired' }) },
    { form: '404', status: 404, body: () => rpcError(null, -32_001, 'Session not found') },
    { form: '404 with nothing', status: 404, body: () => '' },
    { form: '404 in answer to the request', status: 404, body: (id) => rpcError(id, -32_001, 'Session not found') },
    { form: '410', status: 410, body: () => 'Gone' },
    { form: '500', status: 500, body: () => rpcError(null, -32_603, 'Session abc does not exist') },
  ])('$form: opened again, and the message sent once more', async ({ status, body }) => {
    const server = await sessionServer((seen, response, session) => {
      if (seen.headers['mcp-session-id'] === 's1' && seen.body.method === 'lost') session.current = 'none';
      if (seen.headers['mcp-session-id'] === session.current) json(response, answerTo(seen, { fine: true }));
      else {
        const said = body(seen.body.id);
        if (typeof said === 'string') response.writeHead(status, { 'content-type': 'text/plain' }).end(said);
        else json(response, said, { status });
      }
    });
    const { ask, end } = await opened(server.origin);
    expect((await ask('fine')).result).toEqual({ fine: true });
    expect((await ask('lost')).result).toEqual({ fine: true });
    await end();
    expect(server.posts().filter((one) => one.body.method === 'initialize')).toHaveLength(2);
    expect(server.posts().filter((one) => one.body.method === 'lost')).toHaveLength(2);
  });

  test.each<{ form: string; status: number; error: (id: unknown) => object }>([
    { form: '400 of a wrong parameter', status: 400, error: (id) => rpcError(id, -32_602, 'Invalid params: session_name is required') },
    {
      form: '400 of a session that a tool is about',
      status: 400,
      error: (id) => rpcError(id, -32_602, 'Unknown session “standup”: no such session'),
    },
    { form: '404 of a method that there is not', status: 404, error: (id) => rpcError(id, -32_601, 'Method not found') },
    { form: '200 with an error of a tool', status: 200, error: (id) => rpcError(id, -32_602, 'session not found') },
    { form: '400 about something else', status: 400, error: (id) => rpcError(id, -32_000, 'The project is archived') },
  ])('one that was not lost is kept: $form', async ({ status, error }) => {
    const server = await sessionServer((seen, response) => json(response, error(seen.body.id), { status }));
    const { ask, end } = await opened(server.origin);
    const answer = await ask('tools/call', { name: 'session_start' });
    expect(answer.error).toMatchObject((error(answer.id) as { error: object }).error);
    await end();
    expect(server.posts().filter((one) => one.body.method === 'initialize')).toHaveLength(1);
  });

  test('a server that loses each session at once is not asked for ever', async () => {
    const server = await sessionServer((_, response) => json(response, rpcError(null, -32_001, 'Session not found'), { status: 404 }));
    const { ask, end } = await opened(server.origin);
    expect((await ask('lost')).error?.message).toContain('Session not found');
    await end();
    expect(server.posts().length).toBeLessThan(8);
  });
});

describe('Words: a token that has expired', () => {
  const challenge = { 'www-authenticate': 'Bearer error="invalid_token"' };
  test.each<{ form: string; answer: (seen: Seen, response: Response) => void }>([
    { form: '401', answer: (_, response) => response.writeHead(401).end() },
    { form: '403 with a challenge', answer: (_, response) => response.writeHead(403, challenge).end() },
    { form: '400 with a challenge', answer: (_, response) => response.writeHead(400, challenge).end() },
    { form: '403 with an OAuth error', answer: (_, response) => json(response, { error: 'invalid_token' }, { status: 403 }) },
    { form: '400 in words', answer: (_, response) => json(response, { message: 'jwt expired' }, { status: 400 }) },
    { form: '403 in plain words', answer: (_, response) => void response.writeHead(403).end('The access token has expired') },
    {
      form: '403 in a JSON-RPC error',
      answer: (seen, response) => json(response, rpcError(seen.body.id, -32_001, 'Unauthorized: token expired'), { status: 403 }),
    },
    { form: '200 with a JSON-RPC error', answer: (seen, response) => json(response, rpcError(seen.body.id, -32_001, 'Token expired')) },
  ])('$form: renewed once, and the message sent once more', async ({ answer }) => {
    const server = await sessionServer((seen, response) => {
      if (seen.headers.authorization === 'Bearer old') answer(seen, response);
      else json(response, answerTo(seen, { fine: true }));
    });
    const { ask, end } = await opened(server.origin);
    const [one, two] = await Promise.all([ask('one'), ask('two')]);
    expect([one.result, two.result]).toEqual([{ fine: true }, { fine: true }]);
    await end();
    expect(server.seen.filter(({ url }) => url === '/token')).toHaveLength(1);
  });

  test.each<{ form: string; answer: (seen: Seen, response: Response) => void; says: string }>([
    {
      form: 'a 403 that is about rights',
      answer: (_, response) => json(response, { message: 'You may not see this project' }, { status: 403 }),
      says: 'You may not see this project',
    },
    {
      form: 'a 400 about parameters',
      answer: (seen, response) => json(response, rpcError(seen.body.id, -32_602, 'token: invalid format'), { status: 400 }),
      says: 'token: invalid format',
    },
  ])('$form is passed on, and renews nothing', async ({ answer, says }) => {
    const server = await sessionServer(answer);
    const { ask, end } = await opened(server.origin);
    expect((await ask('one')).error?.message).toContain(says);
    await end();
    expect(server.seen.filter(({ url }) => url === '/token')).toHaveLength(0);
  });

  test.each([401, 403])('a token that is refused though it is new (%i) is not renewed again, message after message', async (status) => {
    const server = await sessionServer((_, response) => response.writeHead(status, challenge).end());
    const { ask, end } = await opened(server.origin);
    for (const method of ['one', 'two', 'three']) expect((await ask(method)).error).toBeDefined();
    await end();
    expect(server.seen.filter(({ url }) => url === '/token')).toHaveLength(1);
  });

  test('a 403 that a new token does not fix is passed on each time; a later rejection renews again', async () => {
    let tokens = 0;
    const server = await serverOf((seen, response) => {
      if (seen.url === '/token') json(response, { access_token: `new${(tokens += 1)}`, token_type: 'Bearer', refresh_token: `r${tokens}` });
      else if (seen.method === 'GET') response.writeHead(405).end();
      else if (seen.body.method !== 'secret') json(response, answerTo(seen, { protocolVersion: '2025-11-25' }));
      else json(response, rpcError(seen.body.id, -32_000, 'Unauthorized to see project X'), { status: 403 });
    });
    const { ask, end, bridge } = await opened(server.origin);
    const answers = [await ask('secret'), await ask('secret'), await ask('secret')];
    expect(answers.map(({ error }) => error?.message)).toEqual(Array(3).fill('Unauthorized to see project X'));
    expect(tokens).toBe(1);
    bridge.clock.advance(6 * 60_000);
    await ask('secret');
    expect(tokens).toBe(2);
    await end();
  });

  test('a 401 on the server’s own stream while messages pass is reported once, and nothing is renewed', async () => {
    const server = await serverOf((seen, response) => {
      if (seen.url === '/token') json(response, { access_token: 'new', token_type: 'Bearer', expires_in: 3600, refresh_token: 'r2' });
      else if (seen.method === 'GET') response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
      else if (seen.method === 'DELETE') response.writeHead(204).end();
      else if (seen.body.id === undefined) response.writeHead(202).end();
      else json(response, answerTo(seen, { protocolVersion: '2025-11-25' }));
    });
    const { ask, end, bridge } = await opened(server.origin);
    await bridge.shown(/own event stream is closed to this login/);
    expect((await ask('one')).result).toBeDefined();
    await end();
    expect(server.seen.filter(({ url }) => url === '/token')).toHaveLength(0);
    expect(server.seen.filter(({ method }) => method === 'GET')).toHaveLength(1);
  });
});

describe('Two clients that differ', () => {
  test.each([301, 302, 303, 307, 308])(
    'a server that has moved to itself with a slash at the end (%i): the message goes there, and the next ones at once',
    async (status) => {
      const server = await serverOf((seen, response) => {
        if (seen.url === '/mcp') response.writeHead(status, { location: `http://${seen.headers.host}/mcp/` }).end();
        else if (seen.method === 'GET') response.writeHead(405).end();
        else json(response, answerTo(seen, { protocolVersion: '2025-11-25', token: seen.headers.authorization }));
      });
      const { ask, end } = bridged(storedLogin(server));
      expect((await ask('initialize', hello)).result).toMatchObject({ token: 'Bearer old' });
      expect((await ask('tools/list')).result).toBeDefined();
      await end();
      expect(server.posts()).toHaveLength(1);
    },
  );

  test.each(['https://elsewhere.example/mcp', 'http://127.0.0.1:9/mcp', '/login', '//elsewhere.example/mcp', '/a/..%2fmcp', '/mcp;x'])(
    'a redirect to %s gets no token',
    async (location) => {
      const server = await serverOf((_, response) => response.writeHead(location === '/login' ? 302 : 307, { location }).end());
      const { ask, end } = bridged(storedLogin(server));
      expect((await ask('initialize', hello)).error?.message).toContain('The redirect was not followed');
      await end();
      expect(server.seen.filter(({ url }) => url !== '/mcp')).toEqual([]);
    },
  );

  test.each([
    { form: 'as text', idOf: (id: unknown) => String(id) },
    { form: 'with a fraction of nothing', idOf: (id: unknown) => Number(id) * 1.0 },
  ])('an answer to 1 whose id is 1 $form is the answer, with the id of the request', async ({ idOf }) => {
    const server = await sessionServer((seen, response) => {
      if (seen.body.method === 'events') events(response, data({ jsonrpc: '2.0', id: idOf(seen.body.id), result: { fine: true } }));
      else json(response, { jsonrpc: '2.0', id: idOf(seen.body.id), result: { fine: true } });
    });
    const { ask, end } = await opened(server.origin);
    expect((await ask('one')).result).toEqual({ fine: true });
    expect((await ask('events')).result).toEqual({ fine: true });
    await end();
  });
});

describe('The bridge', () => {
  /** A server that answers each request with `status` and nothing, and says it in its own stream, at once or later. */
  function lateServer({ status, isFirst }: { status: number; isFirst: boolean }) {
    let stream: Response | undefined;
    const late: string[] = [];
    return serverOf((seen, response) => {
      if (seen.method === 'GET') {
        events(response, ...late.splice(0));
        stream = response;
        return;
      }
      if (seen.method === 'DELETE' || seen.body.id === undefined) return void response.writeHead(202).end();
      if (seen.body.method === 'initialize') return json(response, answerTo(seen, { protocolVersion: '2025-11-25' }));
      const text = data(answerTo(seen, { fine: true }));
      const say = () => (stream ? void stream.write(`${text}\n\n`) : void late.push(text));
      if (isFirst) say();
      else response.on('finish', say);
      response.writeHead(status).end();
    });
  }

  test.each([
    { status: 202, isFirst: false },
    { status: 202, isFirst: true },
    { status: 200, isFirst: false },
    { status: 204, isFirst: false },
  ])('$status, and the answer in the server’s own stream (before that: $isFirst): one answer', async ({ status, isFirst }) => {
    const server = await lateServer({ status, isFirst });
    const { ask, end, bridge } = await opened(server.origin);
    expect((await ask('one')).result).toEqual({ fine: true });
    expect((await ask('two')).result).toEqual({ fine: true });
    await end();
    expect(bridge.events.filter(({ id, method }) => id === 2 && method === undefined)).toHaveLength(1);
  });

  test('202 of a server that has no stream is an error in answer', async () => {
    const server = await sessionServer((_, response) => response.writeHead(202).end());
    const { ask, end } = await opened(server.origin);
    expect((await ask('one')).error?.message).toContain('has no stream to send the response in');
    await end();
  });

  const batch = [
    { jsonrpc: '2.0', id: 11, method: 'one' },
    { jsonrpc: '2.0', method: 'notifications/x' },
    { jsonrpc: '2.0', id: 12, method: 'two' },
  ];
  const answersTo = (bridge: { events: Record<string, unknown>[] }) => bridge.events.flat().filter(({ id }) => id === 11 || id === 12);

  test.each<{ form: string; answer: (seen: Seen, response: Response) => void; isError: boolean }>([
    {
      form: 'refused, its messages taken one by one',
      answer: (seen, response) =>
        Array.isArray(seen.body)
          ? json(response, rpcError(null, -32_600, 'Batching is unsupported'), { status: 400 })
          : json(response, answerTo(seen, {})),
      isError: false,
    },
    {
      form: 'refused, and each of its messages',
      answer: (_, response) => json(response, rpcError(null, -32_600, 'Invalid request'), { status: 400 }),
      isError: true,
    },
    { form: 'at a server that fails', answer: (_, response) => response.writeHead(500).end(), isError: true },
    {
      form: 'answered in one',
      answer: (_, response) =>
        json(response, [
          { jsonrpc: '2.0', id: 12, result: {} },
          { jsonrpc: '2.0', id: 11, result: {} },
        ]),
      isError: false,
    },
    {
      form: 'answered by events',
      answer: (_, response) => {
        events(response, data({ jsonrpc: '2.0', id: 12, result: {} }), data({ jsonrpc: '2.0', id: 11, result: {} }));
        response.end();
      },
      isError: false,
    },
  ])('a batch $form: each of its requests has one answer', async ({ answer, isError }) => {
    const server = await sessionServer((seen, response) =>
      seen.body.method === 'last' ? json(response, answerTo(seen, {})) : answer(seen, response),
    );
    const { bridge, ask, end } = await opened(server.origin);
    bridge.type(`${JSON.stringify(batch)}\n`);
    while (answersTo(bridge).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await ask('last');
    expect(
      answersTo(bridge)
        .map(({ id }) => id)
        .sort(),
    ).toEqual([11, 12]);
    for (const one of answersTo(bridge)) expect('error' in one).toBe(isError);
    await end();
  });

  test.each<{ form: string; status: number; text: string }>([
    { form: '431', status: 431, text: '' },
    { form: '400 of nginx', status: 400, text: '<html><title>400 Request Header Or Cookie Too Large</title></html>' },
    { form: '494', status: 494, text: '' },
    { form: '413', status: 413, text: 'Request header too large' },
  ])('a token that is too long for the server ($form) is reported', async ({ status, text }) => {
    const server = await serverOf((_, response) => response.writeHead(status).end(text));
    const { ask, end } = bridged(storedLogin(server, { token: 'x'.repeat(5000) }));
    const { error } = await ask('initialize', hello);
    expect(error?.message).toContain('the access token alone has 5000 bytes');
    expect(error?.message).toContain('--scope');
    await end();
  });
});
