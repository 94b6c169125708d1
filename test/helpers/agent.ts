/** An agent in this process, and what its user and others do at its sockets. */
import { once } from 'node:events';
import { createServer, request as requestByHttp, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createConnection } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { runAgent } from '../../src/agent/agent.js';
import type { Question, WayToAsk } from '../../src/agent/questions.js';
import type { AgentStatus, ShareQuestion } from '../../src/agent-protocol/messages.js';
import { createCallbackUi } from '../../src/callback-ui.js';
import { createInterruptedError } from '../../src/errors.js';
import { createContext } from '../../src/machine/create-context.js';
import { collectSecrets } from '../../src/secrets/secrets.js';
import { steppedClock, type SteppedClock } from './clock.js';
import { temporaryFolder } from './folder.js';

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | object;
}

export interface TestAgent {
  /** The owner's socket. */
  readonly socket: string;
  readonly store: string;
  readonly clock: SteppedClock;
  /** The addresses that the browser was opened with. */
  readonly opened: string[];
  readonly warnings: string[];
  /** The questions that were put to the user. */
  readonly questions: Question[];
  /** Resolves to the question of this number, counted from 1, once it was put. */
  question(number: number): Promise<Question>;
  answer(question: Question, isAllowed: boolean): Promise<void>;
  status(): Promise<AgentStatus>;
  /** Opens a restricted socket, which stays until it is revoked, or the agent stops. Resolves to its path. */
  share(terms?: Partial<ShareQuestion>): Promise<string>;
  revoke(host: string): Promise<Answered>;
  stop(): Promise<void>;
}

export interface AgentOptions {
  readonly store: string;
  /** The folder of the session, XDG_RUNTIME_DIR. */
  readonly runtime?: string;
  readonly variables?: Record<string, string>;
  readonly clock?: SteppedClock;
}

/** Starts an agent, which stops when the current test ends. */
export async function startAgent(options: AgentOptions): Promise<TestAgent> {
  const { store, runtime = temporaryFolder(), variables: given = {}, clock = steppedClock() } = options;
  const stop = new AbortController();
  const [opened, warnings, questions]: [string[], string[], Question[]] = [[], [], []];
  let waiting: (() => void)[] = [];
  const way: WayToAsk = {
    name: 'test',
    ask: (question) => {
      questions.push(question);
      for (const wake of waiting.splice(0)) wake();
      return new Promise(() => undefined);
    },
  };
  const openBrowser = (url: string) => {
    opened.push(url);
    return Promise.resolve(true);
  };
  const variables = { XDG_RUNTIME_DIR: runtime, HOME: runtime, DISPLAY: ':0', ...given };
  const env = { variables, platform: process.platform, folder: '/', program: ['/usr/bin/node'], exists: () => false };
  const context = createContext({
    ...{ store, clock, signal: stop.signal, env: { ...env, secrets: collectSecrets(variables) } },
    ui: { ...createCallbackUi({ onWarning: (text) => void warnings.push(text) }), openBrowser },
    runProgram: () => Promise.resolve(0),
  });
  let onListening: (socket: string | undefined) => void = () => undefined;
  const listening = new Promise<string>((resolve) => (onListening = (socket) => resolve(socket ?? '')));
  const running = runAgent({ machine: 'laptop', waysToAsk: [way], onListening }, context);
  const end = async () => {
    stop.abort(createInterruptedError());
    await running.catch(() => undefined);
  };
  onTestFinished(end);
  const socket = await Promise.race([listening, running.then(() => '')]);
  const ask = (target: string, asked?: Asked) => send(socket, target, asked);
  return {
    ...{ socket, store, clock, opened, warnings, questions, stop: end },
    question: async (number) => {
      for (;;) {
        const question = questions[number - 1];
        if (question !== undefined) return question;
        await new Promise<void>((resolve) => (waiting = [...waiting, resolve]));
      }
    },
    answer: async ({ id }, allow) => {
      await ask(`/v1/questions/${id}`, { method: 'POST', body: { allow } });
    },
    status: async () => JSON.parse((await ask('/v1/status')).text) as AgentStatus,
    share: async (terms) =>
      readSocket((await ask('/v1/shares', { method: 'POST', body: { host: 'devbox', lasting: true, ...terms } })).text),
    revoke: (host) => ask(`/v1/shares/${encodeURIComponent(host)}`, { method: 'DELETE' }),
  };
}

function readSocket(text: string): string {
  const { share } = JSON.parse(text) as { share?: { socket: string } };
  if (share === undefined) throw new Error(text);
  return share.socket;
}

/** Sends a request over a socket, and reads the whole response. */
export async function send(socketPath: string, target: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answered> {
  const text = typeof body === 'object' ? JSON.stringify(body) : body;
  const request = requestByHttp({ socketPath, path: target, method, headers, agent: false });
  const answered = new Promise<Answered>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      let received = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: received }));
    });
  });
  request.end(text);
  return answered;
}

/** Writes octets to a socket as they are. Resolves to all that came back, once the other side has closed the connection. */
export async function sendRaw(socketPath: string, ...parts: readonly string[]): Promise<string> {
  const connection = connect(socketPath);
  for (const part of parts) connection.write(part);
  return connection.received;
}

/** A connection whose octets the test writes. */
export function connect(socketPath: string) {
  const socket = createConnection(socketPath);
  let text = '';
  let waiting: (() => void)[] = [];
  const wake = () => {
    for (const one of waiting.splice(0)) one();
  };
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    wake();
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve())).then(wake);
  onTestFinished(() => void socket.destroy());
  return {
    write: (part: string) => void socket.write(part, 'latin1'),
    destroy: () => void socket.destroy(),
    closed,
    received: closed.then(() => text),
    /** Resolves once the text has come. Rejects if the connection is closed before. */
    shown: async (part: string) => {
      while (!text.includes(part)) {
        if (socket.closed) throw new Error(`closed before ${part}: ${text}`);
        await new Promise<void>((resolve) => (waiting = [...waiting, resolve]));
      }
      return text;
    },
  };
}

/** What answers at a socket in place of an agent. */
export interface FakeAgent {
  readonly socket: string;
  /** The requests that came, as `GET /v1`. */
  readonly requests: string[];
}

/** Starts a server at a socket that answers as a test wants: with the JSON of the path, as an agent would, or in any way. */
export async function fakeAgent(
  answers: Readonly<Record<string, object>> | RequestListener,
  socket = path.join(temporaryFolder(), 'agent.sock'),
): Promise<FakeAgent> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request;
    requests.push(`${method} ${url}`);
    request.resume();
    response.setHeader('mcp-auth-agent', '1');
    if (typeof answers === 'function') return answers(request, response);
    const answer = answers[`${method} ${url}`] ?? answers[url];
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer ?? {}));
  });
  await once(server.listen(socket), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { socket, requests };
}

/** The file of an agent's lasting sockets. */
export const sharesFileOf = ({ store }: TestAgent): string => `${store}.shares`;

/** The folder of an agent's sockets. */
export const folderOf = ({ socket }: TestAgent): string => path.dirname(socket);
