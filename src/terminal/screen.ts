import { styleText } from 'node:util';
import type { Clock, Env } from '../context.js';

export type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

/** How often a countdown speaks where it cannot stay on one line, in milliseconds. */
const spokenEvery = 60_000;

/** Lines on stderr, and at most one live line below them. */
export interface Screen {
  /** `text` in a style, where colours are wanted. */
  readonly paint: Paint;
  /** A line as it is, however long. */
  readonly line: (text: string) => void;
  /** A sentence: broken between words where the window ends, its later lines indented as its first is. */
  readonly sentence: (text: string, style?: Style) => void;
  /** Clears what the terminal itself has put on the line, as the ^C that it echoes. */
  readonly restartLine: () => void;
  /** The width of the window in characters; unbounded where there is none. */
  columns(): number;
  countdown(label: string, until: number): () => void;
}

export function createScreen({ stderr, env, clock }: { stderr: NodeJS.WriteStream; env: Env; clock: Clock }): Screen {
  const isWindow = stderr.isTTY && env.variables['TERM'] !== 'dumb';
  const coloured = isWindow && !env.variables['NO_COLOR'];
  let live = '';

  const columns = () => (stderr.isTTY && stderr.columns > 0 ? stderr.columns : Infinity);
  const erase = () => live && stderr.write('\r\u001b[2K');
  const draw = (text: string) => {
    erase();
    // A live line that wraps could not be erased again.
    live = text.slice(0, columns() - 1);
    if (live) stderr.write(live);
  };
  const line = (text: string) => {
    erase();
    stderr.write(`${text}\n${live}`);
  };

  const paint: Paint = (style, text) => (coloured ? styleText(style, text, { validateStream: false }) : text);

  return {
    paint,
    line,
    sentence: (text, style) => {
      for (const row of wrapped(text, columns())) line(style ? paint(style, row) : row);
    },
    restartLine: () => {
      if (isWindow) stderr.write('\r\u001b[2K');
    },
    columns,
    countdown: (label, until) => {
      const show = () => {
        const left = Math.max(0, Math.ceil((until - clock.now()) / 1000));
        const text = `${label}: ${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')} left`;
        if (isWindow) draw(text);
        else line(text);
      };
      show();
      const stop = clock.every(isWindow ? 1000 : spokenEvery, show);
      return () => {
        stop();
        draw('');
      };
    },
  };
}

/** `text` in rows of at most `columns` characters, broken at spaces; a word that is longer has a row of its own. */
function wrapped(text: string, columns: number): string[] {
  if (text.length <= columns) return [text];
  const indent = /^\s*/.exec(text)?.[0] ?? '';
  const rows: string[] = [];
  let row = indent;
  for (const word of text.trim().split(' ')) {
    if (row !== indent && row.length + 1 + word.length > columns) {
      rows.push(row);
      row = indent;
    }
    row += row === indent ? word : ` ${word}`;
  }
  return [...rows, row];
}
