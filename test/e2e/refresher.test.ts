/** The process that renews tokens, as it is built: interrupted, and in a container. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { command } from '../helpers/build.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { describeWith } from '../helpers/installed.js';
import { listening } from '../helpers/listening.js';
import { loginAt } from '../helpers/login-at.js';
import { piped } from '../helpers/piped.js';

/** Expired logins at a server that responds when the test calls `answer`. */
async function slowServer(names: readonly string[]) {
  let asked = 0;
  let hasCome: () => void = () => undefined;
  let answer: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => (hasCome = resolve));
  const held = new Promise<void>((resolve) => (answer = resolve));
  const { origin } = await listening((_, response) => {
    const count = (asked += 1);
    hasCome();
    void held.then(() => {
      const body = { access_token: `new-${count}`, token_type: 'Bearer', expires_in: 3600, refresh_token: `r-${count}` };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  const entries = names.map((name) => {
    const url = `${origin}/${name}`;
    return [name, { type: 'http', url, auth: loginAt({ origin, url }, { token: `old-${name}`, expires_at: 1, refresh_token: name }) }];
  });
  return { store: temporaryStore({ mcpServers: Object.fromEntries(entries) }), reached, answer, asked: () => asked };
}

function isRenewed(store: string, name: string): boolean {
  return String(readStore(store).mcpServers[name]?.auth.token).startsWith('new-');
}

test('refresh --all, interrupted: what is on its way is stored, and nothing more is begun', async () => {
  const names = Array.from({ length: 40 }, (_, at) => `s${at}`);
  const { store, reached, answer, asked } = await slowServer(names);
  const refresh = piped(spawn(process.execPath, [command, 'refresh', '--all', '--store', store]));
  await reached;
  const renewing = childrenOf(refresh.child.pid ?? 0);
  refresh.child.kill('SIGINT');
  // By now it has sent a stop message to the process that renews, which receives that before the responses.
  expect(await refresh.exit).toBe(130);
  answer();
  await expect.poll(() => names.filter((name) => isRenewed(store, name)).length, { timeout: 10_000 }).toBe(asked());
  await expect.poll(() => renewing.filter(isRunning), { timeout: 10_000 }).toEqual([]);
  expect(asked()).toBeLessThanOrEqual(16);
});

describeWith('bwrap', 'in a container, whose processes all end with the first one', (bwrap) => {
  test.each(['token', 'refresh'])('%s is interrupted: it ends when the new token is stored', async (word) => {
    const { store, reached, answer } = await slowServer(['demo']);
    const mounts = ['--dev-bind', '/', '/', '--proc', '/proc', '--unshare-pid', '--as-pid-1'];
    const container = piped(spawn(bwrap, [...mounts, process.execPath, command, word, 'demo', '--store', store]));
    await reached;
    const commands = processesWith(store);
    for (const pid of commands) process.kill(pid, 'SIGTERM');
    await expect.poll(() => commands.every(hasHandledSignals), { timeout: 10_000 }).toBe(true);
    answer();
    expect(await container.exit, container.output.stderr).toBe(130);
    expect(isRenewed(store, 'demo')).toBe(true);
  });
});

/** The processes that a process has started, where the system lists them. */
function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  return existsSync(file) ? readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number) : [];
}

/** A process that has ended has an empty command line, even while it is a zombie. */
function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
}

/** Whether a process has no pending signal and is waiting again, or has ended. */
function hasHandledSignals(pid: number): boolean {
  if (!isRunning(pid)) return true;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return /^State:\tS/m.test(status) && /^ShdPnd:\t0+$/m.test(status);
}

/** PIDs, outside the container, of the commands with this store in their arguments. */
function processesWith(store: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return words[1] === command && words.includes(store) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}
