/** A login from inside the session of an app: the built bridge between the SDK's client and real servers. */
import { chmodSync, chownSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import {
  ElicitRequestSchema,
  ElicitationCompleteNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { command } from '../helpers/build.js';
import { temporaryStore } from '../helpers/folder.js';
import { makeReachable, reachableFolder, type Reachable } from '../helpers/reachable.js';
import { Person } from '../helpers/person.js';
import { run } from '../helpers/run.js';
import { realServers } from '../helpers/servers.js';

interface AppOptions {
  /** The program that the app starts. */
  readonly program?: { readonly command: string; readonly args: string[] };
  /** How the app answers a URL elicitation; absent if it cannot show a URL. */
  readonly elicit?: (params: { url: string; message: string }) => Promise<'accept' | 'decline' | 'cancel'>;
}

/** An app: the SDK's client, which starts the bridge as its server. */
async function app(words: string[], { elicit, program = { command: process.execPath, args: [command] } }: AppOptions = {}) {
  const transport = new StdioClientTransport({ ...program, args: [...program.args, 'bridge', ...words], stderr: 'pipe' });
  const client = new Client({ name: 'app', version: '1.0.0' }, { capabilities: elicit ? { elicitation: { form: {}, url: {} } } : {} });
  const completed: string[] = [];
  let changes = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void (changes += 1));
  if (elicit) {
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
      if (params.mode !== 'url') throw new Error('not a URL');
      return { action: await elicit({ url: params.url, message: params.message }) };
    });
    client.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) => void completed.push(params.elicitationId));
  }
  await client.connect(transport);
  onTestFinished(() => client.close());
  return {
    client,
    pid: transport.pid ?? 0,
    completed,
    changes: () => changes,
    toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name: string, given: Record<string, unknown> = {}) => {
      const { content, isError } = await client.callTool({ name, arguments: given });
      return { text: (content as { text: string }[])[0]?.text ?? '', isError: isError === true };
    },
  };
}

/** The user code and the address in the text of a tool result. */
function readInvitation(text: string): { address: string; code: string } {
  return { address: /^(http:\S+)$/m.exec(text)?.[1] ?? '', code: /code: (\S+)/.exec(text)?.[1] ?? '' };
}

