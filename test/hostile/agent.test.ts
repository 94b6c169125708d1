/** The agent among strangers: machines that it lends to, sockets that are not an agent's, other users, and MCP servers behind it. */
import { once } from 'node:events';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { RequestListener, ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { endpoints } from '../../src/agent/endpoints/index.js';
import { limits } from '../../src/agent/limits.js';
import { Questions } from '../../src/agent/questions.js';
import { Share } from '../../src/agent/share.js';
import { createServerHttp } from '../../src/bridge/server-http.js';
import { createCallbackUi } from '../../src/callback-ui.js';
import { createAgents } from '../../src/machine/agents.js';
import { systemClock } from '../../src/machine/clock.js';
import { createContext } from '../../src/machine/create-context.js';
import {
  connect,
  fakeAgent,
  folderOf,
  send,
  sendRaw,
  sharesFileOf,
  startAgent,
  type Answered,
  type Asked,
  type TestAgent,
} from '../helpers/agent.js';
import { steppedClock } from '../helpers/clock.js';
import { readStore, temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { friendly, type Exchange, type FakeServer } from '../helpers/fake-server.js';
import { listening } from '../helpers/listening.js';
import { loginAt } from '../helpers/login-at.js';
import { makeReachable, reachableFolder, type Reachable } from '../helpers/reachable.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';
import { start } from './starting.js';

/** Root on another machine, with a restricted socket for `demo` only, unless it asks for another one. */
interface Scene {
  readonly agent: TestAgent;
  /** The server that may be used. */
  readonly demo: FakeServer;
  /** The server of another login in the same store. */
  readonly secret: FakeServer;
  /** The restricted socket. */
  readonly socket: string;
  /** Sends a request over it, or over another one. */
  ask(target: string, asked?: Asked, socket?: string): Promise<Answered>;
}

interface AgentAttack {
  readonly source: string;
  readonly attack: string;
  readonly demo?: (origin: string) => Exchange[];
  readonly act: (scene: Scene) => Promise<void>;
}

const works: Exchange['respond'] = { json: { jsonrpc: '2.0', id: 1, result: {} } };
const message = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const asPost = (headers: Record<string, string> = {}): Asked => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: message,
});
const codeOf = ({ text }: Answered) => (JSON.parse(text) as { error?: { code: string } }).error?.code;
const toLogin = (server: string, more: object = {}): Asked => ({ method: 'POST', body: { server, ...more } });
const raw = (line: string, ...headers: string[]) => [line, 'host: x', ...headers, '', ''].join('\r\n');
const statusesOf = (text: string) => [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));

const entryOf = (server: FakeServer, name: string, changes: object = {}) => ({
  type: 'http',
  url: server.url,
  auth: loginAt(server, { token: `SECRET-token-of-${name}`, refresh_token: `SECRET-refresh-of-${name}`, ...changes }),
});

/** Changes an entry of the store as another program of the same user would. */
function changeEntry({ store, clock }: TestAgent, name: string, change: object): void {
  const document = readStore(store) as { mcpServers: Record<string, object> };
  document.mcpServers[name] = { ...document.mcpServers[name], ...change };
  writeFileSync(store, JSON.stringify(document), { mode: 0o600 });
  // An agent reads an entry again after a second.
  clock.advance(2_000);
}

/** Responses that a server has not ended. */
const held: ServerResponse[] = [];
let waiting: (() => void)[] = [];
const keep = (response: ServerResponse) => {
  held.push(response);
  for (const wake of waiting.splice(0)) wake();
};
/** Resolves to the response of this number, counted from 1. */
async function heldResponse(number: number): Promise<ServerResponse> {
  for (;;) {
    const response = held[number - 1];
    if (response !== undefined) return response;
    await new Promise<void>((resolve) => (waiting = [...waiting, resolve]));
  }
}
/** A stream that is begun and not ended. */
const hold: Exchange['respond'] = {
  writes: (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':held\n\n');
    keep(response);
  },
};

const otherNames: readonly AgentAttack[] = [
  {
    source: 'CWE-285',
    attack: 'another name than those that may be used',
    act: async ({ ask }) => {
      for (const [target, asked] of [
        ['/mcp/secret', asPost()],
        ['/mcp/secret', {}],
        ['/v1/servers/secret/headers', {}],
        ['/v1/servers/secret/headers', { method: 'POST', body: {} }],
      ] as const) {
        const answered = await ask(target, asked);
        expect([answered.status, codeOf(answered)]).toEqual([403, 'login_needed']);
      }
      const listed = await ask('/v1/servers');
      expect(listed.text).toContain('"demo"');
      expect(listed.text).not.toContain('secret');
    },
  },
  {
    source: 'CWE-22',
    attack: 'paths that lead elsewhere where they are normalised or decoded twice',
    act: async ({ socket }) => {
      const targets = [
        ...['/mcp/demo/../secret', '/mcp/demo%2f..%2fsecret', '/mcp/..%2fmcp%2fsecret', '/mcp//secret', '//mcp/secret', '/mcp/./secret'],
        ...['/mcp/secret%00', '/mcp/%00secret', '/mcp/%2573ecret', '/mcp/%73ecret', '/mcp/secret/', '/mcp/demo%00/../../secret'],
        ...['/mcp/demo;secret', '/mcp/demo,secret', '/mcp/secret?demo', '/mcp/secret#demo', '/mcp/demo%23/secret', '/mcp\\secret'],
        ...['/MCP/secret', '/mcp/%C0%AE%C0%AE', '/mcp/%', '/mcp/', '/mcp', '/', '', '?', '/mcp/__proto__', '/mcp/constructor'],
        ...['/mcp/DEMO', '/mcp/demo%20', '/mcp/%20demo', '/mcp/demo%0a', '/mcp/demo%2e', '/mcp/dem%C3%B6'],
      ];
      for (const target of targets) {
        const text = await sendRaw(socket, raw(`POST ${target} HTTP/1.1`, 'content-length: 0', 'connection: close'));
        expect([target, statusesOf(text).filter((status) => status < 400)]).toEqual([target, []]);
      }
    },
  },
  {
    source: 'CWE-22',
    attack: 'paths that are those of an owner’s endpoint where they are normalised',
    act: async ({ socket }) => {
      const targets = [
        ...['/v1/../v1/status', '/v1//status', '/v1/./status', '/v1/status/', '/v1/%73tatus', '/v1%2fstatus', '//v1/status', '/V1/status'],
        ...['/mcp/..%2f..%2fv1%2fstatus', '/v1/servers/../status', '/v1/status;x', '/v1/status%00', '\\v1\\status'],
      ];
      for (const target of targets) {
        const text = await sendRaw(socket, raw(`GET ${target} HTTP/1.1`, 'connection: close'));
        expect([target, statusesOf(text).filter((status) => status < 400), text.includes('"shares"')]).toEqual([target, [], false]);
      }
    },
  },
  {
    source: 'RFC 9112 section 3.2',
    attack: 'request targets in absolute form, in authority form, and *',
    act: async ({ socket, secret }) => {
      for (const line of [
        'GET http://x/v1/status HTTP/1.1',
        'GET http://x/mcp/secret HTTP/1.1',
        `GET ${secret.url} HTTP/1.1`,
        'GET x:80 HTTP/1.1',
        `CONNECT ${new URL(secret.url).host} HTTP/1.1`,
        'CONNECT /mcp/demo HTTP/1.1',
        'OPTIONS * HTTP/1.1',
        'OPTIONS /mcp/demo HTTP/1.1',
        'TRACE /mcp/demo HTTP/1.1',
        'PUT /mcp/demo HTTP/1.1',
        'PRI * HTTP/2.0',
        'GET /v1/status HTTP/9.9',
        'GET /v1/status',
      ]) {
        const text = await sendRaw(socket, raw(line, 'connection: close'));
        expect([line, statusesOf(text).filter((status) => status < 400)]).toEqual([line, []]);
      }
    },
  },
  {
    source: 'CWE-285',
    attack: 'every endpoint of the owner, by every method',
    act: async ({ ask, agent }) => {
      const owners = endpoints.filter(({ isOwners }) => isOwners === true);
      expect(owners.length).toBeGreaterThan(5);
      for (const { route } of owners) {
        const [method = '', path = ''] = route.split(' ');
        const answered = await ask(path.replace('NAME', '1'), {
          method,
          ...(method === 'POST' && { body: { host: 'evil', allow: true } }),
        });
        expect([route, answered.status, codeOf(answered)]).toEqual([route, 403, 'agent_refused']);
        for (const other of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((one) => one !== method)) {
          expect((await ask(path.replace('NAME', '1'), { method: other })).status).toBeGreaterThanOrEqual(400);
        }
      }
      expect((await agent.status()).shares).toHaveLength(1);
    },
  },
  {
    source: 'CWE-1321',
    attack: 'names of members that every object has, where all servers may be asked for',
    act: async ({ ask, agent }) => {
      const open = await agent.share({ host: 'other' });
      for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
        expect(codeOf(await ask(`/mcp/${name}`, asPost(), open))).toBe('login_needed');
        expect(codeOf(await ask('/v1/logins', toLogin(name), open))).toBe('usage');
      }
      expect(agent.questions).toEqual([]);
    },
  },
];

