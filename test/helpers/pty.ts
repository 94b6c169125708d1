/** The built command in a pseudo-terminal, and what is on its screen. */
import pty from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { command } from './build.js';
import { completeMatch } from './complete.js';
import type { Cell } from './scan.js';

export interface TerminalRun {
  /** Resolves to the exit code when the process has ended and all of its output is on the screen. */
  readonly exit: Promise<number>;
  type(text: string): void;
  /** What is on the screen and above it, wrapped lines joined. */
  lines(): string[];
  /** The characters of the window, each with its colours, in a terminal whose own background is dark or light. */
  cells(background: 'dark' | 'light'): Cell[][];
  /** The first match in those lines, now or later. Rejects when the command ends without it. */
  shown(pattern: RegExp): Promise<string>;
}

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Record<string, string>;
}

/** Runs `mcp-auth …words` as if typed into a window of that size. */
export function runInTerminal(words: string[], { columns = 100, rows = 40, env = {} }: TerminalOptions = {}): TerminalRun {
  return spawnInTerminal(process.execPath, [command, ...words], { columns, rows, env });
}

export function spawnInTerminal(file: string, words: string[], { columns = 100, rows = 40, env = {} }: TerminalOptions): TerminalRun {
  const screen = new xterm.Terminal({ cols: columns, rows, scrollback: 1000, allowProposedApi: true });
  const child = pty.spawn(file, words, { cols: columns, rows, name: 'xterm-256color', env: { PATH: process.env['PATH'] ?? '', ...env } });
  let changed: (() => void)[] = [];
  let code: number | undefined;
  const wake = () => {
    for (const one of changed.splice(0)) one();
  };
  child.onData((data) => screen.write(data, wake));
  const exit = new Promise<number>((resolve) => {
    child.onExit(({ exitCode }) => {
      screen.write('', () => {
        code = exitCode;
        resolve(exitCode);
        wake();
      });
    });
  });

  /** The lines, and which of them the cursor is in: that one may be half written. */
  const read = () => {
    const { active } = screen.buffer;
    const all: string[] = [];
    let open = 0;
    for (let row = 0; row < active.length; row += 1) {
      const line = active.getLine(row);
      const text = line?.translateToString(true) ?? '';
      if (line?.isWrapped) all[all.length - 1] += text;
      else all.push(text);
      if (row === active.baseY + active.cursorY) open = all.length - 1;
    }
    return { all, open };
  };
  const lines = () => read().all;
  const cells = (background: 'dark' | 'light'): Cell[][] => {
    const { active } = screen.buffer;
    return Array.from({ length: active.length }, (_, y) =>
      Array.from({ length: columns }, (_, x) => {
        const cell = active.getLine(y)?.getCell(x);
        const characters = cell?.getChars() ?? '';
        const text = characters === '' ? ' ' : characters;
        if (cell === undefined) return { text, lightText: background === 'dark', lightBackground: background === 'light' };
        // Of the sixteen colours, 7 and 9 to 15 are light.
        const isLight = (color: number) => color >= 7 && color !== 8;
        const lightText = cell.isFgDefault() ? background === 'dark' : isLight(cell.getFgColor());
        const lightBackground = cell.isBgDefault() ? background === 'light' : isLight(cell.getBgColor());
        return cell.isInverse() ? { text, lightText: lightBackground, lightBackground: lightText } : { text, lightText, lightBackground };
      }),
    );
  };
  return {
    exit,
    lines,
    cells,
    type: (text) => child.write(text),
    shown: async (pattern) => {
      for (;;) {
        const { all, open } = read();
        const text = all.join('\n');
        const match = completeMatch(pattern, text, code === undefined ? all.slice(0, open + 1).join('\n').length : undefined);
        if (match) return match[1] ?? match[0];
        if (code !== undefined) throw new Error(`ended with ${code} before ${pattern} was shown:\n${text.trimEnd()}`);
        await new Promise<void>((resolve) => (changed = [...changed, resolve]));
      }
    },
  };
}
