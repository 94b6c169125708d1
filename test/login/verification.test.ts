/** The visit to the MCP server with a new token, in the protocol of 2025-11-25 and that of 2026-07-28. */
import { expect, test } from 'vitest';
import type { Exchange, Respond } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

/** A server of MCP 2026-07-28, which has no `initialize` and requires the method in the headers. */
const stateless =
  (answer: (id: unknown) => Respond): ((origin: string) => Exchange[]) =>
  (origin) => [
    {
      want: 'POST /mcp',
      respond: ({ headers, body }) => {
        if (headers['mcp-method'] !== body['method'] || headers['mcp-protocol-version'] !== '2026-07-28') return { status: 400 };
        if (headers.authorization !== 'Bearer access-1') {
          return { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } };
        }
        return answer(body['id']);
      },
    },
  ];

const many = Array.from({ length: 500 }, (_, at) => at);

const result = (id: unknown) => ({
  jsonrpc: '2.0',
  id,
  result: {
    tools: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'new', version: '2' } },
  },
});

test.each([
  { what: 'JSON', answer: (id: unknown): Respond => ({ json: result(id) }) },
  {
    what: 'an event',
    answer: (id: unknown): Respond => ({
      headers: { 'content-type': 'text/event-stream' },
      text: `event: message\ndata: ${JSON.stringify(result(id))}\n\n`,
    }),
  },
])('a server of MCP 2026-07-28 is found, logged in to and opened; it answers with $what', async ({ answer }) => {
  const server = await fakeServer(stateless(answer));
  const login = run(`login ${server.url} --no-browser --flow device`, { store: temporaryStore() });
  expect(await login.exit).toBe(0);
  expect(login.stderr).toContain('It is “new 2” and has 3 tools.');
});

test.each([{ json: { jsonrpc: '2.0', id: 0, error: { code: 1 } } }, { text: '<html>' }])(
  'an invalid response is reported, and the login is stored',
  async (respond) => {
    const server = await fakeServer(stateless(() => respond));
    const store = temporaryStore();
    const login = run(`login ${server.url} --no-browser --flow device --name fake`, { store });
    expect(await login.exit).toBe(0);
    expect(login.stderr).toContain('The token could not be tried');
    expect(readStore(store).mcpServers.fake.auth.token).toBe('access-1');
  },
);

test('a token that such a server rejects is not stored', async () => {
  const server = await fakeServer((origin) => [
    ...stateless(() => ({ status: 403, headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' } }))(origin),
  ]);
  const store = temporaryStore({});
  expect(await run(`login ${server.url} --no-browser --flow device`, { store }).exit).toBe(1);
  expect(readStore(store)).toEqual({});
});

const ping = (id: number) => ({ jsonrpc: '2.0', id: `p${id}`, method: 'ping' });
const introduction = (id: unknown) => ({
  ...{ jsonrpc: '2.0', id: String(id) },
  result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'old', version: '1' } },
});

test.each([
  {
    what: 'a list in JSON, none',
    answers: 0,
    respond: (id: unknown): Respond => ({ json: [...many.map(ping), introduction(id)] }),
  },
  {
    what: 'events, some',
    answers: 8,
    respond: (id: unknown): Respond => ({
      headers: { 'content-type': 'text/event-stream' },
      text: [...many.map(ping), introduction(id)].map((one) => `data: ${JSON.stringify(one)}\n\n`).join(''),
    }),
  },
])('requests of the server: in $what get a response', async ({ respond, answers }) => {
  const server = await fakeServer((origin) => [
    {
      want: 'POST /mcp',
      respond: ({ headers, body }) => {
        if (headers.authorization === undefined)
          return { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } };
        return body['method'] === 'initialize' ? respond(body['id']) : { status: 202 };
      },
    },
  ]);
  const login = run(`login ${server.url} --no-browser --flow device`, { store: temporaryStore() });
  expect(await login.exit).toBe(0);
  expect(login.stderr).toContain('It is “old 1” and has 0 tools.');
  expect(server.asked('POST /mcp').filter(({ body }) => 'result' in body)).toHaveLength(answers);
});