/** Request smuggling: what one side takes for a body, and the other for a request. */
const smuggled = 'GET /mcp/demo HTTP/1.1\r\nhost: x\r\n\r\n';
const chunked = `5\r\nhello\r\n0\r\n\r\n`;
const requests: readonly AgentAttack[] = [
  {
    source: 'RFC 9112 section 6.3',
    attack: 'requests whose end can be read in two ways: nothing of them reaches the server, and the connection is closed',
    act: async ({ socket, demo }) => {
      const before = demo.requests.length;
      for (const request of [
        raw('POST /mcp/demo HTTP/1.1', 'content-length: 5', 'transfer-encoding: chunked') + chunked + smuggled,
        raw('POST /mcp/demo HTTP/1.1', 'transfer-encoding: chunked', 'content-length: 5') + chunked + smuggled,
        raw('POST /mcp/demo HTTP/1.1', 'content-length: 5', 'content-length: 6') + `hello${smuggled}`,
        raw('POST /mcp/demo HTTP/1.1', 'content-length: +5') + `hello${smuggled}`,
        raw('POST /mcp/demo HTTP/1.1', 'content-length: 5,5') + `hello${smuggled}`,
        raw('POST /mcp/demo HTTP/1.1', 'content-length: -1') + smuggled,
        raw('POST /mcp/demo HTTP/1.1', 'transfer-encoding: xchunked') + chunked + smuggled,
        raw('POST /mcp/demo HTTP/1.1', 'transfer-encoding: chunked, identity') + chunked + smuggled,
        raw('POST /mcp/demo HTTP/1.1', 'transfer-encoding : chunked') + chunked + smuggled,
        raw('POST /mcp/demo HTTP/1.1', 'x: y', ' transfer-encoding: chunked') + chunked + smuggled,
        raw('POST /mcp/demo HTTP/1.1', 'transfer-encoding: chunked') + `5;\nx\r\nhello\r\n0\r\n\r\n${smuggled}`,
        raw('POST /mcp/demo HTTP/1.1', 'transfer-encoding: chunked') + `0x5\r\nhello\r\n0\r\n\r\n${smuggled}`,
        raw('POST /mcp/demo HTTP/1.1', 'transfer-encoding: chunked') + `fffffffffffffffff\r\nhello\r\n0\r\n\r\n${smuggled}`,
        `POST /mcp/demo HTTP/1.1\nhost: x\ncontent-length: 0\n\n${smuggled}`,
        raw('GET /mcp/demo HTTP/1.1', 'mcp-session-id: a\nauthorization: b'),
        raw('GET /mcp/demo HTTP/1.1', 'mcp-session-id: a\u0000b'),
        raw('GET /mcp/demo HTTP/1.1', 'mcp-session-id: a\rauthorization: b'),
      ]) {
        const text = await sendRaw(socket, request);
        expect([request, statusesOf(text).filter((status) => status < 400)]).toEqual([request, []]);
      }
      expect(demo.requests.length).toBe(before);
    },
  },
  {
    source: 'RFC 9112 section 9.3',
    attack: 'a request in the body of one that gets an error before it is read',
    act: async ({ socket, demo }) => {
      for (const target of ['/mcp/secret', '/v1/status', '/nothing']) {
        const head = raw(`POST ${target} HTTP/1.1`, `content-length: ${smuggled.length + 1}`);
        const text = await sendRaw(socket, head + smuggled);
        expect([target, statusesOf(text).length, text.includes('connection: close') || text.includes('Connection: close')]).toEqual([
          target,
          1,
          true,
        ]);
      }
      expect(demo.requests).toEqual([]);
    },
  },
  {
    source: 'CWE-770',
    attack: 'a second request before the first has its response: one connection has one request',
    demo: () => [
      { want: 'GET /mcp', respond: { writes: (response) => response.writeHead(200, { 'content-type': 'text/plain' }).write('.') } },
    ],
    act: async ({ socket, demo }) => {
      const connection = connect(socket);
      connection.write(raw('GET /mcp/demo HTTP/1.1').repeat(50));
      await connection.closed;
      expect(demo.requests.length).toBeLessThanOrEqual(1);
    },
  },
  {
    source: 'CWE-772',
    attack: 'connections that are dropped while a stream is open: the server’s side is closed, too',
    demo: () => [{ want: 'GET /mcp', respond: hold }],
    act: async ({ socket }) => {
      const connection = connect(socket);
      connection.write(raw('GET /mcp/demo HTTP/1.1'));
      await connection.shown('held');
      const closed = once(await heldResponse(1), 'close');
      connection.destroy();
      await closed;
      expect(held).toHaveLength(1);
    },
  },
  {
    source: 'CWE-93',
    attack: 'headers of the connection, of the login and of the user’s configuration: none reaches the server',
    act: async ({ ask, demo, agent }) => {
      changeEntry(agent, 'demo', { headers: { 'Mcp-Tenant': 'mine', 'X-Key': 'key' } });
      const headers = {
        ...{ authorization: 'Bearer evil', 'proxy-authorization': 'Basic evil', cookie: 'evil=1', host: 'evil.example', dpop: 'evil' },
        ...{ 'x-forwarded-for': 'evil', forwarded: 'for=evil', origin: 'https://evil.example', 'x-key': 'evil', 'mcp-tenant': 'evil' },
        ...{
          'mcp-auth-agent': 'evil',
          'mcp-auth-error': 'evil',
          'user-agent': 'evil',
          'x-http-method-override': 'DELETE-evil',
          te: 'evil',
        },
        ...{ 'mcp-session-id': 'session', 'mcp-protocol-version': '2025-06-18', 'last-event-id': '7', accept: 'application/json' },
      };
      expect((await ask('/mcp/demo', asPost(headers))).status).toBe(200);
      const sent = demo.asked('POST /mcp')[0]?.headers;
      expect(JSON.stringify(sent)).not.toContain('evil');
      expect(sent).toMatchObject({
        ...{ authorization: 'Bearer SECRET-token-of-demo', 'mcp-tenant': 'mine', 'x-key': 'key' },
        ...{ 'mcp-session-id': 'session', 'mcp-protocol-version': '2025-06-18', 'last-event-id': '7', accept: 'application/json' },
      });
    },
  },
  {
    source: 'RFC 9110 section 7.8',
    attack: 'Upgrade: there is no protocol but the lines of MCP, and no tunnel to the server',
    act: async ({ socket, demo }) => {
      const text = await sendRaw(
        socket,
        raw('GET /mcp/demo HTTP/1.1', 'upgrade: websocket', 'connection: upgrade, close', 'sec-websocket-key: x'),
      );
      expect(statusesOf(text)).toEqual([400]);
      expect(demo.requests).toEqual([]);
    },
  },
  {
    source: 'RFC 9110 section 10.1.1',
    attack: 'Expect: what must not be sent is refused all the same',
    act: async ({ socket, demo }) => {
      const length = 'content-length: 9';
      const text = await sendRaw(socket, raw('POST /mcp/secret HTTP/1.1', 'expect: 100-continue', length, 'connection: close'));
      expect(statusesOf(text).at(-1)).toBe(403);
      const other = await sendRaw(socket, raw('POST /mcp/demo HTTP/1.1', 'expect: evil', length, 'connection: close'));
      expect(statusesOf(other)).toEqual([417]);
      expect(demo.requests).toEqual([]);
    },
  },
  {
    source: 'CWE-770',
    attack: 'a head without end, and thousands of headers',
    act: async ({ socket, demo }) => {
      for (const request of [
        raw('GET /mcp/demo HTTP/1.1', `mcp-a: ${'a'.repeat(64 * 1024)}`),
        raw(`GET /mcp/${'a'.repeat(64 * 1024)} HTTP/1.1`),
        raw('GET /mcp/demo HTTP/1.1', ...Array.from({ length: 20_000 }, (_, index) => `mcp-${index}: a`)),
      ])
        expect(statusesOf(await sendRaw(socket, request)).filter((status) => status < 400)).toEqual([]);
      expect(demo.requests).toEqual([]);
    },
  },
  {
    source: 'CWE-770',
    attack: 'a message and a question that are larger than they may be, with and without their length',
    act: async ({ ask, socket, demo }) => {
      const large = await sendRaw(socket, raw('POST /mcp/demo HTTP/1.1', `content-length: ${limits.messageOctets + 1}`));
      expect(statusesOf(large)).toEqual([400]);
      const question = 'a'.repeat(limits.questionOctets + 1);
      expect((await ask('/v1/logins', { method: 'POST', body: question })).status).toBe(400);
      const part = `${question.length.toString(16)}\r\n${question}\r\n`;
      const unknown = await sendRaw(socket, raw('POST /v1/logins HTTP/1.1', 'transfer-encoding: chunked') + part);
      expect(statusesOf(unknown)).toEqual([400]);
      expect(demo.requests).toEqual([]);
    },
  },
  {
    source: 'CWE-770',
    attack: 'many large messages at once, to a server that does not respond: 64 MiB are the most, and another host has its own',
    demo: () => [{ want: 'POST /mcp', respond: { writes: keep } }],
    act: async ({ ask, socket, agent }) => {
      const body = 'a'.repeat(24 * 1024 * 1024);
      const first = connect(socket);
      const second = connect(socket);
      for (const [index, one] of [first, second].entries()) {
        one.write(raw('POST /mcp/demo HTTP/1.1', 'content-type: text/plain', `content-length: ${body.length}`));
        one.write(body);
        await heldResponse(index + 1);
      }
      // The agent still has them: it would send them again if the token were rejected.
      const third = await ask('/mcp/demo', { method: 'POST', body }).catch(() => undefined);
      expect(third === undefined ? 'agent_busy' : codeOf(third)).toBe('agent_busy');
      const other = connect(await agent.share({ host: 'other', only: ['demo'] }));
      other.write(raw('POST /mcp/demo HTTP/1.1', 'content-length: 1') + 'a');
      await heldResponse(3);
      for (const one of [first, second, other]) one.destroy();
    },
  },
  {
    source: 'CWE-770',
    attack: 'a message in parts of one octet, each of which needs far more memory',
    act: async ({ socket, demo }) => {
      const parts = '1\r\na\r\n'.repeat(10_000);
      const connection = connect(socket);
      connection.write(raw('POST /mcp/demo HTTP/1.1', 'transfer-encoding: chunked'));
      for (let count = 0; count < limits.messageOctetsAtOnce / limits.partOctets; count += 10_000) connection.write(parts);
      expect(statusesOf(await connection.received)).toEqual([429]);
      expect(demo.requests).toEqual([]);
    },
  },
  {
    source: 'CWE-770',
    attack: 'room for messages that is taken by requests which fail or break off: all of it comes back',
    act: async ({ ask, socket }) => {
      const size = 24 * 1024 * 1024;
      for (let count = 0; count < 4; count += 1) {
        const connection = connect(socket);
        connection.write(raw('POST /mcp/demo HTTP/1.1', `content-length: ${size + 1}`, 'expect: 100-continue'));
        await connection.shown('100 Continue');
        connection.write('a'.repeat(size));
        connection.destroy();
        await connection.closed;
      }
      expect((await ask('/mcp/demo', { ...asPost(), body: JSON.stringify('a'.repeat(size)) })).status).toBe(200);
    },
  },
  {
    source: 'CWE-770',
    attack: 'hundreds of connections: the user and other hosts still reach the agent',
    act: async ({ socket, agent }) => {
      const connections = Array.from({ length: limits.connections.restricted + 20 }, () => connect(socket));
      // Those beyond the limit are closed at once; the others wait for their request.
      let closed = 0;
      await new Promise<void>((resolve) => {
        for (const one of connections) {
          void one.closed.then(() => {
            closed += 1;
            if (closed === 20) resolve();
          });
        }
      });
      expect((await agent.status()).shares[0]?.connections).toBe(limits.connections.restricted);
      const other = await agent.share({ host: 'other', only: ['demo'] });
      expect((await send(other, '/mcp/demo', asPost())).status).toBe(200);
      for (const one of connections) one.destroy();
    },
  },
  {
    source: 'CWE-770',
    attack: 'more tokens in a minute than their limit',
    act: async ({ agent }) => {
      const lending = await agent.share({ host: 'other', only: ['demo'], lends_tokens: true });
      const statuses: number[] = [];
      for (let count = 0; count <= limits.tokensPerMinute; count += 1) {
        statuses.push((await send(lending, '/v1/servers/demo/headers')).status);
      }
      expect([statuses.filter((status) => status === 200).length, statuses.at(-1)]).toEqual([limits.tokensPerMinute, 429]);
    },
  },
];

