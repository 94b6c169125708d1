/** Records a session with the demo's servers in a real terminal. */
import { mkdtempSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { command } from '../../test/helpers/build.js';
import { Person } from '../../test/helpers/person.js';
import { shortenPauses, type Cast } from './cast.js';

const columns = 92;
const rows = 36;
const prompt = '$ ';
/** Milliseconds between two keys, and before a command is typed. */
const keyDelay = 45;
const readingDelay = 1_500;
/** Milliseconds for the whole recording, which takes about twenty seconds. */
const timeout = 300_000;

/** Logs in to the MCP server at `url` by device code, and uses the login. */
export async function record(url: string): Promise<Cast> {
  const pty = await import('@lydell/node-pty');
  const home = mkdtempSync(path.join(tmpdir(), 'you-'));
  mkdirSync(path.join(home, 'bin'));
  symlinkSync(command, path.join(home, 'bin', 'mcp-auth'));
  const shell = pty.spawn('bash', ['--norc', '--noprofile', '-i'], {
    ...{ cols: columns, rows, cwd: home, name: 'xterm-256color' },
    env: {
      HOME: home,
      PATH: `${path.join(home, 'bin')}:${process.env['PATH']}`,
      PS1: prompt,
      TERM: 'xterm-256color',
      LANG: 'C.UTF-8',
      HISTFILE: '/dev/null',
      BASH_SILENCE_DEPRECATION_WARNING: '1',
    },
  });
  const events: [number, string][] = [];
  const began = performance.now();
  let printed = '';
  let isOver = false;
  let waiting: (() => void)[] = [];
  const wake = () => {
    for (const one of waiting.splice(0)) one();
  };
  shell.onData((text) => {
    events.push([(performance.now() - began) / 1000, text]);
    printed += text;
    wake();
  });
  const ended = new Promise<void>((resolve) => {
    shell.onExit(() => {
      isOver = true;
      wake();
      resolve();
    });
  });
  // bash does not see a SIGHUP that comes just before it waits for input.
  const kill = () => shell.kill('SIGKILL');
  // Only a shell that hangs is killed. A busy machine may be slow.
  const hung = setTimeout(kill, timeout);
  const seen = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(printed);
      if (match) {
        printed = printed.slice(match.index + match[0].length);
        return match;
      }
      if (isOver) throw new Error(`The recording never showed ${pattern}; it showed: ${printed.slice(-2000)}`);
      await new Promise<void>((resolve) => (waiting = [...waiting, resolve]));
    }
  };
  const type = async (line: string) => {
    await wait(readingDelay);
    for (const key of line) {
      shell.write(key);
      await wait(keyDelay);
    }
    shell.write('\r');
    await seen(/\r\n/);
  };
  const prompted = () => seen(/\$ $/);

  try {
    await prompted();
    await type(`mcp-auth login ${url} --name example --no-browser`);
    const [, page = ''] = await seen(/(http:\S+\/device)\s/);
    const [, code = ''] = await seen(/([A-Z]{4}-[A-Z]{4})/);
    // Time for the viewer to read the code.
    await wait(4_000);
    await new Person().approveDevice(page, code);
    await prompted();
    await type('mcp-auth list');
    await prompted();
    await type('mcp-auth connect claude-code example');
    await prompted();
    await type('mcp-auth doctor | tail -3');
    await prompted();
    return shortenPauses({ columns, rows, events });
  } finally {
    clearTimeout(hung);
    kill();
    await ended;
    rmSync(home, { recursive: true, force: true });
  }
}

/** Replaces or removes what differs in each recording: codes, ports, times, folders, the QR code. */
export function removeVolatileText(lines: readonly string[]): string[] {
  return lines
    .map((line) =>
      line
        .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
        .replace(/[A-Z]{4}-[A-Z]{4}/g, 'CODE')
        .replace(/\/you-\w+/g, '/you')
        .replace(/\d+ minutes|1 hour/g, 'TIME')
        .replace(/\d+:\d\d left/, 'TIME left')
        .replace(/ {2,}/g, '  ')
        .trimEnd(),
    )
    .filter((line) => line !== '' && !/[█▀▄]{4}/.test(line));
}
