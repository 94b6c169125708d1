/** The built command in a real tmux, and its screen. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { command } from './build.js';
import { completeMatch } from './complete.js';

export interface Tmux {
  /** The rows of the window; with `joined`, wrapped lines are joined, and the scrollback is included. */
  screen(joined?: boolean): string;
  /** Resolves to the first match on the screen. Rejects if the test ends without it. */
  shown(pattern: RegExp): Promise<string>;
  /** Presses keys by tmux's names, as `C-c`. */
  press(...keys: string[]): void;
  /** Pastes as a terminal does: with bracketed paste if the program has enabled it, or without. */
  paste(text: string, how?: { marked: boolean }): void;
  /** The content of tmux's paste buffer. */
  buffer(): string;
}

/** Runs a command line in a shell, in a window of that size of a new tmux server. `mcp-auth` is the built command. */
export function runInTmux(tmux: string, line: string, { columns, rows }: { columns: number; rows: number }): Tmux {
  const socket = `mcp-auth-${randomUUID()}`;
  const run = (words: string[], input?: string) =>
    // A tmux that does not answer must not hang the whole run.
    execFileSync(tmux, ['-L', socket, '-f', '/dev/null', ...words], { input, encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' });
  const env = ['-e', 'PS1=$ ', '-e', 'HISTFILE=', '-e', `N=${process.execPath}`, '-e', `M=${command}`];
  run(['new-session', '-d', '-x', String(columns), '-y', String(rows), ...env, '/bin/sh', '-i']);
  let isOver = false;
  onTestFinished(() => {
    isOver = true;
    run(['kill-server']);
  });
  run(['send-keys', '-l', line.replaceAll('mcp-auth ', '"$N" "$M" ')]);
  run(['send-keys', 'Enter']);
  const screen = (joined = false) => run(['capture-pane', '-p', ...(joined ? ['-J', '-S', '-'] : [])]);
  /**
   * The text of the screen, and the end of the cursor's line, which may be half written. tmux reports them one after the other:
   * undefined if the screen changed in between.
   */
  const moment = () => {
    const text = screen(true);
    const row = run(['display-message', '-p', '#{cursor_y}']).trim();
    const open = run(['capture-pane', '-p', '-J', '-S', '-', '-E', row]).replace(/\n$/, '').length;
    return screen(true) === text ? { text, open } : undefined;
  };
  return {
    screen,
    shown: async (pattern) => {
      for (;;) {
        if (isOver) throw new Error(`the test ended before ${pattern} was shown`);
        const seen = moment();
        const match = seen && completeMatch(pattern, seen.text, seen.open);
        if (match) return match[1] ?? match[0];
        await wait(50);
      }
    },
    press: (...keys) => void run(['send-keys', ...keys]),
    paste: (text, { marked } = { marked: true }) => {
      run(['load-buffer', '-b', 'test', '-'], text);
      run(['paste-buffer', '-b', 'test', ...(marked ? ['-p'] : [])]);
    },
    buffer: () => run(['show-buffer']),
  };
}