const logins: readonly AgentAttack[] = [
  {
    source: 'CWE-203',
    attack: 'names and URLs of a login: no answer says what else is in the store, nor what it is called',
    act: async ({ ask, agent, secret }) => {
      const socket = await agent.share({ host: 'other', only: ['demo', 'absent', 'command'] });
      changeEntry(agent, 'command', { command: 'npx' });
      changeEntry(agent, 'keyed', { url: 'https://keyed.example/mcp', headers: { Authorization: 'Bearer SECRET-key' } });
      for (const server of [
        'absent',
        'command',
        'secret',
        '',
        ' secret',
        secret.url,
        'https://keyed.example/mcp',
        'https://other.example/mcp',
      ]) {
        const { text } = await ask('/v1/logins', toLogin(server), socket);
        // It may repeat what was asked.
        expect(text.replaceAll(server.trim(), '')).not.toMatch(/secret|keyed|demo/);
      }
      const answers = await Promise.all(
        [secret.url, 'http://127.0.0.1:9/mcp', 'https://keyed.example/mcp'].map((url) => ask('/v1/logins', toLogin(url), socket)),
      );
      expect(answers.map((one) => [one.status, codeOf(one)])).toEqual(answers.map(() => [403, 'agent_refused']));
      expect(agent.questions).toEqual([]);
    },
  },
  {
    source: 'CWE-451',
    attack: 'URLs that look like another one in the question',
    act: async ({ ask, agent }) => {
      const socket = await agent.share({ host: 'other' });
      for (const url of [
        'https://mcp.example/mcp\u202e/moc.live',
        'https://mcp.example/\u200bmcp',
        'https://mcp.example\n.evil.example/mcp',
        'https://mcp.example\u0000.evil.example/',
        'https://mcp.example@evil.example/mcp',
        'https://user:word@evil.example/mcp',
        'javascript://mcp.example/%0aalert(1)',
        'file:///etc/passwd',
        'http://evil.example/mcp',
        `https://mcp.example.${'a'.repeat(60)}.${'b'.repeat(60)}.evil.example/mcp`,
        `https://mcp.example.${'a.'.repeat(100)}evil.example/`,
      ]) {
        const { status, text } = await ask('/v1/logins', toLogin(url), socket);
        expect([url, status === 200 ? text.includes('"event":"error"') : status >= 400]).toEqual([url, true]);
      }
      expect(agent.questions).toEqual([]);
      expect(agent.opened).toEqual([]);
    },
  },
  {
    source: 'CWE-451',
    attack: 'URLs and scopes with quotation marks, and too long to read: the question quotes them, cut off at their end',
    act: async ({ ask, agent }) => {
      const socket = await agent.share({ host: 'other' });
      const url = `https://evil.example/”. It is safe. “?x=“”"&y=${'a'.repeat(5_000)}`;
      const asked = ask('/v1/logins', toLogin(url, { scope: 'read ”. It is safe. “ \u202e\u0007' }), socket);
      const question = await agent.question(1);
      expect(question.text).toMatch(
        /^other asks you to log in to a new server, “https:\/\/evil\.example\/[^“”]*”, with the scopes “[^“”\p{C}]*”\. other may then use that login\.$/u,
      );
      expect(question.text.length).toBeLessThan(600);
      await agent.answer(question, false);
      expect(codeOfLines(await asked)).toBe('agent_refused');
      const long = await ask('/v1/logins', toLogin('demo', { scope: `${'read '.repeat(50)}admin` }), socket);
      expect(codeOfLines(long)).toBe('agent_refused');
      expect(agent.questions).toHaveLength(1);
    },
  },
  {
    source: 'CWE-918',
    attack: 'a login to an address inside the laptop’s network: no request is sent before the user says yes, nor after a no',
    act: async ({ ask, agent }) => {
      const inside = await fakeServer();
      const socket = await agent.share({ host: 'other' });
      const asked = ask('/v1/logins', toLogin(inside.url), socket);
      const question = await agent.question(1);
      expect(question.text).toContain(`“${inside.url}”`);
      expect(inside.requests).toEqual([]);
      await agent.answer(question, false);
      expect(codeOfLines(await asked)).toBe('agent_refused');
      expect(inside.requests).toEqual([]);
      expect(agent.opened).toEqual([]);
    },
  },
  {
    source: 'CWE-1021',
    attack: 'a flood of questions: few wait, few come in an hour, and other hosts can ask',
    act: async ({ ask, agent }) => {
      const socket = await agent.share({ host: 'other' });
      const leaving = connect(socket);
      leaving.write(loginRequest('https://zero.example/mcp'));
      await agent.question(1);
      leaving.destroy();
      for (let count = 1; count < limits.loginsPerHour; count += 1) {
        connect(socket).write(loginRequest(`https://n${count}.example/mcp`));
        await agent.question(count + 1);
      }
      expect(codeOfLines(await ask('/v1/logins', toLogin('https://more.example/mcp'), socket))).toBe('agent_busy');
      agent.clock.advance(60_000);
      expect(codeOfLines(await ask('/v1/logins', toLogin('https://more.example/mcp'), socket))).toBe('agent_busy');
      // A second socket of the same host is no second host.
      const again = await agent.share({ host: 'other', lasting: true, only: undefined });
      connect(again).write(loginRequest('https://again.example/mcp'));
      await agent.question(limits.loginsPerHour + 1);
      const third = await agent.share({ host: 'third' });
      connect(third).write(raw('POST /mcp/demo HTTP/1.1', 'content-length: 0'));
      const question = await agent.question(limits.loginsPerHour + 2);
      expect(question.host).toBe('third');
    },
  },
  {
    source: 'CWE-770',
    attack: 'more questions of one host than may wait',
    act: async ({ ask, agent, demo }) => {
      const socket = await agent.share({ host: 'other' });
      const auth = loginAt(demo, { token: 'SECRET' });
      for (let count = 0; count <= limits.questionsOfHost; count += 1)
        changeEntry(agent, `n${count}`, { url: `${demo.origin}/${count}`, auth });
      for (let count = 0; count < limits.questionsOfHost; count += 1) {
        connect(socket).write(raw(`POST /mcp/n${count} HTTP/1.1`, 'content-length: 0'));
        await agent.question(count + 1);
      }
      expect(codeOf(await ask(`/mcp/n${limits.questionsOfHost}`, asPost(), socket))).toBe('agent_busy');
      const other = await agent.share({ host: 'third' });
      connect(other).write(raw('POST /mcp/demo HTTP/1.1', 'content-length: 0'));
      expect((await agent.question(limits.questionsOfHost + 1)).host).toBe('third');
    },
  },
  {
    source: 'CWE-285',
    attack: 'a question whose answer the remote machine gives itself, or asks for again after a no',
    act: async ({ ask, agent, demo }) => {
      const socket = await agent.share({ host: 'other' });
      const first = ask('/mcp/demo', asPost(), socket);
      const question = await agent.question(1);
      expect(codeOf(await ask(`/v1/questions/${question.id}`, { method: 'POST', body: { allow: true } }, socket))).toBe('agent_refused');
      await agent.answer(question, false);
      expect(codeOf(await first)).toBe('agent_refused');
      for (let count = 0; count < 3; count += 1) expect(codeOf(await ask('/mcp/demo', asPost(), socket))).toBe('agent_refused');
      expect(agent.questions).toHaveLength(1);
      expect(demo.requests).toEqual([]);
    },
  },
  {
    source: 'CWE-441',
    attack: 'a yes to one server, after its name was given to another URL: the user is asked again',
    act: async ({ ask, agent }) => {
      const socket = await agent.share({ host: 'other' });
      const first = ask('/mcp/demo', asPost(), socket);
      await agent.answer(await agent.question(1), true);
      expect((await first).status).toBe(200);
      const moved = await fakeServer(() => [{ want: 'POST /mcp', respond: works }]);
      changeEntry(agent, 'demo', entryOf(moved, 'demo'));
      const second = ask('/mcp/demo', asPost(), socket);
      const question = await agent.question(2);
      expect(question.text).toContain(moved.url);
      await agent.answer(question, false);
      expect(codeOf(await second)).toBe('agent_refused');
      expect(moved.requests).toEqual([]);
    },
  },
  {
    source: 'CWE-441',
    attack: 'a message for the URL that a machine has seen in the list, after its name was given to another URL',
    act: async ({ ask, agent }) => {
      const other = await fakeServer(() => [{ want: 'POST /mcp', respond: works }]);
      const { servers } = JSON.parse((await ask('/v1/servers')).text) as { servers: { url: string }[] };
      const seen = { 'mcp-auth-server': encodeURIComponent(servers[0]?.url ?? '') };
      expect((await ask('/mcp/demo', asPost(seen))).status).toBe(200);
      changeEntry(agent, 'demo', entryOf(other, 'demo'));
      for (const headers of [seen, { 'mcp-auth-server': '%' }]) {
        expect(codeOf(await ask('/mcp/demo', asPost(headers)))).toBe('agent_refused');
      }
      expect(other.requests).toEqual([]);
    },
  },
  {
    source: 'CWE-367',
    attack: 'a token that is asked for while its name is given to another server',
    act: async ({ ask, agent }) => {
      const socket = await agent.share({ host: 'other', lends_tokens: true });
      const asked = ask('/v1/servers/demo/headers', {}, socket);
      const question = await agent.question(1);
      const other = await fakeServer();
      changeEntry(agent, 'demo', entryOf(other, 'other'));
      await agent.answer(question, true);
      expect(codeOf(await asked)).toBe('agent_refused');
    },
  },
  {
    source: 'CWE-285',
    attack: 'a login that the user has allowed and then leaves: the login that was stored before stays as it is',
    demo: friendly,
    act: async ({ agent }) => {
      const socket = await agent.share({ host: 'other' });
      const before = JSON.stringify(readStore(agent.store));
      const connection = connect(socket);
      connection.write(loginRequest('demo'));
      await agent.answer(await agent.question(1), true);
      const text = await connection.shown('agent_approving');
      expect(agent.opened).toHaveLength(1);
      // The address would log the laptop in to an account of the other side.
      expect(text).not.toMatch(/authorize|state=|code_challenge/);
      connection.destroy();
      // Nor may it be used without another question.
      const used = connect(socket);
      used.write(raw('POST /mcp/demo HTTP/1.1', 'content-length: 0'));
      expect((await agent.question(2)).text).toContain('asks to use your login to demo');
      await agent.stop();
      expect(JSON.stringify(readStore(agent.store))).toBe(before);
    },
  },
  {
    source: 'CWE-601',
    attack: 'a login to a URL that redirects to another host after the yes',
    act: async ({ agent, secret }) => {
      const evil = await fakeServer(() => [{ want: 'POST /mcp', respond: { status: 307, headers: { location: secret.url } } }]);
      const socket = await agent.share({ host: 'other' });
      const connection = connect(socket);
      connection.write(loginRequest(evil.url));
      await agent.answer(await agent.question(1), true);
      await connection.shown('agent_approving');
      // It stays a login to the URL that the user has seen.
      const [opened] = agent.opened.map((one) => new URL(one));
      expect([opened?.origin, opened?.searchParams.get('resource')]).toEqual([evil.origin, evil.url]);
      connection.destroy();
      await agent.stop();
      expect(Object.keys((readStore(agent.store) as { mcpServers: object }).mcpServers)).toEqual(['demo', 'secret']);
    },
  },
];

