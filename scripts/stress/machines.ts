/**
 * Machines of a fleet on this one: each has its own network, host name and processes, so that no machine sees whether a process of
 * another one has ended. All are connected by a switch, which has a network namespace too. Everything of a machine ends with its
 * first process, and that one when this process ends.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { command } from '../../test/helpers/build.js';
import { listen, type Listening } from '../../test/helpers/listen.js';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has printed to stderr so far. */
  readonly said: () => string;
}

export interface Machine {
  readonly name: string;
  /** The address that a server on this machine sees a request of that machine come from. */
  readonly address: string;
  /** Runs the built command, with a home folder that is not shared with another machine. */
  start(words: readonly string[], options: { readonly store: string; readonly home?: string | undefined }): Started;
}

export interface Machines {
  readonly list: readonly [Machine, ...Machine[]];
  /** The address at which the machines reach an engine, besides 127.0.0.1 for this machine. */
  readonly engineHost: string;
  /** Why there are no namespaces: then the processes all run on this machine. */
  readonly problem?: string;
  /** Takes the network of a machine away, or of the engines, or gives it back. Without namespaces, does nothing. */
  setNetwork(of: Machine | 'engines', isUp: boolean): void;
  close(): Promise<void>;
}

export interface MachinesOptions {
  readonly folder: string;
  readonly count: number;
  /** The ports of servers on 127.0.0.1 of this machine, which are there in each machine, too. */
  readonly ports: readonly number[];
}

/** Networks for benchmarks (RFC 2544): one to the web, one to the engines. */
const webNetwork = '198.18.1';
const engineNetwork = '198.18.2';

export async function startMachines(options: MachinesOptions): Promise<Machines> {
  const problem = findProblem();
  return problem === undefined ? connectMachines(options) : createProcessesOnly(options, problem);
}

