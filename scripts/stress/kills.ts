/** Kills commands while they renew a token, and counts the lost logins. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../../src/machine/clock.js';
import { withLock } from '../../src/store/lock.js';
import { command } from '../../test/helpers/build.js';
import { startRotatingServer, type RotatingServer } from './rotating-server.js';

/** What is killed: the command, its process group, or the command and every process that it has started. */
type Aim = 'alone' | 'group' | 'all';

const commands: readonly (readonly string[])[] = [
  ['refresh', 'demo'],
  ['token', 'demo'],
  ['headers', 'demo'],
  ['bridge', 'demo'],
];
/** Milliseconds until the token endpoint responds; each is tried. */
const delays = [0, 300, 5_000];
/** Milliseconds that a command runs in addition to that. */
const ownDuration = 400;
/** Concurrent trials. */
const concurrency = 5;

interface Trial {
  readonly aim: Aim;
  readonly words: readonly string[];
  readonly delay: number;
  /** Milliseconds from the start to the kill; with `afterResponse`, from the server's response. */
  readonly killAt: number;
  readonly afterResponse?: boolean;
  /** Whether another process holds the lock of the store during the trial. */
  readonly locked?: boolean;
}

export interface Tally {
  readonly trials: number;
  /** Trials in which the refresh request had reached the server before the kill. */
  readonly reached: number;
  readonly lost: number;
  /** Lost logins for which the server had sent its response before the kill. */
  readonly lostAfterResponse: number;
}

export interface Killing {
  readonly folder: string;
  readonly random: () => number;
}

/** Kills commands at random moments of their run, until in `wanted` trials the refresh request had reached the server. */
export async function killCommands({ aims, wanted }: { aims: readonly Aim[]; wanted: number }, killing: Killing): Promise<Tally> {
  const kinds = commands.flatMap((words) => delays.flatMap((delay) => aims.map((aim) => ({ words, delay, aim }))));
  let next = 0;
  return tallied(killing, ({ reached }) => {
    if (reached >= wanted) return undefined;
    const kind = kinds[next++ % kinds.length] ?? kinds[0];
    return kind && { ...kind, killAt: killing.random() * (ownDuration + kind.delay) };
  });
}

/** Kills all processes half a second after the response, while the store is locked. By then, the response must be on disk. */
export async function killBehindLock(count: number, killing: Killing): Promise<Tally> {
  return tallied(killing, ({ trials }) =>
    trials >= count ? undefined : { aim: 'all', words: ['refresh', 'demo'], delay: 1_000, killAt: 500, afterResponse: true, locked: true },
  );
}

async function tallied(killing: Killing, nextTrial: (tally: Tally) => Trial | undefined): Promise<Tally> {
  const server = await startRotatingServer();
  let tally: Tally = { trials: 0, reached: 0, lost: 0, lostAfterResponse: 0 };
  let begun = 0;
  const work = async () => {
    for (;;) {
      const trial = nextTrial({ ...tally, trials: begun });
      if (trial === undefined) return;
      begun += 1;
      const { isReached, hasResponded, isLost } = await tryOnce(trial, { server, ...killing });
      tally = {
        trials: tally.trials + 1,
        reached: tally.reached + Number(isReached),
        lost: tally.lost + Number(isLost),
        lostAfterResponse: tally.lostAfterResponse + Number(isLost && hasResponded),
      };
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  await server.close();
  return tally;
}

async function tryOnce(trial: Trial, { server, folder }: Killing & { server: RotatingServer }) {
  const home = mkdtempSync(path.join(folder, 'kill-'));
  const store = path.join(home, 'mcp-servers.json');
  const { entry, family } = server.login(trial.delay);
  writeFileSync(store, JSON.stringify({ mcpServers: { demo: entry } }), { mode: 0o600 });
  const env = { PATH: process.env['PATH'], HOME: home };
  const start = (words: readonly string[], detached: boolean) =>
    spawn(process.execPath, [command, ...words, '--store', store], { env, detached, stdio: ['pipe', 'ignore', 'ignore'] });

  const isOver = new AbortController();
  const child = start(trial.words, true);
  const ended = once(child, 'close');
  child.stdin.on('error', () => undefined);
  if (trial.words[0] === 'bridge') child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} })}\n`);
  // Lock after the request has arrived: before it, the command takes the lock itself, to check that the disk has room.
  if (trial.locked) while (family.refreshedAt === undefined) await wait(5);
  const held = trial.locked ? holdStore(store, isOver.signal) : undefined;
  await held?.taken;
  if (trial.afterResponse) while (family.respondedAt === undefined) await wait(5);
  await Promise.race([wait(trial.killAt), ended]);
  const isAlive = child.exitCode === null && child.signalCode === null;
  const isReached = isAlive && family.refreshedAt !== undefined;
  const hasResponded = family.respondedAt !== undefined;
  if (trial.aim === 'all') for (const pid of processesOf(home)) kill(pid);
  else if (isAlive && child.pid !== undefined) kill(trial.aim === 'group' ? -child.pid : child.pid);
  await ended;
  isOver.abort();
  await held?.released;
  // Processes that outlive the command exit by themselves.
  while (processesOf(home).length > 0) await wait(20);

  const after = start(['refresh', 'demo'], false);
  after.stdin.end();
  const [code] = (await once(after, 'close')) as [number | null];
  const isLost = code !== 0 || family.isRevoked;
  rmSync(home, { recursive: true, force: true });
  return { isReached, hasResponded, isLost };
}

/** Holds the lock of the store, as another process that writes to it. */
function holdStore(store: string, signal: AbortSignal) {
  let taken: () => void = () => undefined;
  const isTaken = new Promise<void>((resolve) => (taken = resolve));
  const released = withLock(`${store}.lock`, { timeout: 10_000, clock: systemClock }, async () => {
    taken();
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  });
  return { taken: isTaken, released };
}

/** Finds the processes that were started with this home folder. */
function processesOf(home: string): number[] {
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

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has already ended.
  }
}