const codeOfLines = ({ text, ...rest }: Answered) => codeOf({ ...rest, text: '{}' }) ?? /"code":"(\w+)"/.exec(text)?.[1];
const loginRequest = (server: string) => {
  const body = JSON.stringify({ server });
  return raw('POST /v1/logins HTTP/1.1', `content-length: ${body.length}`) + body;
};

const ends: readonly AgentAttack[] = [
  {
    source: 'CWE-613',
    attack: 'a stream, an idle connection and a question that stay open when the share is revoked',
    demo: () => [{ want: 'GET /mcp', respond: hold }],
    act: async ({ agent, socket }) => {
      const [stream, idle, silent] = [connect(socket), connect(socket), connect(socket)];
      idle.write(raw('GET /v1 HTTP/1.1'));
      await idle.shown('lends_tokens');
      stream.write(raw('GET /mcp/demo HTTP/1.1'));
      await stream.shown('held');
      silent.write('GET');
      const upstream = once(await heldResponse(1), 'close');
      expect(JSON.parse((await agent.revoke('devbox')).text)).toEqual({ ended: 1 });
      await Promise.all([stream.closed, idle.closed, silent.closed, upstream]);
      await expect(send(socket, '/v1')).rejects.toThrow(/ENOENT|ECONNREFUSED/);
      expect(existsSync(sharesFileOf(agent))).toBe(false);
    },
  },
  {
    source: 'CWE-613',
    attack: 'a stream that stays open when the time of the share is over',
    demo: () => [{ want: 'GET /mcp', respond: hold }],
    act: async ({ agent }) => {
      const socket = await agent.share({ host: 'other', only: ['demo'], life_seconds: 3600 });
      const stream = connect(socket);
      stream.write(raw('GET /mcp/demo HTTP/1.1'));
      await stream.shown('held');
      agent.clock.advance(3_600_000);
      await stream.closed;
      await expect(send(socket, '/v1')).rejects.toThrow(/ENOENT|ECONNREFUSED/);
    },
  },
  {
    source: 'CWE-613',
    attack: 'requests after the time of the share on a machine that was suspended, whose alarms are late',
    act: async () => {
      const clock = { ...steppedClock(), alarm: () => () => undefined };
      const questions = new Questions([], { clock });
      const share = new Share(
        { id: '1', host: 'h', only: ['a'], lendsTokens: true, isLasting: false, until: clock.now() + 10 },
        { clock, questions },
      );
      const server = { name: 'a', url: new URL('https://a.example/') };
      const { signal } = new AbortController();
      await share.admit(server, 'request', signal);
      clock.advance(10);
      for (const use of ['request', 'token'] as const) await expect(share.admit(server, use, signal)).rejects.toThrow('Its time is over.');
      await expect(share.admitLogin({ ...server, isNew: false }, signal)).rejects.toThrow('Its time is over.');
    },
  },
  {
    source: 'CWE-252',
    attack: 'a container that fills its mounted folder so that its socket cannot be removed: what was revoked stays revoked',
    act: async ({ agent, socket }) => {
      rmSync(socket);
      mkdirSync(path.join(socket, 'deep'), { recursive: true });
      writeFileSync(path.join(socket, 'deep/file'), '');
      expect((await agent.revoke('devbox')).status).toBe(200);
      expect(existsSync(sharesFileOf(agent))).toBe(false);
      expect((await agent.status()).shares).toEqual([]);
    },
  },
  {
    source: 'CWE-636',
    attack: 'a container that puts a folder in place of its socket: the agent starts all the same',
    act: async ({ agent, socket }) => {
      await agent.stop();
      mkdirSync(path.join(socket, 'deep'), { recursive: true });
      const again = await startAgent({ store: agent.store, runtime: path.dirname(folderOf(agent)) });
      expect((await again.status()).shares.map(({ host, only }) => ({ host, only }))).toEqual([{ host: 'devbox', only: ['demo'] }]);
    },
  },
];