function findProblem(): string | undefined {
  try {
    execFileSync('unshare', [...unshared, 'ip', 'link', 'add', 'one', 'type', 'bridge'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return undefined;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: Buffer };
    const [line = ''] = (stderr?.toString() ?? '').split('\n');
    return line === '' ? message : line;
  }
}

const unshared = ['--net', '--uts', '--pid', '--mount-proc', '--fork', '--kill-child'];

function createProcessesOnly({ folder, count }: MachinesOptions, problem: string): Machines {
  const list = Array.from({ length: count }, (_, index): Machine => {
    const name = `machine-${index + 1}`;
    return { name, address: '127.0.0.1', start: createStart([], path.join(folder, name)) };
  });
  return { list: atLeastOne(list), engineHost: '127.0.0.1', problem, setNetwork: () => undefined, close: () => Promise.resolve() };
}

async function connectMachines({ folder, count, ports }: MachinesOptions): Promise<Machines> {
  const parts: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const part of parts.splice(0).reverse()) await part.close();
  };
  try {
    const hub = await startNamespace('switch');
    parts.push(hub);
    for (const bridge of ['web', 'engines']) hub.run(`ip link add ${bridge} type bridge && ip link set ${bridge} up`);
    // Names of this machine's links, which must not be those of another run.
    const [webLink, engineLink] = [`web${process.pid}`, `eng${process.pid}`];
    plug(hub, { name: webLink, address: `${webNetwork}.1`, bridge: 'web', pid: process.pid });
    plug(hub, { name: engineLink, address: `${engineNetwork}.1`, bridge: 'engines', pid: process.pid });
    for (const port of ports) parts.push(await forwardByMachine(port));
    const namespaces = new Map<string, Namespace>();
    const list: Machine[] = [];
    for (let number = 11; number < 11 + count; number += 1) {
      const name = `machine-${number - 10}`;
      const namespace = await startNamespace(name);
      parts.push(namespace);
      namespaces.set(name, namespace);
      plug(hub, { name: 'web', address: `${webNetwork}.${number}`, bridge: 'web', pid: namespace.pid });
      plug(hub, { name: 'engines', address: `${engineNetwork}.${number}`, bridge: 'engines', pid: namespace.pid });
      await startForwarder(namespace, ports);
      list.push({ name, address: `127.0.0.${number}`, start: createStart(namespace.enter, path.join(folder, name)) });
    }
    return {
      list: atLeastOne(list),
      engineHost: `${engineNetwork}.1`,
      setNetwork: (of, isUp) => {
        const state = isUp ? 'up' : 'down';
        if (of === 'engines') execFileSync('ip', ['link', 'set', engineLink, state]);
        else namespaces.get(of.name)?.run(`ip link set web ${state} && ip link set engines ${state}`);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Namespace {
  /** Of a process in it. */
  readonly pid: number;
  /** The words before a command that runs in it. */
  readonly enter: readonly string[];
  /** Runs a shell script in its network. */
  run(script: string): void;
  close(): Promise<void>;
}

async function startNamespace(name: string): Promise<Namespace> {
  // The first process ends with its input. Meanwhile it waits, which collects the processes that have lost their parent.
  const script = 'exec 3<&0; hostname "$0"; ip link set lo up; echo ready; cat <&3 & wait $!';
  const child = spawn('unshare', [...unshared, 'sh', '-c', script, name], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(createInterface({ input: child.stdout }), 'line');
  const { pid = 0 } = child;
  const enter = ['nsenter', '-t', `${pid}`, '--net', '--uts', '--mount', `--pid=/proc/${pid}/ns/pid_for_children`, '--'];
  return {
    pid,
    enter,
    // Only in its network, so that the processes of all others can be named.
    run: (line) => void execFileSync('nsenter', ['-t', `${pid}`, '--net', 'sh', '-c', line]),
    close: async () => {
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}

interface Plug {
  readonly name: string;
  readonly address: string;
  readonly bridge: string;
  /** Of a process of the machine that gets the link. */
  readonly pid: number;
}

/** Connects a machine to the switch. */
function plug(hub: Namespace, { name, address, bridge, pid }: Plug): void {
  const port = `p${address.split('.').slice(2).join('-')}`;
  hub.run(`ip link add ${port} type veth peer name ${name} netns ${pid} && ip link set ${port} master ${bridge} up`);
  const words = ['-t', `${pid}`, '--net', 'ip'];
  execFileSync('nsenter', [...words, 'addr', 'add', `${address}/24`, 'dev', name]);
  execFileSync('nsenter', [...words, 'link', 'set', name, 'up']);
}

/**
 * Forwards what the machines send to a port of this one to 127.0.0.1: the client accepts plain http for no other address. The server
 * sees another address for each machine.
 */
async function forwardByMachine(port: number): Promise<Listening> {
  const server = createServer((from) => {
    const localAddress = `127.0.0.${from.remoteAddress?.split('.').at(-1) ?? '1'}`;
    const to = connect({ host: '127.0.0.1', port, localAddress });
    for (const [one, other] of [[from, to] as const, [to, from] as const]) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  return listen(server, { host: `${webNetwork}.1`, port });
}

async function startForwarder({ enter }: Namespace, ports: readonly number[]): Promise<void> {
  const script = path.join(import.meta.dirname, 'forwarder.mjs');
  const [first = '', ...words] = [...enter, process.execPath, script, `${webNetwork}.1`, ...ports.map(String)];
  const child = spawn(first, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(createInterface({ input: child.stdout }), 'line');
}

/** @param enter the words before a command that runs on the machine; none for this one. */
export function createStart(enter: readonly string[], ownHome: string): Machine['start'] {
  mkdirSync(ownHome, { recursive: true });
  return (words, { store, home = ownHome }) => {
    const [first = '', ...more] = [...enter, process.execPath, command, ...words];
    const env = { PATH: process.env['PATH'], HOME: home, MCP_AUTH_STORE: store };
    const child = spawn(first, more, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...output })));
    return { child, ended, said: () => output.stderr };
  };
}

function atLeastOne(list: readonly Machine[]): Machines['list'] {
  const [first, ...more] = list;
  if (first === undefined) throw new Error('A fleet needs a machine.');
  return [first, ...more];
}

/** Finds the processes that were started with this home folder, on any machine. */
export function processesOf(home: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // The environment of a zombie process is empty.
      return readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(`HOME=${home}`) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** Sends a signal to the processes that were started with this home folder. */
export function signalAll(home: string, signal: NodeJS.Signals): void {
  for (const pid of processesOf(home)) {
    try {
      // nsenter stops by itself when its child does. If it is stopped twice, it has to be continued twice.
      if (signal === 'SIGSTOP' && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'nsenter') continue;
      process.kill(pid, signal);
    } catch {
      // It has already ended.
    }
  }
}
