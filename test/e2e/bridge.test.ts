/** The built bridge between the SDK's stdio client and the SDK's server, and the reference server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { expect, onTestFinished, test } from 'vitest';
import { slowReader } from '../../scripts/bench/slow-reader.js';
import { command } from '../helpers/build.js';
import { temporaryStore } from '../helpers/folder.js';
import { listening } from '../helpers/listening.js';
import { Person } from '../helpers/person.js';
import { run } from '../helpers/run.js';
import { realServers } from '../helpers/servers.js';

/** An app: the SDK's client, which starts the bridge as its server. */
async function app(words: string[]): Promise<{ client: Client; pid: number }> {
  const transport = new StdioClientTransport({ command: process.execPath, args: [command, 'bridge', ...words], stderr: 'pipe' });
  const client = new Client({ name: 'app', version: '1.0.0' });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return { client, pid: transport.pid ?? 0 };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('an app works through it, also after its token has expired; nothing is left running', async () => {
  const { authorizationServer, mcpServer } = await realServers({ accessTokenLife: 3 });
  const store = temporaryStore();
  const login = run(`login ${mcpServer.url} --name demo --no-browser --flow paste`, { store, stdin: 'open' });
  login.type(`${await new Person().approve(await login.shown(/^(http:\S+\/auth\?\S+)$/m))}\n`);
  expect(await login.exit).toBe(0);

  const { client, pid } = await app(['demo', '--store', store]);
  expect(client.getServerVersion()?.name).toBe('demo-server');
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('greet');
  const before = authorizationServer.log.filter((line) => line === 'grant refresh_token').length;
  const renewals = async () => {
    expect((await client.callTool({ name: 'greet' })).isError).not.toBe(true);
    return authorizationServer.log.filter((line) => line === 'grant refresh_token').length;
  };
  await expect.poll(renewals, { timeout: 30_000, interval: 500 }).toBeGreaterThan(before);
  await client.close();
  await expect.poll(() => isRunning(pid), { timeout: 30_000 }).toBe(false);
});

test('an app that does not read makes the server wait, and the bridge does not grow', async () => {
  const { sent, memory } = await slowReader((url) => ({ words: [process.execPath, command, 'bridge', url, '--store', temporaryStore()] }));
  expect(sent).toBeLessThan(32);
  expect(memory).toBeLessThan(200);
});

test('--no-login: without a login the app gets the command to run', async () => {
  const { mcpServer } = await realServers();
  const error = await app([mcpServer.url, '--no-login', '--store', temporaryStore()]).then(
    () => undefined,
    (failure: unknown) => failure as Error,
  );
  expect(error?.message).toContain('This server requires a login. Run: mcp-auth login URL');
});

/** The reference server, with the transport of that name. */
async function everything(transport: 'streamableHttp' | 'sse'): Promise<string> {
  const main = createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/dist/index.js');
  const { port, close } = await listening(() => undefined);
  await close();
  const server = spawn(process.execPath, [main, transport], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(async () => {
    server.kill('SIGKILL');
    if (server.exitCode === null && server.signalCode === null) await once(server, 'close');
  });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    const listen = (chunk: Buffer) => /listening|running/i.test((said += chunk.toString())) && resolve();
    server.stdout.on('data', listen);
    server.stderr.on('data', listen);
    server.on('close', () => reject(new Error('the server ended')));
  });
  return `http://localhost:${port}/${transport === 'sse' ? 'sse' : 'mcp'}`;
}

test.each(['streamableHttp', 'sse'] as const)('the reference server over %s: tools, progress, resources, prompts', async (transport) => {
  const { client } = await app([await everything(transport), '--store', temporaryStore()]);
  const { tools } = await client.listTools();
  expect(tools.length).toBeGreaterThan(5);
  const echo = await client.callTool({ name: 'echo', arguments: { message: 'é 漢 \u2028' } });
  expect(JSON.stringify(echo.content)).toContain('é 漢');
  const steps: number[] = [];
  const long = tools.find(({ name }) => /long/i.test(name))?.name ?? '';
  await client.callTool({ name: long, arguments: { duration: 1, steps: 3 } }, undefined, {
    onprogress: ({ progress }) => steps.push(progress),
  });
  expect(steps.length).toBeGreaterThan(0);
  expect((await client.listResources()).resources.length).toBeGreaterThan(0);
  expect((await client.listPrompts()).prompts.length).toBeGreaterThan(0);
});