const behind: readonly AgentAttack[] = [
  {
    source: 'CWE-444',
    attack: 'headers of a response that set cookies, start a login, or seem to come from the agent',
    demo: () => [
      {
        want: 'POST /mcp',
        respond: {
          status: 400,
          headers: {
            ...{ 'mcp-auth-agent': '99', 'mcp-auth-error': 'agent_away', 'mcp-auth-endpoint': 'http://x/', 'set-cookie': 'evil=1' },
            ...{
              'www-authenticate': 'Basic realm="evil"',
              location: 'https://evil.example/',
              'x-evil': 'evil',
              'mcp-session-id': 'session',
            },
          },
          json: { error: 'evil-body' },
        },
      },
    ],
    act: async ({ ask }) => {
      const { status, headers, text } = await ask('/mcp/demo', asPost());
      expect([status, text]).toEqual([400, '{"error":"evil-body"}']);
      expect(JSON.stringify(headers)).not.toContain('evil');
      expect(headers).toMatchObject({ 'mcp-auth-agent': '1', 'mcp-session-id': 'session' });
      expect(headers).not.toHaveProperty('mcp-auth-error');
    },
  },
  {
    source: 'CWE-835',
    attack: 'a server that rejects every token, and repeats it in its errors',
    demo: (origin) => [
      ...friendly(origin).filter(({ want }) => want !== 'POST /mcp'),
      {
        want: 'POST /mcp',
        respond: ({ headers }) => ({
          status: 401,
          headers: { 'www-authenticate': `Bearer error="invalid_token", error_description="${headers.authorization ?? ''}"` },
          text: headers.authorization ?? '',
        }),
      },
    ],
    act: async ({ ask, demo }) => {
      for (let count = 0; count < 5; count += 1) {
        const answered = await ask('/mcp/demo', asPost());
        expect(answered.status).toBe(codeOf(answered) === 'token_refused' ? 500 : 403);
        expect(answered.text).not.toMatch(/SECRET|access-1/);
      }
      expect(demo.asked('POST /token').length).toBeLessThanOrEqual(2);
    },
  },
  {
    source: 'CWE-601',
    attack: 'a server that redirects a request to another host, or to another path of its own',
    demo: (origin) => [
      { want: 'POST /mcp', respond: { status: 307, headers: { location: `${origin.replace('127.0.0.1', 'localhost')}/mcp` } } },
      { want: 'POST /mcp', respond: { status: 307, headers: { location: '/admin/..%2fmcp' } } },
      { want: 'POST /mcp', respond: { status: 302, headers: { location: '/other' } } },
      { want: 'POST /mcp', respond: { status: 307, headers: { location: '//evil.example/mcp' } } },
    ],
    act: async ({ ask, demo }) => {
      for (let count = 0; count < 4; count += 1) expect(codeOf(await ask('/mcp/demo', asPost()))).toBe('server_failed');
      expect(demo.requests.every(({ line }) => line === 'POST /mcp')).toBe(true);
    },
  },
  {
    source: 'CWE-918',
    attack: 'addresses for messages that the server has not named, or that are not the server’s own',
    demo: (origin) => [
      {
        want: 'GET /mcp',
        respond: {
          headers: { 'content-type': 'text/event-stream' },
          text: `event: endpoint\ndata: http://localhost:${new URL(origin).port}/x\n\n`,
        },
      },
      {
        want: 'GET /mcp',
        respond: { headers: { 'content-type': 'text/event-stream' }, text: 'event: endpoint\ndata: /messages?id=1\n\n' },
      },
      { want: 'POST /messages', respond: works },
    ],
    act: async ({ ask, demo }) => {
      const at = (url: string) => ask('/mcp/demo', asPost({ 'mcp-auth-endpoint': url }));
      const urls = [
        ...[`${demo.origin}/messages?id=1`, `${demo.origin}/admin`, `${demo.origin.replace('127.0.0.1', 'localhost')}/x`],
        ...['http://127.0.0.1:9/', 'https://evil.example/mcp', 'file:///etc/passwd', '/messages?id=1', '', `${demo.url}/../admin`],
      ];
      for (const url of urls) expect([url, codeOf(await at(url))]).toEqual([url, 'url_refused']);
      await ask('/mcp/demo');
      for (const url of urls) expect([url, codeOf(await at(url))]).toEqual([url, 'url_refused']);
      await ask('/mcp/demo');
      expect((await at(`${demo.origin}/messages?id=1`)).status).toBe(200);
      expect((await at(`${demo.origin}/messages?id=2`)).status).toBe(403);
      expect(new Set(demo.requests.map(({ line }) => line))).toEqual(new Set(['GET /mcp', 'POST /messages']));
    },
  },
  {
    source: 'CWE-209',
    attack: 'a server that does not respond: the error has no key of its URL',
    act: async ({ ask, agent }) => {
      changeEntry(agent, 'demo', {
        url: 'http://127.0.0.1:9/mcp/SECRETkey0123456789abcdef?key=SECRET',
        auth: { type: 'bearer', token: 'SECRET-token', expires_at: 4_000_000_000 },
      });
      const answered = await ask('/mcp/demo', asPost());
      expect([answered.status, codeOf(answered)]).toEqual([502, 'network_error']);
      expect((await ask('/v1/servers')).text).toContain('http://127.0.0.1:9/mcp/');
    },
  },
  {
    source: 'CWE-20',
    attack: 'a status that no response may have: the connection to the server is closed',
    act: async ({ ask, agent }) => {
      const closed: Promise<unknown>[] = [];
      const evil = await listening(
        createTcpServer((socket: Socket) => {
          closed.push(once(socket, 'close'));
          socket.on('error', () => undefined).on('data', () => socket.write('HTTP/1.1 099 Evil\r\ncontent-length: 100000\r\n\r\nevil'));
        }),
      );
      changeEntry(agent, 'demo', { url: `${evil.origin}/mcp`, auth: { type: 'bearer', token: 'SECRET', expires_at: 4_000_000_000 } });
      const { status } = await ask('/mcp/demo', asPost());
      expect(status).toBe(502);
      await Promise.all(closed);
    },
  },
];

