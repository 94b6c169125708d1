/** The bridge between an app on stdio and a remote server that speaks HTTP with SSE, as of 2024-11-05. */
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { serverOf, events, answerTo, data, bridged, hello } from '../helpers/bridged.js';
import { storedLogin } from '../helpers/stored-login.js';

describe('HTTP with SSE', () => {
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
    const { ask, notify, end } = bridged(storedLogin(server), `bridge fake${option}`);
    expect((await ask('initialize', hello)).result).toEqual({ by: 'Bearer old' });
    notify('notifications/initialized');
    expect((await ask('tools/list')).result).toEqual({ by: 'Bearer old' });
    await end();
  });

  test('a lost stream is an error response; the next message opens a new one and replays the opening', async () => {
    const server = await older();
    const { bridge, ask, notify, end } = bridged(storedLogin(server));
    await ask('initialize', hello);
    notify('notifications/initialized');
    expect((await ask('break')).error).toMatchObject({ data: { code: 'network_error' } });
    expect((await ask('tools/list')).result).toEqual({ by: 'Bearer old' });
    await end();
    const said = server.seen.filter(({ url }) => url === '/messages').map(({ body }) => body.method);
    expect(said).toEqual(['initialize', 'notifications/initialized', 'break', 'initialize', 'notifications/initialized', 'tools/list']);
    // The app gets no second response to `initialize`.
    expect(bridge.events.filter(({ id }) => id === 1)).toHaveLength(1);
  });

  test('an endpoint at another server is rejected: the token would be sent there', async () => {
    const server = await older('https://evil.example/messages');
    const { ask, end } = bridged(storedLogin(server));
    expect((await ask('initialize', hello)).error?.message).toContain('“https://evil.example/messages”, is not part of');
    await end();
  });

  test('--transport http-only does not try it', async () => {
    const server = await older();
    const { ask, end } = bridged(storedLogin(server), 'bridge fake --transport http-only');
    expect((await ask('initialize', hello)).error?.message).toContain('status 405');
    await end();
  });
});
