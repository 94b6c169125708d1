/** The home folder of one app, in which it is started. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const run = promisify(execFile);
/** Milliseconds that an app has to respond. */
export const appTimeout = 150_000;

export interface Home {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** The path of a command that npm has installed. */
  readonly bin: (name: string) => string;
  /** The file of mcp-auth that the app is connected with. */
  readonly program: string;
}

/** Writes a file below the home folder. */
export async function writeFile({ folder }: Home, name: string, text: string): Promise<void> {
  await fs.mkdir(path.join(folder, path.dirname(name)), { recursive: true });
  await fs.writeFile(path.join(folder, name), text);
}

/** Stops the process whose id is in a JSON file of an app, if there is one. */
export async function stopProcessOf({ folder }: Home, name: string): Promise<void> {
  const text = await fs.readFile(path.join(folder, name), 'utf8').catch(() => '{}');
  const { pid } = JSON.parse(text) as { pid?: number };
  if (pid === undefined) return;
  try {
    process.kill(pid);
  } catch {
    // It has ended by itself.
  }
}

/** What a command prints, on both streams. */
export async function readOutput(home: Home, command: string, words: readonly string[]): Promise<string> {
  const started = run(home.bin(command), words, { env: home.env, cwd: home.folder, timeout: appTimeout });
  // Some apps wait until stdin is closed.
  started.child.stdin?.end();
  const { stdout, stderr } = await started.catch((error: unknown) => error as { stdout?: string; stderr?: string });
  return `${stdout ?? ''}${stderr ?? ''}`;
}

/** Starts a command that runs until it is stopped. */
export function startProgram(home: Home, command: string, words: readonly string[]): ChildProcess {
  return spawn(home.bin(command), words, { env: home.env, cwd: home.folder, stdio: 'ignore' });
}

/** The status of the MCP servers of Codex by its app server, because `codex mcp list` does not connect to them. */
export async function readCodexStatus(home: Home): Promise<string> {
  const child = spawn(home.bin('codex'), ['app-server'], { env: home.env, cwd: home.folder, stdio: ['pipe', 'pipe', 'ignore'] });
  const send = (message: object) => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  let text = '';
  const responded = new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const line = text.split('\n').find((one) => one.startsWith('{"id":2'));
      if (line?.endsWith('}')) resolve(line);
    });
    child.on('close', () => resolve(''));
    setTimeout(() => resolve(''), appTimeout).unref();
  });
  send({ id: 1, method: 'initialize', params: { clientInfo: { name: 'test', title: 'test', version: '1' } } });
  send({ method: 'initialized' });
  send({ id: 2, method: 'mcpServerStatus/list', params: {} });
  const line = await responded;
  child.kill();
  return line;
}

/** Starts a server command with the client of the MCP SDK and lists its tools. */
export async function listTools(home: Home, command: string, words: string[]): Promise<string[]> {
  const client = new Client({ name: 'test', version: '1.0.0' });
  const env = home.env as Record<string, string>;
  const transport = new StdioClientTransport({ command: home.bin(command), args: words, env, stderr: 'ignore' });
  try {
    await client.connect(transport, { timeout: appTimeout });
    return (await client.listTools(undefined, { timeout: appTimeout })).tools.map(({ name }) => name);
  } catch {
    return [];
  } finally {
    await client.close().catch(() => undefined);
  }
}