const attacks: readonly AgentAttack[] = [...otherNames, ...requests, ...logins, ...ends, ...behind];

/** One source: an RFC with its section, or the number of a known weakness. */
const publicSource = /^(RFC \d{4} section \d+(\.\d+)*|CWE-\d+)$/;

test('each row has its source, and no two are alike', () => {
  expect(new Set(attacks.map(({ attack }) => attack)).size).toBe(attacks.length);
  for (const { source } of attacks) expect(source).toMatch(publicSource);
});

test.each(attacks)('$attack ($source)', async ({ act, demo: change }) => {
  held.length = 0;
  const demo = await fakeServer((origin) => {
    const changed = change?.(origin) ?? [];
    return changed.some(({ want }) => want === 'POST /mcp') ? changed : [...changed, { want: 'POST /mcp', respond: works }];
  });
  const secret = await fakeServer(() => [{ want: 'POST /mcp', respond: works }]);
  const store = temporaryStore({ mcpServers: { demo: entryOf(demo, 'demo'), secret: entryOf(secret, 'secret') } });
  const agent = await startAgent({ store });
  const socket = await agent.share({ only: ['demo'] });
  const received: string[] = [];
  const ask: Scene['ask'] = async (target, asked, at = socket) => {
    const answered = await send(at, target, asked);
    received.push(answered.text, JSON.stringify(answered.headers));
    return answered;
  };
  await act({ agent, demo, secret, socket, ask });
  expect(received.join('\n')).not.toContain('SECRET');
  expect(secret.requests).toEqual([]);
});

/** What a hostile process at a socket may answer, and what a command of this machine makes of it. */
interface SocketAttack {
  readonly source: string;
  readonly attack: string;
  readonly answers: Record<string, object> | RequestListener;
  readonly commands: readonly string[];
  readonly act: (ran: Ran) => void;
}

interface Ran {
  readonly exits: readonly number[];
  readonly output: string;
  readonly requests: readonly string[];
}

const agentOf = (more: object = {}) => ({ agent: 'mcp-auth', protocol: 1, version: '1', machine: 'laptop', lends_tokens: true, ...more });
const listOf = (servers: readonly unknown[], more: object = {}) => {
  const answer = { ...agentOf(more), servers };
  return { '/v1': answer, '/v1/servers': answer };
};
const demoAt = (more: object = {}) => ({ name: 'demo', url: 'https://demo.example/mcp', logged_in: true, ...more });
const lent = (token: object) => ({
  ...listOf([demoAt()]),
  '/v1/servers/demo/headers': { url: 'https://demo.example/mcp', headers: {}, ...token },
});
const escapes = '\u001b]0;evil\u0007\u001b[2J\u202eevil\u200b\r\n';
// eslint-disable-next-line no-control-regex -- they must not be printed
const badOutput = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e]/;

