/** Windows as far as wine is one: a machine of its own on which Node for Windows starts programs. */
import { EventEmitter, once } from 'node:events';
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { PipedChild } from '../../test/helpers/piped.js';

const run = promisify(execFile);

/** Milliseconds to wait for one step of setting up wine, which takes a few seconds. */
const setUpTimeout = 90_000;

/** What starter.mjs says about a program: some of its output, or its exit code. */
interface Said {
  readonly id: number;
  readonly name?: 'stdout' | 'stderr';
  readonly text?: string;
  readonly code?: number | null;
}

export interface WineMachine {
  /** Starts a program of Windows. The first word `node` is this machine's Node. */
  start(words: readonly string[], env?: Readonly<Record<string, string>>): PipedChild & { readonly stdin: Writable };
  /** Ends all its processes. */
  close(): Promise<void>;
}

/** Why wine cannot be used here; undefined if it can. */
export async function explainMissingWine(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it needs Linux on x64';
  return run('wine', ['--version'], { timeout: setUpTimeout }).then(
    () => undefined,
    () => 'wine is not installed (Debian: apt-get install --no-install-recommends wine wine64)',
  );
}

/** The path by which Windows reaches a file of Linux. */
export function toWindowsPath(file: string): string {
  return `Z:${path.resolve(file).replaceAll('/', '\\')}`;
}

/** @param folder for its drive C, and what it prints itself. @param node the path of a node.exe. */
export async function startWine({ folder, node }: { folder: string; node: string }): Promise<WineMachine> {
  mkdirSync(folder, { recursive: true });
  // Variables of this machine, such as NODE_EXTRA_CA_CERTS, name files that Windows does not have.
  const env = { PATH: process.env['PATH'], HOME: folder, WINEPREFIX: path.join(folder, 'wine'), WINEDEBUG: '-all' };
  const setUp = (words: string[]) => run(words[0] ?? '', words.slice(1), { env, timeout: setUpTimeout });
  await setUp(['wineboot', '--init']);
  // Node refuses to start on what wine is by default.
  await setUp(['wine', 'winecfg', '-v', 'win10']);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const log = path.join(folder, 'starter.log');
  const output = openSync(log, 'w');
  const words = [node, toWindowsPath(path.join(import.meta.dirname, 'starter.mjs')), String(port)];
  const starter = spawn('wine', words, { env, stdio: ['ignore', output, output] });
  const ended = once(starter, 'close');
  const [socket] = (await Promise.race([
    once(server, 'connection'),
    ended.then(() => Promise.reject(new Error(`Node for Windows did not start: ${readFileSync(log, 'utf8')}`))),
  ])) as [Socket];
  return {
    start: createStart(socket),
    close: async () => {
      socket.destroy();
      server.close();
      await ended;
      // Services of wine would stay for some seconds.
      await setUp(['wineserver', '--kill']).catch(() => undefined);
    },
  };
}

function createStart(socket: Socket): WineMachine['start'] {
  const say = (message: object) => void socket.write(`${JSON.stringify(message)}\n`);
  const children = new Map<number, { take(said: Said): void }>();
  createInterface({ input: socket }).on('line', (line) => {
    const said = JSON.parse(line) as Said;
    children.get(said.id)?.take(said);
  });
  return (words, env = {}) => {
    const id = children.size;
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const stdin = new Writable({
      decodeStrings: false,
      write: (text: string | Buffer, _, done) => {
        say({ id, text: text.toString() });
        done();
      },
      final: (done) => {
        say({ id });
        done();
      },
    });
    const child = Object.assign(new EventEmitter(), { stdin, stdout, stderr });
    children.set(id, {
      take: ({ name, text, code }) => {
        if (name !== undefined) child[name].write(text ?? '');
        if (code !== undefined) child.emit('close', code);
      },
    });
    say({ id, words, env });
    return child;
  };
}
