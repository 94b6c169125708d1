/**
 * What a person sees and types. The rules of this folder:
 *
 * - stdout is for what was asked for. Everything for a person goes to stderr.
 * - Every text is made printable here, at the last step, whoever wrote it, and sentences lose what is secret.
 * - An address or a code stands alone on its line and is never cut or wrapped by us: people copy whole lines.
 * - Nothing moves, and nothing is coloured, unless stderr is a terminal; NO_COLOR is heeded.
 * - What moves is the foot of the window, and it is written anew only when it has changed.
 * - Whatever ends a prompt, the terminal is left as it was.
 */
import type { Clock, Env, Ui } from '../effects.js';
import { AuthError } from '../errors.js';
import { toAsciiJson } from '../text/json.js';
import { toPrintable } from '../text/server-text.js';
import { copyToClipboard, type RunTmux } from './clipboard.js';
import { formatHyperlink, supportsHyperlinks } from './hyperlink.js';
import { createKeyboard, type KeyboardOptions } from './keyboard.js';
import { forEachLine, createLineWriter } from './json-lines.js';
import type { LineReader } from './line-reader.js';
import { promptText, promptChoice } from './prompt.js';
import { drawQr } from './qr.js';
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
  /** Whether only what has to be done, and what went wrong, is said. */
  readonly quiet: boolean;
  /** Draw QR codes: always, never, or (undefined) when a person looks. */
  readonly qr: boolean | undefined;
  readonly openBrowser: (url: string) => Promise<boolean>;
  readonly runTmux: RunTmux;
  readonly raise: KeyboardOptions['raise'];
}

async function readerOf(stdin: NodeJS.ReadStream): Promise<LineReader> {
  return (await import('./line-reader.js')).createLineReader(stdin);
}

/** The Ui of a real terminal, or of the streams that stand in its place. `close` stops reading. */
export function createTerminal(options: TerminalOptions): Ui & { close(): void } {
  const { stdin, stdout, stderr, env, clock, json, quiet, qr, openBrowser, runTmux, raise } = options;
  const screen = createScreen({ stderr, env, clock });
  const { line, paint, sentence } = screen;
  let reader: Promise<LineReader> | undefined;
  const atTerminal = stdin?.isTTY === true && screen.isWindow;
  const keyboard = atTerminal ? createKeyboard({ stdin, screen, clock, raise }) : undefined;
  const told = (text: string) => toPrintable(env.secrets?.redactSentence(text) ?? text);
  const chatter = (text: string, style?: Parameters<typeof sentence>[1]) => {
    if (!quiet) sentence(told(text), style);
  };
  const warn = (text: string) => sentence(`! ${told(text)}`, 'yellow');

  return {
    input: stdin === undefined ? 'none' : atTerminal ? 'terminal' : 'lines',
    print: (text) => void stdout.write(`${toPrintable(text)}\n`),
    document: (value) => void stdout.write(`${toAsciiJson(value)}\n`),
    printed: async () => {
      const failure = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => stdout.write('', resolve));
      if (failure) throw new AuthError('output_failed', `What was asked for could not be printed (${failure.code ?? failure.name}).`);
    },
    event: (event) => {
      if (json) stdout.write(`${toAsciiJson(event)}\n`);
    },
    say: (text = '') => chatter(text),
    remark: (text) => chatter(text, 'dim'),
    warn,
    succeed: (text) => chatter(`✓ ${text}`, 'green'),
    fail: (text, hint) => {
      screen.restartLine();
      sentence(`✗ ${told(text)}`, 'red');
      if (hint) sentence(`  ${told(hint)}`);
    },
    address: (url) => line(screen.isWindow && supportsHyperlinks(env) ? formatHyperlink(toPrintable(url)) : toPrintable(url)),
    command: (text) => line(`  ${toPrintable(text)}`),
    code: (code) => line(paint(['bold', 'inverse'], toPrintable(code))),
    qr: async (text, asked = false) => {
      if (!asked && !(qr ?? stderr.isTTY)) return;
      const code = await drawQr(text, { columns: screen.columns(), rows: screen.rows(), paint });
      if ('reason' in code) sentence(code.reason, 'dim');
      else for (const row of code.rows) line(row);
      line('');
    },
    countdown: (label, until) => (quiet ? () => undefined : screen.countdown(toPrintable(label), until)),
    copy: async (text) => {
      const { sent, message } = await copyToClipboard(text, { env, send: screen.send, runTmux });
      if (sent) sentence(toPrintable(message), 'dim');
      else warn(message);
    },
    press: (keys) => keyboard?.press(keys) ?? (() => undefined),
    paste: async ({ message, signal }) => {
      if (stdin === undefined) return undefined;
      if (keyboard) return keyboard.paste({ message: toPrintable(message), signal });
      reader ??= readerOf(stdin);
      return (await reader).all(signal);
    },
    ask: async ({ message, secret = false, signal }) => {
      if (stdin === undefined) return undefined;
      if (atTerminal) return promptText({ message: toPrintable(message), secret, signal, stdin, stderr });
      reader ??= readerOf(stdin);
      return (await reader).next(signal);
    },
    choose: async ({ message, choices, signal }) => {
      if (stdin === undefined || !atTerminal) throw new Error('There is no terminal to choose at.');
      const printed = choices.map(({ name, value }) => ({ name: told(name), value }));
      return promptChoice({ message: toPrintable(message), choices: printed, signal, stdin, stderr });
    },
    lines: (signal) => ({
      each: (take) => (stdin === undefined ? Promise.resolve() : forEachLine(stdin, { signal, take })),
      write: createLineWriter(stdout),
    }),
    openBrowser,
    close: () => void reader?.then((lines) => lines.close()),
  };
}
