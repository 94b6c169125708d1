/**
 * Runs in a network of its own, as its root: gives the loopback interface the addresses of a public server, a company and
 * a cloud, serves names, https and tripwires on them, and runs the built command against each attack. Prints a line of JSON
 * an attack.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, createServer, isIP, type Socket } from 'node:net';
import path from 'node:path';
import { command } from '../helpers/build.js';
import { listen } from '../helpers/listen.js';
import { piped } from '../helpers/piped.js';
import { addAddresses, startNameServer } from '../helpers/own-network.js';
import {
  addresses,
  forbidden,
  networkAttacks,
  usualAnswers,
  usualCommand,
  usualNames,
  type Answer,
  type Names,
  type NetworkAttack,
} from './network-attacks.js';

export interface Result {
  readonly attack: string;
  readonly exits: (number | null)[];
  readonly stdout: string;
  readonly stderr: string;
  /** Addresses whose tripwire was touched. */
  readonly touched: string[];
  /** The number of connections to the proxy that closes every connection. */
  readonly closed: number;
}

const folder = process.argv[2] ?? '';
let names: Names = {};
let answers: Readonly<Record<string, Answer>> = {};
const asked = new Map<string, number>();
const touched: string[] = [];
let closed = 0;

addAddresses([...Object.values(addresses), ...forbidden.filter((one) => one !== '127.0.0.1')]);

function addressesOf(name: string, type: number): readonly string[] {
  const turns = names[name] ?? [];
  // A name is looked up twice, once for each address family: only the first counts.
  const turn = asked.get(name) ?? 0;
  if (type === 1) asked.set(name, turn + 1);
  const current = turns[Math.min(type === 1 ? turn : Math.max(turn - 1, 0), turns.length - 1)] ?? [];
  return current.filter((address) => isIP(address) === (type === 1 ? 4 : type === 28 ? 6 : 0));
}

await startNameServer(addressesOf);

function serve(request: IncomingMessage, response: ServerResponse): void {
  const { status = 200, headers, json } = answers[`${request.headers.host}${request.url?.split('?')[0]}`] ?? { status: 404 };
  // Each request has its own connection, so that the name is looked up each time.
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close', ...headers });
  response.end(json === undefined ? '' : JSON.stringify(json));
}
const tls = { key: readFileSync(path.join(folder, 'key.pem')), cert: readFileSync(path.join(folder, 'cert.pem')) };
for (const address of Object.values(addresses)) await listen(createHttps(tls, serve), { host: address, port: 443 });

for (const address of forbidden) {
  for (const port of [80, 443]) {
    const tripwire = createServer((socket) => {
      touched.push(address);
      socket.destroy();
    });
    await listen(tripwire, { host: address, port });
  }
}

/** A proxy that connects to the public server, and one that closes every connection. */
const proxy = createServer((socket: Socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => {
    const onward = connect(443, addresses.public, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => undefined);
  });
});
const closing = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => {
    closed += 1;
    socket.destroy();
  });
});
await listen(proxy, { host: addresses.public, port: 3128 });
await listen(closing, { host: addresses.public, port: 3129 });

async function run(line: string | readonly string[], { store, env }: { store: string; env: Readonly<Record<string, string>> }) {
  const child = piped(
    spawn(process.execPath, [command, ...(typeof line === 'string' ? line.split(' ') : line)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], MCP_AUTH_STORE: store, NODE_EXTRA_CA_CERTS: path.join(folder, 'ca.pem'), ...env },
    }),
  );
  const exit = await child.exit;
  return { exit, ...child.output };
}

async function tried(row: NetworkAttack, number: number): Promise<Result> {
  const { attack, commands = [usualCommand], env = {}, then = {} } = row;
  names = { ...usualNames, ...row.names };
  answers = { ...usualAnswers, ...row.answers };
  asked.clear();
  touched.length = 0;
  closed = 0;
  const results = [];
  for (const [index, line] of commands.entries()) {
    if (index > 0) {
      names = { ...names, ...then.names };
      answers = { ...answers, ...then.answers };
      asked.clear();
    }
    results.push(await run(line, { store: path.join(folder, `${number}`, 'mcp-servers.json'), env }));
  }
  const last = results.at(-1);
  const said = { stdout: last?.stdout ?? '', stderr: results.map(({ stderr }) => stderr).join('') };
  return { attack, exits: results.map(({ exit }) => exit), ...said, touched: [...touched], closed };
}

for (const [number, row] of networkAttacks.entries()) process.stdout.write(`${JSON.stringify(await tried(row, number))}\n`);
process.exit();
