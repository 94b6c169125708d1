/** An app in a session with the bridge while there is no login, and the fake server that it wants to reach. */
import { onTestFinished } from 'vitest';
import type { Run } from './run.js';
import { run } from './run.js';
import { answered, hello, type Answer } from './bridged.js';
import { steppedClock, type SteppedClock } from './clock.js';
import { metadata, type Exchange, type FakeRequest, type FakeServer, type Respond } from './fake-server.js';
import { fakeServer } from './servers.js';
import { temporaryStore } from './folder.js';
import { storedLogin } from './stored-login.js';

/** Seconds between polls. No other wait of the bridge takes as long. */
const pollInterval = 7;

type Json = Record<string, unknown>;

export interface LoginServer extends FakeServer {
  /** What the user has done at the page: decides what the token endpoint responds. */
  approval: 'pending' | 'approved' | 'denied';
  /** Responds to requests with a valid token in place of the usual response. */
  answer: ((request: FakeRequest) => Respond | undefined) | undefined;
  /** The tokens that the MCP server accepts. */
  readonly valid: Set<string>;
  /** The `tools/call`, `prompts/get` and `resources/read` requests with a valid token. */
  calls(): FakeRequest[];
}

interface LoginServerOptions {
  /** Whether there is a device authorization endpoint. */
  readonly device?: boolean;
  readonly change?: (origin: string) => Exchange[];
  /** Members of the response of the device authorization endpoint. */
  readonly code?: (origin: string) => Json;
}

export const serverTools = [
  { name: 'greet', description: 'A greeting', inputSchema: { type: 'object' } },
  { name: 'time', inputSchema: { type: 'object' } },
];

/** An MCP server with a session, which is its own authorization server. */
export async function loginServer({ device = true, change = () => [], code = () => ({}) }: LoginServerOptions = {}): Promise<LoginServer> {
  const state = { approval: 'pending' as LoginServer['approval'], answer: undefined as LoginServer['answer'], valid: new Set<string>() };
  let count = 0;
  const giveToken = ({ body }: FakeRequest): Respond => {
    if (body['grant_type'] === 'refresh_token') return { status: 400, json: { error: 'invalid_grant' } };
    const isDevice = String(body['grant_type']).endsWith('device_code');
    if (isDevice && state.approval !== 'approved')
      return { status: 400, json: { error: state.approval === 'denied' ? 'access_denied' : 'authorization_pending' } };
    const token = `access-${(count += 1)}`;
    state.valid.add(token);
    return { json: { access_token: token, token_type: 'Bearer', expires_in: 3600, refresh_token: `refresh-${count}` } };
  };
  const isLetIn = ({ headers }: FakeRequest) => state.valid.has(headers.authorization?.replace('Bearer ', '') ?? '');
  const server = await fakeServer((origin) => {
    const refusal: Respond = { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } };
    let devices = 0;
    const giveCode = (): Respond => {
      const json = { verification_uri: `${origin}/activate`, expires_in: 600, interval: pollInterval, ...code(origin) };
      return { json: { device_code: `device-${(devices += 1)}`, user_code: `WDJB-MJH${devices}`, ...json } };
    };
    const changed = change(origin);
    const own: Exchange[] = [
      { want: 'POST /mcp', respond: (request) => (isLetIn(request) ? (state.answer?.(request) ?? respondTo(request)) : refusal) },
      { want: 'GET /mcp', respond: { status: 405 } },
      { want: 'DELETE /mcp', respond: { status: 204 } },
      { want: 'POST /token', respond: giveToken },
      { want: 'POST /device', respond: giveCode },
      {
        want: 'GET /.well-known/oauth-authorization-server',
        respond: { json: metadata(origin, device ? {} : { device_authorization_endpoint: undefined }) },
      },
    ];
    return [...changed, ...own.filter(({ want }) => changed.every((one) => one.want !== want))];
  });
  const methods = ['tools/call', 'prompts/get', 'resources/read'];
  const calls = () => server.requests.filter((one) => isLetIn(one) && methods.includes(String(one.body['method'])));
  return Object.assign(state, server, { calls });
}

