/** stderr as the user sees it: lines that scroll, and in a window a footer of live lines below them. */
import { styleText } from 'node:util';
import type { Clock, Env } from '../effects.js';

export type TextStyle = Parameters<typeof styleText>[0];
export type Paint = (style: TextStyle, text: string) => string;

/** The lines of the footer, from top to bottom. */
export type FooterLine = 'countdown' | 'keys' | 'prompt';
const footerLines: readonly FooterLine[] = ['countdown', 'keys', 'prompt'];

/** Milliseconds between the lines of a countdown where there is no footer. */
const countdownPeriod = 60_000;

interface ScreenOptions {
  readonly stderr: NodeJS.WriteStream;
  readonly env: Env;
  readonly clock: Clock;
}

export class Screen {
  /** Whether stderr is a window, in which lines can be redrawn. Otherwise there is no footer. */
  readonly isWindow: boolean;
  readonly #stderr: NodeJS.WriteStream;
  readonly #clock: Clock;
  readonly #hasColors: boolean;
  readonly #footer = new Map<FooterLine, string>();
  #isFooterHidden = false;
  /** Rows of the footer that are drawn now. */
  #drawnRows = 0;

  constructor({ stderr, env, clock }: ScreenOptions) {
    this.#stderr = stderr;
    this.#clock = clock;
    this.isWindow = stderr.isTTY && env.variables['TERM'] !== 'dumb';
    this.#hasColors = this.isWindow && !env.variables['NO_COLOR'];
    if (this.isWindow) stderr.on('resize', () => this.#draw());
  }

  /** Width of the window in characters. Infinity if there is no window. */
  get columns(): number {
    return this.#stderr.isTTY && this.#stderr.columns > 0 ? this.#stderr.columns : Infinity;
  }

  /** Height of the window in lines. Infinity if there is no window. */
  get rows(): number {
    return this.#stderr.isTTY && this.#stderr.rows > 0 ? this.#stderr.rows : Infinity;
  }

  /** `text` in a style, if colors are wanted. */
  readonly paint: Paint = (style, text) => (this.#hasColors ? styleText(style, text, { validateStream: false }) : text);

  /** Writes one line as it is, however long. */
  writeLine(text: string): void {
    this.#draw(`${text}\n`);
  }

  /** Writes a sentence, wrapped between words at the width of the window and indented like its first line. */
  writeSentence(text: string, style?: TextStyle): void {
    for (const row of wrap(text, this.columns)) this.writeLine(style ? this.paint(style, row) : row);
  }

  /** Sends control sequences that print nothing. Only in a window. */
  sendCodes(codes: string): void {
    if (this.isWindow) this.#stderr.write(codes);
  }

  /** Shows a line in the footer, or removes it. It is cut at the width of the window. Only in a window. */
  setFooterLine(line: FooterLine, text: string | undefined): void {
    if (!this.isWindow || this.#footer.get(line) === text) return;
    if (text === undefined) this.#footer.delete(line);
    else this.#footer.set(line, text);
    this.#draw();
  }

  /** Hides the footer while another program uses the terminal. */
  setFooterHidden(isHidden: boolean): void {
    this.#isFooterHidden = isHidden;
    this.#draw();
  }

  /** Clears the current line of what the terminal itself has printed on it, such as `^C`. */
  restartLine(): void {
    if (this.isWindow && this.#drawnRows === 0) this.#stderr.write('\r\u001b[2K');
  }

  /** Shows the time left until `until` (milliseconds since the epoch), until the returned function is called. */
  startCountdown(label: string, until: number): () => void {
    const show = () => {
      const left = Math.max(0, Math.ceil((until - this.#clock.now()) / 1000));
      const text = `${label}: ${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')} left`;
      if (this.isWindow) this.setFooterLine('countdown', text);
      else this.writeLine(text);
    };
    show();
    const stop = this.#clock.every(this.isWindow ? 1000 : countdownPeriod, show);
    return () => {
      stop();
      this.setFooterLine('countdown', undefined);
    };
  }

  /** Erases the footer, writes `above`, and draws the footer again: in one write, so that nothing flickers. */
  #draw(above = ''): void {
    const erase = this.#drawnRows === 0 ? '' : `\r${this.#drawnRows > 1 ? `\u001b[${this.#drawnRows - 1}A` : ''}\u001b[J`;
    const lines = this.#isFooterHidden ? [] : footerLines.flatMap((line) => this.#formatFooterLine(line) ?? []);
    this.#drawnRows = lines.length;
    const text = `${erase}${above}${lines.join('\n')}`;
    if (text !== '') this.#stderr.write(text);
  }

  /** Cut at the width of the window: a line that wraps could not be erased again. */
  #formatFooterLine(line: FooterLine): string | undefined {
    const text = this.#footer.get(line)?.slice(0, this.columns - 1);
    return text === undefined || line === 'prompt' ? text : this.paint('dim', text);
  }
}

/** `text` in rows of at most `columns` characters, broken at spaces. A longer word has a row of its own. */
function wrap(text: string, columns: number): string[] {
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
