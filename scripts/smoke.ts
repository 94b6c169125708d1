/**
 * Logs in with a built program (the package, the single file or the executable) and uses the login, with real servers and
 * an empty home folder.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { startAuthorizationServer } from '../test/helpers/authorization-server.js';
import { startMcpServer } from '../test/helpers/mcp-server.js';
import { Person } from '../test/helpers/person.js';
import { piped, type Piped, type PipedChild } from '../test/helpers/piped.js';

const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'smoke', version: '1' } };

/** The machine that a program is tried on, with an empty home folder. */
export interface SmokeMachine {
  /** Starts the program with these words. */
  start(words: readonly string[]): PipedChild & { readonly stdin: Writable };
  /** Where its store has to be; undefined if this process cannot reach it. */
  readonly store?: string;
}

/**
 * @param program the command line that starts the program on this machine.
 * @returns the number of checks.
 * @throws Error if a check fails.
 */
export async function smoke(program: readonly string[]): Promise<number> {
  const home = mkdtempSync(path.join(tmpdir(), 'mcp-auth-smoke-'));
  const [command = '', ...before] = program;
  try {
    return await smokeOn(
      {
        start: (words) => spawn(command, [...before, ...words], { cwd: home, env: { HOME: home, PATH: '' }, stdio: 'pipe' }),
        store: path.join(home, '.config/mcp-auth/mcp-servers.json'),
      },
      program.join(' '),
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** The same on any machine that shares the loopback interface. `name` is in the errors. */
export async function smokeOn(machine: SmokeMachine, name: string): Promise<number> {
  const authorizationServer = await startAuthorizationServer();
  const mcpServer = await startMcpServer({ authorizationServer });
  const start = (...words: string[]) => {
    const child = machine.start(words);
    return { ...piped(child), stdin: child.stdin };
  };
  let tried = 0;
  const expect = (what: string, isSo: boolean, seen: unknown) => {
    tried += 1;
    if (!isSo) throw new Error(`${name}: ${what}: ${JSON.stringify(seen)}`);
  };
  /** Runs a command and checks that it exits with 0. */
  const done = async (...words: string[]) => {
    const { stdin, exit, output } = start(...words);
    stdin.end();
    expect(`${words.join(' ')} exits with 0`, (await exit) === 0, output);
    return output;
  };
  try {
    expect('--help lists login', (await done('--help')).stdout.includes('login'), '');
    const login = start('login', mcpServer.url, '--name', 'demo', '--no-browser', '--flow', 'paste', '--qr');
    const person = new Person();
    login.stdin.end(`${await person.approve(await login.shown(/^(http\S+)$/m))}\n`);
    expect('a login by paste', (await login.exit) === 0, login.output);
    expect('the login prints a QR code', /[▀▄█]/.test(login.output.stderr), login.output.stderr);
    const device = start('login', mcpServer.url, '--name', 'demo', '--no-browser', '--flow', 'device', '--json');
    const { verification_uri: page, user_code: userCode } = await eventOf(device, 'user_code');
    await person.approveDevice(String(page), String(userCode));
    expect('a login by device code', (await device.exit) === 0, device.output);

    const { stdout: token } = await done('token', 'demo');
    const known = await authorizationServer.inspect(token.trim());
    expect('the audience of the token is the server', known?.audience === mcpServer.url, known);
    const { stdout: headers } = await done('headers', 'demo');
    expect('the headers contain the token', headers === `${JSON.stringify({ Authorization: `Bearer ${token.trim()}` })}\n`, headers);
    await done('refresh', 'demo');
    expect('a new token after the refresh', (await done('token', 'demo')).stdout !== token, token);
    const { store } = machine;
    if (store !== undefined) {
      // Another process renews an expired token: the program starts itself.
      const { stdout: beforeExpiry } = await done('token', 'demo');
      writeFileSync(store, readFileSync(store, 'utf8').replace(/"expires_at": \d+/, '"expires_at": 1'));
      expect('a new token after the expiry', (await done('token', 'demo')).stdout !== beforeExpiry, beforeExpiry);
    }
    expect('list prints the login', (await done('list')).stdout.includes('demo'), '');
    expect('connect prints the login', (await done('connect', 'cursor', 'demo')).stderr.includes('demo'), '');
    const bridge = start('bridge', 'demo');
    bridge.stdin.end(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: initialize })}\n`);
    await bridge.exit;
    expect('the bridge responds', bridge.output.stdout.includes('"serverInfo"'), bridge.output);
    if (store !== undefined) expect('only the user can read the store', (statSync(store).mode & 0o777) === 0o600, store);
    await done('logout', 'demo');
    const { stdin, exit } = start('token', 'demo');
    stdin.end();
    expect('no login after the logout', (await exit) === 3, '');
    return tried;
  } finally {
    await mcpServer.close();
    await authorizationServer.close();
  }
}

/** Waits for the first `--json` event of a process that has this member. */
async function eventOf({ child, output, exit }: Piped<PipedChild>, member: string): Promise<Record<string, unknown>> {
  for (;;) {
    const events = output.stdout.split('\n').slice(0, -1);
    const found = events.map((line) => JSON.parse(line) as Record<string, unknown>).find((event) => member in event);
    if (found) return found;
    const ended = await Promise.race([exit.then(() => true), new Promise((resolve) => child.stdout?.once('data', () => resolve(false)))]);
    if (ended === true) throw new Error(`It exited without ${member}: ${output.stderr}`);
  }
}
