/**
 * Runs as root in a network namespace of its own, where every name resolves to one public address, and one https server responds as
 * each vendor does. The built command logs in by paste, refreshes, and prints the token. Prints a line of JSON for each server.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import path from 'node:path';
import { command } from '../helpers/build.js';
import { bodyOf } from '../helpers/fake-server.js';
import { listen } from '../helpers/listen.js';
import { addAddresses, startNameServer } from '../helpers/own-network.js';
import { piped } from '../helpers/piped.js';
import { vendorServers } from './servers/index.js';
import type { VendorServer } from './servers/server.js';

export interface Result {
  readonly vendor: string;
  readonly what: string;
  /** The exit codes of `login`, `refresh` and `token`. */
  readonly exits: (number | null)[];
  readonly stdout: string;
  readonly stderr: string;
  readonly isStored: boolean;
  readonly hasRefreshToken: boolean;
}

const folder = process.argv[2] ?? '';
const address = '203.0.113.5';
let current: VendorServer | undefined;

async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(message.url ?? '', `https://${message.headers.host}`);
  const request = {
    method: message.method ?? '',
    host: url.host,
    path: decodeURI(url.pathname),
    query: url.searchParams,
    body: await bodyOf(message),
    authorization: message.headers.authorization,
  };
  const { status = 200, headers, json, text = '' } = current?.answer(request) ?? { status: 404, text: 'Not Found' };
  const type = json === undefined ? 'text/plain' : 'application/json';
  response.writeHead(status, { 'content-type': type, ...headers }).end(json === undefined ? text : JSON.stringify(json));
}

addAddresses([address]);
await startNameServer((_, type) => (type === 1 ? [address] : []));
const tls = { key: readFileSync(path.join(folder, 'key.pem')), cert: readFileSync(path.join(folder, 'cert.pem')) };
await listen(
  createServer(tls, (message, response) => void serve(message, response)),
  { host: address, port: 443 },
);

function start(words: readonly string[], store: string, env: Readonly<Record<string, string>> = {}) {
  const own = { PATH: process.env['PATH'], HOME: folder, MCP_AUTH_STORE: store, NODE_EXTRA_CA_CERTS: path.join(folder, 'ca.pem') };
  return piped(spawn(process.execPath, [command, ...words], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...own, ...env } }));
}

async function logInToVendor(server: VendorServer, store: string) {
  const words = [
    'login',
    server.mcp,
    '--name',
    'vendor',
    '--no-browser',
    ...(server.isAutomatic ? [] : ['--flow', 'paste']),
    ...(server.words ?? []),
  ];
  const login = start(words, store, server.env);
  const shown = await login.shown(/^(https:\S+[?&]state=\S+)$/m).catch(() => undefined);
  if (shown !== undefined) {
    const request = new URL(shown).searchParams;
    const page = server.authorize(request);
    // An error page does not redirect.
    const back = new URLSearchParams({ ...page, state: request.get('state') ?? '' });
    login.child.stdin.end('page' in page ? `${page.page}\n` : `${request.get('redirect_uri')}?${String(back)}\n`);
  }
  return login;
}

async function tried(server: VendorServer, number: number): Promise<Result> {
  current = server;
  const store = path.join(folder, `${number}`, 'mcp-servers.json');
  const login = await logInToVendor(server, store);
  const exits = [await login.exit];
  const outputs = [login.output];
  for (const words of [
    ['refresh', 'vendor'],
    ['token', 'vendor'],
  ]) {
    const later = start(words, store);
    later.child.stdin.end();
    exits.push(await later.exit);
    outputs.push(later.output);
  }
  const auth = storedLogin(store);
  return {
    vendor: server.vendor,
    what: server.what,
    exits,
    stdout: outputs.at(-1)?.stdout ?? '',
    stderr: outputs.map(({ stderr }) => stderr).join(''),
    isStored: auth !== undefined,
    hasRefreshToken: typeof auth?.['refresh_token'] === 'string',
  };
}

function storedLogin(store: string): Record<string, unknown> | undefined {
  try {
    const document = JSON.parse(readFileSync(store, 'utf8')) as { mcpServers?: { vendor?: { auth?: Record<string, unknown> } } };
    return document.mcpServers?.vendor?.auth;
  } catch {
    return undefined;
  }
}

for (const [number, server] of vendorServers.entries()) process.stdout.write(`${JSON.stringify(await tried(server, number))}\n`);
process.exit();
