/** Where a server of the older transport may lead the token: by the whole bridge, and by the visit with a new token. */
import { expect, test } from 'vitest';
import { createHttp } from '../../src/http/http.js';
import { verifyToken } from '../../src/login/verification.js';
import { checkBelongsToServer } from '../../src/oauth/server-url.js';
import { answerTo, bridged, data, events, hello, serverOf } from '../helpers/bridged.js';
import { testClock } from '../helpers/clock.js';
import { temporaryStore } from '../helpers/folder.js';

const place = '/tenant/sse';

/** It takes messages wherever they come, and names the endpoint. */
function older(endpoint: string) {
  let say: (text: string) => void = () => undefined;
  return serverOf((seen, response) => {
    if (seen.method === 'GET') {
      events(response, `event: endpoint\ndata: ${endpoint}`);
      say = (text) => void response.write(text);
    } else if (seen.url === place) response.writeHead(405).end();
    else {
      response.writeHead(202).end();
      const result = { protocolVersion: '2024-11-05', capabilities: {}, serverInfo: { name: 'old', version: '1' } };
      if (seen.body.id !== undefined) say(`event: message\n${data(answerTo(seen, result))}\n\n`);
    }
  });
}

function storeOf(url: string) {
  return temporaryStore({
    mcpServers: { fake: { type: 'http', url, auth: { type: 'bearer', token: 'SECRET', expires_at: 4_000_000_000 } } },
  });
}

async function visit(url: URL): Promise<unknown> {
  const clock = testClock();
  const http = createHttp({
    env: { variables: {}, platform: 'linux', folder: '/', program: [], exists: () => false },
    clock,
    userAgent: 'test',
  }).withAllowedNetwork('loopback');
  const tokens = { accessToken: 'SECRET', tokenType: 'bearer' as const };
  return verifyToken({ url, tokens }, { http, clock, signal: new AbortController().signal }).catch((error: unknown) => error);
}

const refused = [
  ...['..%2fvictim', '..%2Fvictim', '%2e%2e%2fvictim', '%2e%2e/victim', '.%2e/victim', '..;/victim', '..;x=y/victim', 'x;/victim'],
  ...[
    '..%5cvictim',
    '..\\victim',
    '\\\\victim',
    '.\\..\\victim',
    '//victim',
    '/tenant//victim',
    './/victim',
    '%2f%2fvictim',
    'x%2f..%2fvictim',
  ],
  ...[
    '%252e%252e%252fvictim',
    '..%252fvictim',
    '..%255cvictim',
    '..%25252fvictim',
    '%c0%ae%c0%ae/victim',
    '..%c0%afvictim',
    '..%e0%80%afvictim',
  ],
  ...[
    '..%f0%80%80%afvictim',
    '..%c1%9cvictim',
    '..%ef%bc%8fvictim',
    '%ef%bc%8e%ef%bc%8e/victim',
    '..／victim',
    '．．/victim',
    '‥/victim',
    '..＼victim',
  ],
  ...[
    '..∕victim',
    '..⁄victim',
    '..%u2215victim',
    '..%u002fvictim',
    '..%00/victim',
    '..%09/victim',
    '..%0a/victim',
    '.%0d./victim',
    '..%20/victim',
  ],
  ...[
    '.%e2%80%8b./victim',
    '.%c2%ad./victim',
    '.../victim',
    '.. ./victim',
    '..%3f/victim',
    '..%23/victim',
    '%/victim',
    '..%3b/victim',
    '..%7f/victim',
  ],
  ...[
    '.\t./victim',
    '/\t/victim',
    '/victim',
    '/tenants/victim',
    '../victim',
    '/TENANT/victim',
    'http:\\\\victim.example/x',
    'javascript:alert(1)',
  ],
];

test.each(refused)('the endpoint %j gets neither the token nor a message', async (endpoint) => {
  const server = await older(endpoint);
  const { ask, end } = bridged(storeOf(server.origin + place));
  expect((await ask('initialize', hello)).error?.data?.code).toMatch(/url_refused|server_failed/);
  await end();
  expect(await visit(new URL(server.origin + place))).toBeInstanceOf(Error);
  expect(server.seen.map(({ url }) => url).filter((url) => url !== place)).toEqual([]);
});

test.each([
  'messages',
  'café/x',
  './messages/',
  '/tenant/messages?session=..%2f%2e;//x',
  '/tenant/caf%C3%A9/v1.2/a%20b',
  'messages/~x@y:1,2+3',
])('the endpoint %j next to the stream is used', async (endpoint) => {
  const server = await older(endpoint);
  const { ask, end } = bridged(storeOf(server.origin + place));
  expect((await ask('initialize', hello)).result).toMatchObject({ serverInfo: { name: 'old' } });
  await end();
  expect(await visit(new URL(server.origin + place))).toMatchObject({ serverName: 'old' });
});

test('what is in the server’s own address may be in that of its endpoint', () => {
  const target = new URL('https://h.example/tenant%2Fa;v=1/sse');
  expect(() => checkBelongsToServer(new URL('messages', target), { target, what: 'The endpoint' })).not.toThrow();
  expect(() => checkBelongsToServer(new URL('..%2fx', target), { target, what: 'The endpoint' })).toThrow('is not part of');
});
