/** Records a session in a real terminal, with the demo's servers. */
import { setTimeout as wait } from 'node:timers/promises';
import { shortenPauses, type Cast } from './cast.js';

/** A picture to record. recordings.ts lists all of them. */
export interface Recording {
  /** It is saved as docs/NAME.cast and docs/NAME.svg. */
  readonly name: string;
  /** What it shows, for readers who cannot see it. */
  readonly title: string;
  readonly rows: number;
  /** Why it cannot be recorded on this machine; undefined if it can. */
  whyNot(): string | undefined;
  /** Starts what it needs. `url` is an MCP server. */
  prepare(url: string): Promise<Stage>;
}

export interface Stage {
  /** The program that runs in the terminal. */
  readonly words: readonly string[];
  readonly folder: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Types what is to be seen. The recording ends with the next prompt. */
  readonly play: (terminal: TypedTerminal) => Promise<void>;
  /** Ends what was started. Called after the program has ended. */
  close(): Promise<void>;
}

export interface TypedTerminal {
  /** Types lines as a person does, each once the shell has printed its prompt. */
  readonly type: (...lines: readonly string[]) => Promise<void>;
  /** Resolves once the output since the last match has this pattern. Rejects if the program ends without it. */
  readonly seen: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Gives the viewer time to read. */
  readonly pause: () => Promise<void>;
}

const columns = 92;
/** Milliseconds between two keys, before a command is typed, and for something that the viewer must read. */
const keyDelay = 45;
const readingDelay = 1_500;
const pauseDelay = 4_000;
/** Milliseconds for a whole recording, which takes about twenty seconds. */
const timeout = 300_000;

/** The variables of a shell in a recording. */
export function createVariables({ home, programs, prompt }: { home: string; programs: string; prompt: string }): Record<string, string> {
  return {
    HOME: home,
    PATH: `${programs}:${process.env['PATH'] ?? ''}`,
    PS1: prompt,
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    HISTFILE: '/dev/null',
    BASH_SILENCE_DEPRECATION_WARNING: '1',
  };
}

/** A shell that reads no configuration. */
export const shell = ['bash', '--norc', '--noprofile', '-i'] as const;

/** Records a session with the MCP server at `url`. */
export async function record(recording: Recording, url: string): Promise<Cast> {
  const { title, rows } = recording;
  const stage = await recording.prepare(url);
  try {
    return shortenPauses({ title, columns, rows, events: await recordStage(stage, rows) });
  } finally {
    await stage.close();
  }
}

async function recordStage({ words: [program = '', ...words], folder, variables, play }: Stage, rows: number): Promise<Cast['events']> {
  const pty = await import('@lydell/node-pty');
  const child = pty.spawn(program, words, { cols: columns, rows, cwd: folder, name: 'xterm-256color', env: { ...variables } });
  const events: [number, string][] = [];
  const began = performance.now();
  let printed = '';
  let isOver = false;
  let waiting: (() => void)[] = [];
  const wake = () => {
    for (const one of waiting.splice(0)) one();
  };
  child.onData((text) => {
    events.push([(performance.now() - began) / 1000, text]);
    printed += text;
    wake();
  });
  const ended = new Promise<void>((resolve) => {
    child.onExit(() => {
      isOver = true;
      wake();
      resolve();
    });
  });
  // bash does not see a SIGHUP that comes just before it waits for input.
  const kill = () => child.kill('SIGKILL');
  // Only a shell that hangs is killed. A busy machine may be slow.
  const hung = setTimeout(kill, timeout);
  const seen: TypedTerminal['seen'] = async (pattern) => {
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
  const typeLine = async (line: string) => {
    await seen(/\$ $/);
    await wait(readingDelay);
    for (const key of line) {
      child.write(key);
      await wait(keyDelay);
    }
    child.write('\r');
    await seen(/\r\n/);
  };
  const type = async (...lines: readonly string[]) => {
    for (const line of lines) await typeLine(line);
  };
  try {
    await play({ type, seen, pause: () => wait(pauseDelay) });
    await seen(/\$ $/);
    return [...events];
  } finally {
    clearTimeout(hung);
    kill();
    await ended;
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
        .replace(/\d+ (?:second|minute|hour)s?/g, 'TIME')
        .replace(/\d+:\d\d left/, 'TIME left')
        .replace(/ {2,}/g, '  ')
        .trimEnd(),
    )
    .filter((line) => line !== '' && !/[█▀▄]{4}/.test(line));
}
