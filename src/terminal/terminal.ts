/**
 * What a person sees and types. The rules of this folder:
 *
 * - stdout is for what was asked for. Everything for a person goes to stderr.
 * - Every text is made printable here, at the last step, whoever wrote it.
 * - An address or a code stands alone on its line and is never cut or wrapped by us: people copy whole lines.
 * - Nothing moves, and nothing is coloured, unless stderr is a terminal; NO_COLOR is heeded.
 * - Whatever ends a prompt, the terminal is left as it was.
 */
import type { Clock, Env, Ui } from '../context.js';
import { printable } from '../server-text.js';
import { readLines, type LineReader } from './lines.js';
import { askAtTerminal, chooseAtTerminal } from './prompt.js';
import { qrLines } from './qr.js';
import { createScreen } from './screen.js';

export interface TerminalOptions {
  /** Undefined when there is nothing to read from: closed, or /dev/null. */
  readonly stdin: NodeJS.ReadStream | undefined;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Env;
  readonly clock: Clock;
  /** Whether `event` prints. */
  readonly json: boolean;
  /** Draw QR codes: always, never, or (undefined) when a person looks. */
  readonly qr: boolean | undefined;
  readonly openBrowser: (url: string) => Promise<boolean>;
}

/** JSON in ASCII: a reader gets every character, and a terminal that shows it none that could move the cursor or reorder. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The Ui of a real terminal, or of the streams that stand in its place. `close` stops reading. */
export function createTerminal({ stdin, stdout, stderr, env, clock, json, qr, openBrowser }: TerminalOptions): Ui & { close(): void } {
  const screen = createScreen({ stderr, env, clock });
  const { paint, line, sentence } = screen;
  let lines: LineReader | undefined;
  const atTerminal = stdin?.isTTY === true && stderr.isTTY;

  return {
    input: stdin === undefined ? 'none' : atTerminal ? 'terminal' : 'lines',
    print: (text) => void stdout.write(`${printable(text)}\n`),
    event: (event) => {
      if (json) stdout.write(`${asciiJson(event)}\n`);
    },
    say: (text = '') => sentence(printable(text)),
    remark: (text) => sentence(printable(text), 'dim'),
    warn: (text) => sentence(`! ${printable(text)}`, 'yellow'),
    succeed: (text) => sentence(`✓ ${printable(text)}`, 'green'),
    fail: (text, hint) => {
      screen.restartLine();
      sentence(`✗ ${printable(text)}`, 'red');
      if (hint) sentence(`  ${printable(hint)}`);
    },
    address: (url) => line(printable(url)),
    code: (code) => line(paint('bold', printable(code))),
    qr: async (text) => {
      if (qr ?? stderr.isTTY) for (const row of await qrLines(text, { columns: screen.columns(), paint })) line(row);
    },
    countdown: (label, until) => screen.countdown(printable(label), until),
    ask: async ({ message, shorten = false, secret = false, signal }) => {
      if (stdin === undefined) return undefined;
      if (atTerminal) return askAtTerminal({ message: printable(message), shorten, secret, signal, stdin, stderr });
      lines ??= readLines(stdin);
      return lines.next(signal);
    },
    choose: async ({ message, choices, signal }) => {
      if (stdin === undefined || !atTerminal) throw new Error('There is no terminal to choose at.');
      const printed = choices.map(({ name, value }) => ({ name: printable(name), value }));
      return chooseAtTerminal({ message: printable(message), choices: printed, signal, stdin, stderr });
    },
    openBrowser,
    close: () => lines?.close(),
  };
}
