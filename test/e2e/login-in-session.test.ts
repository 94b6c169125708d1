/** A login from inside the session of an app: the built bridge between the SDK's client and real servers. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import {
  ElicitRequestSchema,
  ElicitationCompleteNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { expect, onTestFinished, test } from 'vitest';
import { command } from '../helpers/build.js';
import { temporaryStore } from '../helpers/folder.js';
import { Person } from '../helpers/person.js';
import { run } from '../helpers/run.js';
import { realServers } from '../helpers/servers.js';

interface AppOptions {
  /** How the app answers a URL elicitation; absent if it cannot show a URL. */
  readonly elicit?: (params: { url: string; message: string }) => Promise<'accept' | 'decline' | 'cancel'>;
}

/** An app: the SDK's client, which starts the bridge as its server. */
async function app(words: string[], { elicit }: AppOptions = {}) {
  const transport = new StdioClientTransport({ command: process.execPath, args: [command, 'bridge', ...words], stderr: 'pipe' });
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
