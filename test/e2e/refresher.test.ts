/** The process that renews tokens, as it is built: interrupted, and in a container. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { command } from '../helpers/build.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { describeWith } from '../helpers/installed.js';
import { listening } from '../helpers/listening.js';
import { loginAt } from '../helpers/login-at.js';
import { piped } from '../helpers/piped.js';

/** Logins that have expired, at a server that answers when it is told to. */
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
  refresh.child.kill('SIGINT');
  expect(await refresh.exit).toBe(130);
  // The other process hears of it by then.
  await new Promise((resolve) => setTimeout(resolve, 300));
  answer();
  await expect.poll(() => names.filter((name) => isRenewed(store, name)).length, { timeout: 10_000 }).toBe(asked());
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(asked()).toBeLessThanOrEqual(16);
});

describeWith('bwrap', 'in a container, whose processes all end with the first one', (bwrap) => {
  test.each(['token', 'refresh'])('%s is interrupted: it ends when the new token is stored', async (word) => {
    const { store, reached, answer } = await slowServer(['demo']);
    const mounts = ['--dev-bind', '/', '/', '--proc', '/proc', '--unshare-pid', '--as-pid-1'];
    const container = piped(spawn(bwrap, [...mounts, process.execPath, command, word, 'demo', '--store', store]));
    await reached;
    for (const pid of processesWith(store)) process.kill(pid, 'SIGTERM');
    setTimeout(answer, 500);
    expect(await container.exit, container.output.stderr).toBe(130);
    expect(isRenewed(store, 'demo')).toBe(true);
  });
});

/** The commands in containers that have that store among their words, by the numbers that they have here. */
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