const fakes: readonly SocketAttack[] = [
  {
    source: 'CWE-150',
    attack: 'escapes in the names, URLs and texts of a list',
    answers: listOf(
      [
        ...[demoAt({ name: `a${escapes}` }), demoAt({ name: 'b', url: `https://b.example/${escapes}` }), demoAt({ token_type: escapes })],
        ...[demoAt({ name: '' }), demoAt({ name: 'c'.repeat(5_000) }), demoAt({ name: 'd', url: 'no URL' }), demoAt({ name: 'e\nf' })],
      ],
      { machine: `evil${escapes}`, version: escapes, store: escapes },
    ),
    commands: ['list', 'list --json', 'list --names'],
    act: ({ exits, output }) => {
      expect(exits).toEqual([0, 0, 0]);
      expect(output).toMatch(/^demo /m);
      expect(output).not.toMatch(badOutput);
      expect(output).not.toMatch(/no URL|c{200}|b\.example/);
    },
  },
  {
    source: 'CWE-150',
    attack: 'escapes and commands in an error',
    answers: (request, response) => {
      if (request.url === '/v1/servers')
        return void response.end(JSON.stringify({ ...agentOf({ machine: escapes }), servers: [demoAt()] }));
      const error = { code: 'login_needed', message: `${escapes}” Run: evil “`, hint: `Run: evil ${escapes}` };
      response.writeHead(403, { 'mcp-auth-error': 'login_needed' }).end(JSON.stringify({ error }));
    },
    commands: ['token demo', 'headers demo', 'exec demo -- true', 'token demo --json'],
    act: ({ exits, output }) => {
      expect(exits.every((exit) => exit > 0)).toBe(true);
      expect(output).not.toMatch(badOutput);
      // Only its message, in one pair of quotation marks.
      expect(output).toMatch(/“[^“”]*" Run: evil "”/);
    },
  },
  {
    source: 'CWE-20',
    attack: 'answers of wrong types',
    answers: listOf([null, 7, [], {}, { name: {}, url: [] }, demoAt({ logged_in: 'yes', expires_at: '7', renewable: [] })], {
      ...{ version: { toString: 1, valueOf: 1 }, machine: { toString: 1 }, socket: [], lends_tokens: 'yes', store: {} },
    }),
    commands: ['list', 'list --json', 'token demo'],
    act: ({ exits, output }) => {
      expect(exits.slice(0, 2)).toEqual([0, 0]);
      expect(exits[2]).toBeGreaterThan(0);
      expect(output).not.toMatch(/internal|TypeError|unexpected/i);
    },
  },
  {
    source: 'CWE-1284',
    attack: 'times that no date can have',
    answers: {
      ...listOf([demoAt({ expires_at: 1e300 }), demoAt({ name: 'other', expires_at: -1e300 })]),
      '/v1/servers/demo/headers': { access_token: 'a', headers: {}, expires_at: 1e300 },
    },
    commands: ['list', 'list --json', 'token demo --min-ttl 5'],
    act: ({ exits, output }) => {
      expect(exits.slice(0, 2)).toEqual([0, 0]);
      expect(exits[2]).toBeGreaterThan(0);
      expect(output).not.toMatch(/1e\+?300|NaN|Infinity|Invalid/);
    },
  },
  {
    source: 'CWE-674',
    attack: 'thousands of levels, and thousands of servers',
    answers: ({ url }, response) => {
      if (url === '/v1') return void response.end(`{"agent":${'['.repeat(100_000)}`);
      const servers = Array.from({ length: 20_000 }, (_, index) => demoAt({ name: `n${index}` }));
      response.end(JSON.stringify({ ...agentOf(), servers, deep: JSON.parse(`${'['.repeat(60)}${']'.repeat(60)}`) as unknown }));
    },
    commands: ['list --names'],
    act: ({ exits, output }) => {
      expect(exits).toEqual([0]);
      expect(output.trim().split('\n')).toHaveLength(1000);
    },
  },
  {
    source: 'CWE-770',
    attack: 'a response without end',
    answers: (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(' '.repeat(64 * 1024)));
      };
      response.on('drain', more);
      more();
    },
    commands: ['list'],
    act: ({ exits, output }) => {
      expect(exits).toEqual([0]);
      expect(output).toContain('a response that mcp-auth does not understand');
    },
  },
  {
    source: 'CWE-770',
    attack: 'a head without end',
    answers: (request) => void request.socket.write(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(200_000)}`),
    commands: ['list'],
    act: ({ exits, output }) => {
      expect(exits).toEqual([0]);
      expect(output).toContain('The agent at');
    },
  },
  {
    source: 'CWE-441',
    attack: 'a server that is not an agent, and a redirect',
    answers: (_, response) => {
      response.removeHeader('mcp-auth-agent');
      response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end();
    },
    commands: ['list', 'token demo'],
    act: ({ exits, requests }) => {
      expect(exits[0]).toBe(0);
      expect(exits[1]).toBeGreaterThan(0);
      expect(new Set(requests)).toEqual(new Set(['GET /v1/servers']));
    },
  },
  ...[
    { access_token: 'a', headers: { Authorization: 'Bearer a\r\nHost: evil.example' } },
    { access_token: 'a', headers: { 'X-Evil: y\r\nHost': 'evil' } },
    { access_token: `a${escapes}`, headers: {} },
    { access_token: 'a', headers: { 'X-Evil': 7 } },
    { access_token: ['a'], headers: {} },
    { access_token: 'a', headers: {}, url: 'https://demo.example/${HOME}' },
  ].map((token): SocketAttack => ({
    source: 'CWE-93',
    attack: `a lent token that would end a line, or is none: ${JSON.stringify(token)}`,
    answers: lent(token),
    commands: ['token demo', 'token demo --json', 'headers demo', 'exec demo -- true'],
    act: ({ exits, output }) => {
      expect(exits.every((exit) => exit > 0)).toBe(true);
      expect(output).not.toMatch(/evil/i);
    },
  })),
  {
    source: 'CWE-441',
    attack: 'a lent token of another URL: no headers for the URL that was asked',
    answers: lent({ url: 'https://evil.example/mcp', access_token: 'EVIL', headers: { Authorization: 'Bearer EVIL' } }),
    commands: ['headers --url https://demo.example/mcp'],
    act: ({ exits, output }) => {
      expect(exits[0]).toBeGreaterThan(0);
      expect(output).not.toContain('EVIL');
    },
  },
  {
    source: 'CWE-526',
    attack: 'a URL with a variable, which would be filled with a secret of this machine',
    answers: listOf([
      demoAt({ url: 'http://127.0.0.1:9/${MY_SECRET}' }),
      demoAt({ name: 'query', url: 'http://127.0.0.1:9/?k=${MY_SECRET}' }),
    ]),
    commands: ['bridge demo --no-login', 'bridge query --no-login', 'list'],
    act: ({ exits, output }) => {
      expect(exits).toEqual([2, 2, 0]);
      expect(output).not.toMatch(/SECRET|127\.0\.0\.1/);
    },
  },
];

test.each(fakes)('$attack ($source)', async ({ answers, commands, act, source }) => {
  expect(source).toMatch(publicSource);
  const { socket, requests } = await fakeAgent(answers);
  const env = { MCP_AUTH_SOCK: socket, MY_SECRET: 'SECRET' };
  let output = '';
  const exits: number[] = [];
  for (const command of commands) {
    const ran = run(command, { store: temporaryStore(), agents: true, env });
    exits.push(await ran.exit);
    output += `${ran.stdout}\n${ran.stderr}\n`;
  }
  act({ exits, output, requests });
});

test('a name that another agent has for another URL gets no message for this one (CWE-441)', async () => {
  const server = await fakeServer(() => [{ want: 'POST /mcp', respond: works }]);
  const { socket, requests } = await fakeAgent(listOf([demoAt()]));
  const variables = { MCP_AUTH_SOCK: socket, MCP_AUTH_STORE: temporaryStore() };
  const env = { variables, platform: process.platform, folder: '/', program: ['/usr/bin/node'], exists: () => false };
  const context = createContext({
    ...{ clock: systemClock, signal: new AbortController().signal, env, agents: createAgents(env) },
    ...{ ui: createCallbackUi({}), runProgram: () => Promise.resolve(0) },
  });
  const http = createServerHttp({ name: 'demo', url: new URL(server.url) }, context);
  const { status } = await http.open({ method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
  expect([status, server.requests.length]).toEqual([200, 1]);
  expect(requests.filter((one) => one.includes('/mcp/'))).toEqual([]);
});

describe('other users of the laptop', () => {
  const modeOf = (file: string) => statSync(file).mode & 0o777;
  const store = () => temporaryStore({ mcpServers: {} });

  test('every folder and socket can be used by this user only, also where their folder was open (CWE-732)', async () => {
    const runtime = temporaryFolder();
    const before = process.umask(0);
    onTestFinished(() => void process.umask(before));
    const agent = await startAgent({ store: store(), runtime });
    const shared = await agent.share();
    const file = sharesFileOf(agent);
    expect([agent.socket, shared, file].map(modeOf)).toEqual([0o600, 0o600, 0o600]);
    expect([folderOf(agent), path.dirname(shared), path.dirname(path.dirname(shared))].map(modeOf)).toEqual([0o700, 0o700, 0o700]);
  });

  test.each([
    ['a link', (folder: string) => symlinkSync(temporaryFolder(), folder)],
    [
      'a folder that others can write',
      (folder: string) => {
        mkdirSync(folder);
        chmodSync(folder, 0o777);
      },
    ],
    ['a file', (folder: string) => writeFileSync(folder, '')],
  ])('%s in place of the folder: another one is used (CWE-379)', async (_, plant) => {
    const runtime = temporaryFolder();
    const home = temporaryFolder();
    plant(path.join(runtime, 'mcp-auth'));
    const agent = await startAgent({ store: store(), runtime, variables: { HOME: home } });
    expect(agent.socket.startsWith(path.join(runtime, ''))).toBe(false);
    // A client does not look there, either.
    const agents = createAgents({ variables: { XDG_RUNTIME_DIR: runtime, HOME: home }, platform: 'linux' });
    expect(agents?.list().filter((one) => one.path.startsWith(runtime))).toEqual([]);
  });

  test('a link in place of the socket: it is replaced, and its target stays (CWE-59)', async () => {
    const runtime = temporaryFolder();
    const target = path.join(temporaryFolder(), 'target');
    writeFileSync(target, 'mine');
    mkdirSync(path.join(runtime, 'mcp-auth'), { mode: 0o700 });
    // The name of the socket depends on the path of the store.
    const first = await startAgent({ store: store(), runtime });
    await first.stop();
    symlinkSync(target, first.socket);
    const second = await startAgent({ store: first.store, runtime });
    expect(lstatSync(second.socket).isSocket()).toBe(true);
    expect(readFileSync(target, 'utf8')).toBe('mine');
  });

  test.each([
    ['no JSON', '\u0000{'],
    ['lists of wrong types', JSON.stringify({ shares: [7, null, { host: 7 }, { host: 'a', only: 'demo' }, { host: 'b', only: [7] }] })],
    ['a time that is over', JSON.stringify({ shares: [{ host: 'c', until: 1 }] })],
    ['no list', JSON.stringify({ shares: { host: 'd' } })],
  ])('the file of what is shared has %s: nothing is shared (CWE-20)', async (_, text) => {
    const file = store();
    writeFileSync(`${file}.shares`, text, { mode: 0o600 });
    const agent = await startAgent({ store: file });
    expect((await agent.status()).shares).toEqual([]);
  });

  test('the file of what is shared is a link, or a pipe that is never written: nothing is shared (CWE-59)', async () => {
    for (const plant of [
      (file: string) => {
        const target = path.join(temporaryFolder(), 'target');
        writeFileSync(target, JSON.stringify({ shares: [{ host: 'evil' }] }));
        symlinkSync(target, file);
      },
      (file: string) => spawnSync('mkfifo', [file]),
    ]) {
      const file = store();
      plant(`${file}.shares`);
      const agent = await startAgent({ store: file });
      expect((await agent.status()).shares).toEqual([]);
    }
  });

  test('a link among the forwarded sockets is not used (CWE-59)', async () => {
    const { socket, requests } = await fakeAgent(listOf([demoAt()]));
    const runtime = temporaryFolder();
    const forwarded = path.join(runtime, 'mcp-auth/forwarded');
    mkdirSync(forwarded, { recursive: true, mode: 0o700 });
    symlinkSync(socket, path.join(forwarded, 'laptop-abcdefgh.sock'));
    const listed = run('list', { store: temporaryStore(), agents: true, env: { XDG_RUNTIME_DIR: runtime, HOME: runtime } });
    expect([await listed.exit, listed.stdout, requests]).toEqual([0, '', []]);
  });

  test('of two agents that start at once, one has the socket (CWE-362)', async () => {
    const runtime = temporaryFolder();
    const file = store();
    const clock = steppedClock();
    const both = Promise.allSettled([1, 2].map(() => startAgent({ store: file, runtime, clock })));
    const started = await clock.passUntil(both, 10);
    expect(started.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const failed = started.find((one) => one.status === 'rejected');
    expect(String(failed?.reason)).toContain('running already');
  });
});

const isRoot = process.getuid?.() === 0;
// Only root can be two users at once.
const others = isRoot ? describe : describe.skip;
others(`an agent and another user${isRoot ? '' : ' (skipped: only root can be two users)'}`, () => {
  const [me, stranger] = [65_001, 65_002];
  let at: Reachable;
  beforeAll(() => void (at = makeReachable()));
  afterAll(() => at.remove());

  /** A socket with an answering agent, in a folder that both users can enter. */
  async function planted(owner: number) {
    const folder = mkdtempSync(path.join(reachableFolder(), 'mcp-auth-others-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o755);
    const own = path.join(folder, 'mcp-auth');
    mkdirSync(own, { mode: 0o755 });
    const { requests, socket } = await fakeAgent(listOf([demoAt()]), path.join(own, 'agent.sock'));
    chmodSync(socket, 0o777);
    for (const file of [own, socket]) chownSync(file, owner, owner);
    return { folder, socket, requests };
  }
  const list = async (env: Record<string, string>) => {
    const child = start(['list', '--names'], { uid: me, at, env: { MCP_AUTH_STORE: '/nonexistent/store', HOME: '/nonexistent', ...env } });
    await child.exit;
    return child.output;
  };

  test('a socket of one’s own is used', async () => {
    const { folder, socket } = await planted(me);
    expect((await list({ MCP_AUTH_SOCK: socket })).stdout).toBe('demo\n');
    expect((await list({ XDG_RUNTIME_DIR: folder })).stdout).toBe('demo\n');
  });

  test('another user’s socket that MCP_AUTH_SOCK names gets no request (CWE-426)', async () => {
    const { socket, requests } = await planted(stranger);
    const { stdout, stderr } = await list({ MCP_AUTH_SOCK: socket });
    expect(stdout).toBe('');
    expect(stderr).toContain('belongs to another user');
    expect(requests).toEqual([]);
  });

  test('another user’s folder in place of one’s own, with a socket in it, gets no request (CWE-379)', async () => {
    const { folder, requests } = await planted(stranger);
    expect((await list({ XDG_RUNTIME_DIR: folder })).stdout).toBe('');
    expect(requests).toEqual([]);
  });

  test('another user’s file of what is shared is not read (CWE-379)', async () => {
    const { folder, socket } = await planted(me);
    const store = path.join(folder, 'mcp-servers.json');
    writeFileSync(`${store}.shares`, JSON.stringify({ shares: [{ host: 'evil' }] }));
    chownSync(`${store}.shares`, stranger, stranger);
    for (const file of [folder, socket]) chownSync(file, me, me);
    const env = { MCP_AUTH_STORE: store, HOME: folder, XDG_RUNTIME_DIR: folder };
    const agent = start(['agent'], { uid: me, at, env });
    await agent.shown(/listens at \S+/);
    const status = start(['agent', 'status', '--json'], { uid: me, at, env });
    expect([await status.exit, (JSON.parse(status.output.stdout) as { shares: unknown }).shares]).toEqual([0, []]);
  });
});
