/** What a server does once it has been given the token. */
import type { Respond } from '../../helpers/fake-server.js';
import { endless, type Places } from '../attacking-server.js';
import type { Attack } from './attack.js';

/** What an MCP server does once there is a token, by the method that it is asked. */
function opened(answers: Readonly<Record<string, Respond>>): NonNullable<Attack['change']> {
  return ({ origin }) => [
    {
      want: 'POST /mcp',
      respond: ({ headers, body }) => {
        if (headers.authorization === undefined)
          return { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } };
        return answers[String(body['method'])] ?? { status: 202 };
      },
    },
  ];
}
const answerTo = (id: unknown, result: unknown) => ({ jsonrpc: '2.0', id, result });
const introduction = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'evil', version: '1' } };
const introduced: Respond = ({ body }) => ({ json: answerTo(body['id'], introduction) });
const listed = (page: (cursor: unknown) => object): Respond => {
  return ({ body }) => ({ json: answerTo(body['id'], page((body['params'] as Record<string, unknown> | undefined)?.['cursor'])) });
};
const events = (text: string): Respond => ({ headers: { 'content-type': 'text/event-stream' }, text });
/** Each alternative adds to a program that is put together once more for each. */
const schema = { type: 'object', oneOf: Array.from({ length: 3000 }, (_, at) => ({ required: [`a${at}`] })) };

/** All of these have been approved: the login is stored, whatever comes of its trial. */
export const afterConsent: Attack[] = [
  {
    source: 'CWE-400',
    attack: 'a tool has a schema that takes hours to make a program of',
    change: opened({
      initialize: introduced,
      'tools/list': listed(() => ({ tools: [{ name: 'a', inputSchema: schema, outputSchema: schema }] })),
    }),
    says: /has 1 tool\./,
  },
  {
    source: 'MCP 2025-11-25 Pagination, CWE-835',
    attack: 'a server’s list of tools has always another page',
    change: opened({
      initialize: introduced,
      'tools/list': listed((cursor) => ({ tools: [{ name: 'a', inputSchema: { type: 'object' } }], nextCursor: `${String(cursor)}x` })),
    }),
    says: /has 100 tools\./,
  },
  {
    source: 'MCP 2025-11-25 Ping, CWE-770',
    attack: 'a server pings thousands of times in one answer',
    change: opened({
      initialize: events(Array.from({ length: 3000 }, (_, id) => `data: {"jsonrpc":"2.0","id":${id},"method":"ping"}\n\n`).join('')),
    }),
    says: /could not be tried: \S+ exceeded the limit of 2000 messages/,
  },
  {
    source: 'MCP 2025-11-25 Resumability and Redelivery, CWE-835',
    attack: 'a server’s stream ends at once, and is to be taken up at once, for ever',
    change: (at: Places) => [
      ...opened({ initialize: events('retry: 0\nid: 1\ndata:\n\n') })(at),
      { want: 'GET /mcp', respond: events('retry: 0\nid: 1\ndata:\n\n') },
    ],
    says: /could not be tried: \S+ exceeded the limit of 200 requests/,
  },
  {
    source: 'CWE-770',
    attack: 'a server says nothing, in an event stream without an end',
    change: opened({ initialize: endless('', `: ${'x'.repeat(65_536)}\n`, { 'content-type': 'text/event-stream' }) }),
    says: /could not be tried: \S+ exceeded the limit of 8 MiB/,
  },
].map((row) => ({ ...row, exit: 0, changesStore: true, leaves: /SECRET-access-token/ }));