test('an app without dialogs: log_in returns the address and the code, and the tools of the server follow the approval', async () => {
  const { mcpServer } = await realServers();
  const store = temporaryStore();
  const { client, toolNames, changes, call } = await app([mcpServer.url, '--store', store]);
  expect(client.getInstructions()).toContain('log_in');
  expect(await toolNames()).toEqual(['log_in']);
  const asked = await call('log_in');
  expect(asked).toMatchObject({ isError: false, text: expect.stringContaining('call this tool again') as string });
  const { address, code } = readInvitation(asked.text);
  await new Person().approveDevice(address, code);
  expect((await call('log_in')).text).toContain('Logged in.');
  await expect.poll(changes).toBe(1);
  expect(await toolNames()).toContain('greet');
  expect(await toolNames()).not.toContain('log_in');
  expect((await call('greet')).isError).toBe(false);

  // The tools are remembered for the time after the login.
  const [remembered = ''] = readdirSync(path.dirname(store)).filter((name) => name.endsWith('.tools'));
  const file = path.join(path.dirname(store), remembered);
  await expect.poll(() => readFileSync(file, 'utf8')).toContain('"greet"');
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('an app that shows a URL: the call is held until the user has approved, and then it is made', async () => {
  const { mcpServer } = await realServers();
  const store = temporaryStore();
  expect(await run(`add demo ${mcpServer.url}`, { store }).exit).toBe(0);
  const person = new Person();
  const messages: string[] = [];
  const { call, completed, toolNames } = await app(['demo', '--store', store], {
    elicit: async ({ url, message }) => {
      messages.push(message);
      await person.approveDevice(url, /code (\S+)\./.exec(message)?.[1] ?? '');
      return 'accept';
    },
  });
  expect(await toolNames()).toContain('log_in');
  expect((await call('log_in')).text).toContain('Logged in.');
  expect((await call('greet')).isError).toBe(false);
  expect(messages).toHaveLength(1);
  await expect.poll(() => completed.length).toBe(1);
});

test('two apps at once: one code; the bridge that asks for the approval is killed, and the other gets through', async () => {
  const { mcpServer } = await realServers();
  const store = temporaryStore({ mcpServers: { demo: { url: mcpServer.url } } });
  const apps = [await app(['demo', '--store', store]), await app(['demo', '--store', store])];
  const [one, other] = await Promise.all(apps.map(({ call }) => call('log_in')));
  const { address, code } = readInvitation(one?.text ?? '');
  expect(code).not.toBe('');
  expect(readInvitation(other?.text ?? '')).toEqual({ address, code });
  const polling = () => readdirSync(path.dirname(store)).find((name) => name.endsWith('.attempt.lock'));
  await expect.poll(polling, { timeout: 20_000 }).toBeDefined();
  // The lock of the attempt says which of the two it is.
  const lock = path.join(path.dirname(store), polling() ?? '', 'owner.json');
  const { pid: owner } = JSON.parse(readFileSync(lock, 'utf8')) as { pid: number };
  const [asking, waiting] = apps[0]?.pid === owner ? apps : apps.toReversed();
  expect(asking?.pid).toBe(owner);
  process.kill(owner, 'SIGKILL');
  await new Person().approveDevice(address, code);
  await expect.poll(() => waiting?.changes(), { timeout: 40_000 }).toBe(1);
  expect((await waiting?.call('greet'))?.text).toBe('Hello from behind the login.');
});

const isRoot = process.getuid?.() === 0;
// Only root can be two users at once.
const others = isRoot ? describe : describe.skip;
others(`another user of the machine${isRoot ? '' : ' (skipped: only root can be two users)'}`, () => {
  const [me, stranger] = [65_001, 65_002];
  let at: Reachable;
  beforeAll(() => void (at = makeReachable()));
  afterAll(() => at.remove());

  test('plants tools and a login beside the store: they are ignored until they are one’s own', async () => {
    const { mcpServer } = await realServers();
    const folder = mkdtempSync(path.join(reachableFolder(), 'mcp-auth-session-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o1777);
    const store = path.join(folder, 'mcp-servers.json');
    writeFileSync(store, JSON.stringify({ mcpServers: { demo: { url: mcpServer.url } } }));
    chownSync(store, me, me);
    const planted = [`${store}.demo.tools`, `${store}.planted.attempt`];
    writeFileSync(planted[0] ?? '', JSON.stringify({ url: mcpServer.url, tools: [{ name: 'planted', inputSchema: { type: 'object' } }] }));
    const state = { verification_uri: 'https://evil.example/go', user_code: 'EVIL', device_code: 'd', interval: 60, expires_at: 4e9 };
    const attempt = {
      format: 2,
      attempt: 'planted',
      server: 'demo',
      url: mcpServer.url,
      flow: 'device',
      started_at: 4e9,
      expires_at: 4e9,
      state,
    };
    writeFileSync(planted[1] ?? '', JSON.stringify(attempt));
    const asMe = { command: 'setpriv', args: ['--reuid', String(me), '--regid', String(me), '--clear-groups', at.node, at.command] };
    const open = () => app(['demo', '--store', store], { program: asMe });

    for (const file of planted) chownSync(file, stranger, stranger);
    const first = await open();
    expect(await first.toolNames()).toEqual(['log_in']);
    expect((await first.call('log_in')).text).not.toContain('EVIL');
    await first.client.close();

    for (const file of planted) chownSync(file, me, me);
    const second = await open();
    expect(await second.toolNames()).toEqual(['planted', 'log_in']);
    expect((await second.call('log_in')).text).toContain('EVIL');
  });
});
