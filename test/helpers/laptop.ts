/** The user's own machine: a home folder with logins and the built command. Its agent ends with the test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { command } from './build.js';
import { temporaryFolder } from './folder.js';
import { Person } from './person.js';

export interface Finished {
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: Promise<Finished>;
  /** Resolves once stdout and stderr match. Rejects if the command ends without it. */
  shown(pattern: RegExp): Promise<string>;
  write(text: string): void;
  end(): void;
  kill(signal: NodeJS.Signals): void;
}

export interface Laptop {
  readonly folder: string;
  readonly store: string;
  readonly env: Readonly<Record<string, string>>;
  /** The folder of the agent's sockets. */
  readonly sockets: string;
  run(words: readonly string[]): Promise<Finished>;
  start(words: readonly string[]): Running;
  /** Logs in to a server by its browser. */
  login(url: string, name: string): Promise<void>;
  /** The document of the store. */
  read(): { mcpServers: Record<string, { auth: Record<string, unknown> }> };
  /** Makes the stored token of a server look expired. */
  expire(name: string): void;
  /** The address that the browser was opened with, once it was. */
  openedUrl(): Promise<string>;
}

export function createLaptop(): Laptop {
  const folder = temporaryFolder();
  const at = (...names: string[]) => path.join(folder, ...names);
  mkdirSync(at('run'), { mode: 0o700 });
  mkdirSync(at('bin'));
  // What the package `open` runs on Linux. The test visits the address with a browser of its own.
  writeFileSync(
    at('bin/xdg-open'),
    `#!/bin/sh\nprintf '%s' "$1" > '${at('opened.part')}' && mv '${at('opened.part')}' '${at('opened')}'\n`,
    {
      mode: 0o755,
    },
  );
  const store = at('.config/mcp-auth/mcp-servers.json');
  const env = {
    PATH: `${at('bin')}:${process.env['PATH'] ?? ''}`,
    ...{ HOME: folder, XDG_RUNTIME_DIR: at('run'), TMPDIR: folder, DISPLAY: ':0', NO_COLOR: '1' },
  };
  const start = (words: readonly string[]) => startCommand([process.execPath, command, ...words], env);
  const run = (words: readonly string[]) => start(words).exit;
  onTestFinished(async () => {
    await run(['agent', 'stop']);
  });
  const read: Laptop['read'] = () => JSON.parse(readFileSync(store, 'utf8')) as ReturnType<Laptop['read']>;
  return {
    ...{ folder, store, env, run, start, read, sockets: at('run/mcp-auth') },
    login: async (url, name) => {
      const login = start(['login', url, '--name', name, '--no-browser', '--flow', 'paste', '--json']);
      const opened = await login.shown(/"url":"([^"]+)"/);
      await fetch(await new Person().approve(opened));
      const { exit, stderr } = await login.exit;
      if (exit !== 0) throw new Error(stderr);
    },
    expire: (name) => {
      const document = read();
      const auth = document.mcpServers[name]?.auth ?? {};
      auth['expires_at'] = Math.floor(Date.now() / 1000) - 10;
      writeFileSync(store, JSON.stringify(document), { mode: 0o600 });
    },
    openedUrl: async () => {
      while (!existsSync(at('opened'))) await wait(20);
      return readFileSync(at('opened'), 'utf8');
    },
  };
}

/** Starts a program without a terminal, until the test ends. */
export function startCommand([program = '', ...words]: readonly string[], env: Readonly<Record<string, string>>): Running {
  const child = spawn(program, words, { env: { ...env }, stdio: 'pipe', cwd: '/' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      output[name] += chunk.toString();
      for (const watch of watchers) watch();
    });
  }
  child.stdin.on('error', () => undefined);
  const exit = once(child, 'close').then(([code, signal]: (number | string)[]) => ({ exit: signal ?? code ?? 0, ...output }));
  return {
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    exit,
    shown: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(`${output.stdout}\n${output.stderr}`);
          if (match === null) return;
          watchers.delete(look);
          resolve(match[1] ?? match[0]);
        };
        watchers.add(look);
        look();
        void exit.then(({ stdout, stderr }) => reject(new Error(`ended without ${pattern}:\n${stdout}\n${stderr}`)));
      }),
    write: (text) => void child.stdin.write(text),
    end: () => void child.stdin.end(),
    kill: (signal) => void child.kill(signal),
  };
}