function respondTo({ body: { id, method, params } }: FakeRequest): Respond {
  const respond = (result: Json, headers = {}): Respond => ({ json: { jsonrpc: '2.0', id, result }, headers });
  if (id === undefined) return { status: 202 };
  if (method === 'initialize') {
    const capabilities = { tools: { listChanged: true }, prompts: {}, logging: {} };
    const opened = { protocolVersion: '2025-06-18', capabilities, serverInfo: { name: 'fake', version: '7' } };
    return respond(opened, { 'mcp-session-id': 's1' });
  }
  if (method === 'tools/list') return respond({ tools: serverTools });
  if (method === 'tools/call') return respond({ content: [{ type: 'text', text: `made ${(params as { name: string }).name}` }] });
  return respond({ answered: method });
}

/** The path of a store that has the server but no login to it, under the name `fake`. */
export function storeWithout(server: { url: string }, more: object = {}): string {
  return temporaryStore({ mcpServers: { fake: { type: 'http', url: server.url } }, ...more });
}

/** The path of a store with a login to the server, whose token it accepts. */
export function storeWithLogin(server: LoginServer): string {
  server.valid.add('old');
  return storedLogin(server);
}

/** The text of a tool result, and whether it is an error. */
export function textOf({ result }: Answer): { text: string; isError: boolean } {
  const content = result?.['content'] as { text: string }[] | undefined;
  return { text: content?.[0]?.text ?? '', isError: result?.['isError'] === true };
}

export const urlCapability = { elicitation: { url: {} } };

interface AppOptions {
  readonly line?: string;
  readonly capabilities?: Json;
  readonly clock?: SteppedClock;
  /** Whether the app has opened its session. */
  readonly isOpen?: boolean;
}

export interface App {
  readonly bridge: Run;
  readonly clock: SteppedClock;
  /** The messages of the bridge that are not responses to the app's requests. */
  readonly messages: () => Json[];
  say(message: object): void;
  /** Sends a request. Time does not pass. */
  ask(method: string, params?: object): Promise<Answer>;
  call(name: string, given?: object): Promise<{ text: string; isError: boolean }>;
  toolNames(): Promise<string[]>;
  /** Resolves to the first message with this method which may have come already. */
  heard(method: string): Promise<Json & { params: Json }>;
  /** Approves at the page, and lets the bridge poll once. */
  approve(server: LoginServer): Promise<void>;
  end(): Promise<void>;
}

/** Starts a bridge as an app does. It ends with the test. */
export async function openApp(
  store: string,
  { line = 'bridge fake', capabilities = {}, clock = steppedClock(), isOpen = true }: AppOptions = {},
): Promise<App> {
  const bridge = run(line, { store, stdin: 'open', clock });
  let isEnded = false;
  const end = async () => {
    if (isEnded) return;
    isEnded = true;
    bridge.end();
    // In small steps: what the bridge is doing must not run out of time.
    await clock.passUntil(bridge.exit, 10);
  };
  onTestFinished(end);
  let id = 0;
  const say = (message: object) => bridge.type(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const ask = (method: string, params: object = {}) => {
    const mine = (id += 1);
    say({ id: mine, method, params });
    return answered(bridge, mine);
  };
  const messages = () => bridge.events.filter((one) => one['method'] !== undefined);
  const heard = async (method: string) => {
    for (;;) {
      const found = messages().find((one) => one['method'] === method);
      if (found) return found as Json & { params: Json };
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  if (isOpen) {
    await ask('initialize', { ...hello, capabilities });
    say({ method: 'notifications/initialized' });
  }
  return {
    ...{ bridge, clock, messages, say, ask, heard, end },
    call: async (name, given = {}) => textOf(await ask('tools/call', { name, arguments: given })),
    toolNames: async () => ((await ask('tools/list')).result?.['tools'] as { name: string }[]).map(({ name }) => name),
    approve: async (server) => {
      const before = server.valid.size;
      const isGranted = () => server.valid.size > before;
      server.approval = 'approved';
      const polled = clock.waitForAlarm(pollInterval * 1000).then(() => {
        if (!isGranted()) clock.advance(pollInterval * 1000);
      });
      // A poll may be on its way already.
      await Promise.race([polled, waitUntil(isGranted)]);
    },
  };
}

async function waitUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** The response of an app to a request of the bridge. */
export function answerTo({ id }: Json, result: object): object {
  return { id, result };
}
