import { styleText } from 'node:util';
import type { Clock, Env } from '../effects.js';

export type TextStyle = Parameters<typeof styleText>[0];
export type Paint = (style: TextStyle, text: string) => string;

/** What stays at the bottom of the window while lines come in above it, in this order. */
export type FooterLine = 'countdown' | 'keys' | 'prompt';
const footings: readonly FooterLine[] = ['countdown', 'keys', 'prompt'];

/** How often a countdown speaks where it cannot stay on one line, in milliseconds. */
const spokenEvery = 60_000;

/** Lines on stderr, and a foot of live lines below them. */
export interface Screen {
  /** Whether there is a window whose lines can be drawn anew. */
  readonly isWindow: boolean;
  /** `text` in a style, where colours are wanted. */
  readonly paint: Paint;
  /** A line as it is, however long. */
  readonly line: (text: string) => void;
  /** A sentence: broken between words where the window ends, its later lines indented as its first is. */
  readonly sentence: (text: string, style?: TextStyle) => void;
  /** Codes that tell the terminal something and show nothing. Only in a window. */
  readonly send: (codes: string) => void;
  /** Puts a line into the foot, or takes it out. Cut where the window ends. Only in a window. */
  readonly foot: (footing: FooterLine, text: string | undefined) => void;
  /** Clears what the terminal itself has put on the line, as the ^C that it echoes. */
  readonly restartLine: () => void;
  /** Takes the foot away until it is called again, for somebody else to use the terminal. */
  readonly setAside: (aside: boolean) => void;
  /** The size of the window in characters; unbounded where there is none. */
  readonly columns: () => number;
  readonly rows: () => number;
  readonly countdown: (label: string, until: number) => () => void;
}

/** stderr as a person reads it: lines above, and a foot of live lines below them, where it is a window. */
export function createScreen({ stderr, env, clock }: { stderr: NodeJS.WriteStream; env: Env; clock: Clock }): Screen {
  const isWindow = stderr.isTTY && env.variables['TERM'] !== 'dumb';
  const coloured = isWindow && !env.variables['NO_COLOR'];
  const foot = new Map<FooterLine, string>();
  let aside = false;
  /** Rows of the foot that are on the screen now. */
  let shown = 0;

  const columns = () => (stderr.isTTY && stderr.columns > 0 ? stderr.columns : Infinity);
  const rows = () => (stderr.isTTY && stderr.rows > 0 ? stderr.rows : Infinity);
  const erased = () => (shown === 0 ? '' : `\r${shown > 1 ? `\u001b[${shown - 1}A` : ''}\u001b[J`);
  const paint: Paint = (style, text) => (coloured ? styleText(style, text, { validateStream: false }) : text);

  /** Cut where the window ends: a live line that wraps could not be erased again. */
  const footingLine = (footing: FooterLine) => {
    const text = foot.get(footing)?.slice(0, columns() - 1);
    return text === undefined || footing === 'prompt' ? text : paint('dim', text);
  };

  /** One write for all of it, so that nothing flickers. */
  const draw = (above = '') => {
    const before = erased();
    const lines = aside ? [] : footings.flatMap((footing) => footingLine(footing) ?? []);
    shown = lines.length;
    const text = lines.join('\n');
    if (before + above + text !== '') stderr.write(before + above + text);
  };
  const line = (text: string) => draw(`${text}\n`);
  if (isWindow) stderr.on('resize', () => draw());

  return {
    isWindow,
    paint,
    line,
    sentence: (text, style) => {
      for (const row of wrapped(text, columns())) line(style ? paint(style, row) : row);
    },
    send: (codes) => {
      if (isWindow) stderr.write(codes);
    },
    foot: (footing, text) => {
      if (!isWindow || foot.get(footing) === text) return;
      if (text === undefined) foot.delete(footing);
      else foot.set(footing, text);
      draw();
    },
    restartLine: () => {
      if (isWindow && shown === 0) stderr.write('\r\u001b[2K');
    },
    setAside: (now) => {
      aside = now;
      draw();
    },
    columns,
    rows,
    countdown: (label, until) => {
      const show = () => {
        const left = Math.max(0, Math.ceil((until - clock.now()) / 1000));
        const text = `${label}: ${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')} left`;
        if (isWindow) {
          if (text !== foot.get('countdown')) {
            foot.set('countdown', text);
            draw();
          }
        } else line(text);
      };
      show();
      const stop = clock.every(isWindow ? 1000 : spokenEvery, show);
      return () => {
        stop();
        if (foot.delete('countdown')) draw();
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
