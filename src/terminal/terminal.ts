/**
 * What the user sees and types. The rules of this folder:
 *
 * - stdout is for the result of the command. Everything else goes to stderr.
 * - Every text is made printable here, as the last step, and sentences are redacted.
 * - A URL or a code is alone on its line and is never cut or wrapped: users copy whole lines.
 * - Nothing moves and nothing is colored unless stderr is a terminal. NO_COLOR is respected.
 * - Only the footer of the window moves. It is redrawn only when it has changed.
 * - However a prompt ends, the terminal is restored.
 */
import type { Clock, Env, Messages, Output, Prompts, Ui } from '../effects.js';
import { AuthError } from '../errors.js';
import { toAsciiJson } from '../text/json.js';
import { toPrintable } from '../text/server-text.js';
import { copyToClipboard, type RunTmux } from './clipboard.js';
import { formatHyperlink, supportsHyperlinks } from './hyperlink.js';
import { createLineWriter, forEachLine } from '../text/json-lines.js';
import { Keyboard, type KeyboardOptions } from './keyboard.js';
import type { LineReader } from './line-reader.js';
import { promptChoice, promptText } from './prompt.js';
import { drawQr } from './qr.js';
import { Screen, type TextStyle } from './screen.js';

export interface TerminalOptions {
  /** Undefined when there is nothing to read from: closed, or /dev/null. */
  readonly stdin: NodeJS.ReadStream | undefined;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Env;
  readonly clock: Clock;
  /** Whether `event` prints. */
  readonly json: boolean;
  /** Print only what the user has to do, and errors. */
  readonly quiet: boolean;
  /** Draw QR codes: always, never, or (undefined) if stderr is a terminal. */
  readonly qr: boolean | undefined;
  readonly openBrowser: (url: string) => Promise<boolean>;
  readonly runTmux: RunTmux;
  readonly raise: KeyboardOptions['raise'];
}

/** The Ui on the standard streams, which may be a terminal, pipes or files. `close` stops reading. */
export function createTerminal(options: TerminalOptions): Ui & { close(): void } {
  const screen = new Screen(options);
  const messages = createMessages(options, screen);
  return { ...createOutput(options), ...messages, ...createPrompts(options, { screen, messages }) };
}

function createOutput({ stdout, json }: TerminalOptions): Output {
  return {
    print: (text) => void stdout.write(`${toPrintable(text)}\n`),
    document: (value) => void stdout.write(`${toAsciiJson(value)}\n`),
    printed: async () => {
      const failure = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => stdout.write('', resolve));
      if (failure) throw new AuthError('output_failed', `The output could not be written (${failure.code ?? failure.name}).`);
    },
    event: (event) => {
      if (json) stdout.write(`${toAsciiJson(event)}\n`);
    },
  };
}

function createMessages({ stderr, env, quiet, qr }: TerminalOptions, screen: Screen): Messages {
  const sayUnlessQuiet = (text: string, style?: TextStyle) => {
    if (!quiet) screen.writeSentence(redact(text, env), style);
  };
  return {
    say: (text = '') => sayUnlessQuiet(text),
    remark: (text) => sayUnlessQuiet(text, 'dim'),
    warn: (text) => screen.writeSentence(`! ${redact(text, env)}`, 'yellow'),
    succeed: (text) => sayUnlessQuiet(`✓ ${text}`, 'green'),
    fail: (text, hint) => {
      screen.restartLine();
      screen.writeSentence(`✗ ${redact(text, env)}`, 'red');
      if (hint) screen.writeSentence(`  ${redact(hint, env)}`);
    },
    address: (url) => {
      const text = toPrintable(url);
      screen.writeLine(screen.isWindow && supportsHyperlinks(env) ? formatHyperlink(text) : text);
    },
    command: (text) => screen.writeLine(`  ${toPrintable(text)}`),
    code: (code) => screen.writeLine(screen.paint(['bold', 'inverse'], toPrintable(code))),
    qr: async (text, asked = false) => {
      if (!asked && !(qr ?? stderr.isTTY)) return;
      const code = await drawQr(text, screen);
      if ('reason' in code) screen.writeSentence(code.reason, 'dim');
      else for (const row of code.rows) screen.writeLine(row);
      screen.writeLine('');
    },
    countdown: (label, until) => (quiet ? () => undefined : screen.startCountdown(toPrintable(label), until)),
  };
}

function createPrompts(
  { stdin, stdout, stderr, env, clock, openBrowser, runTmux, raise }: TerminalOptions,
  { screen, messages }: { screen: Screen; messages: Messages },
): Prompts & { close(): void } {
  const terminal = stdin?.isTTY === true && screen.isWindow ? stdin : undefined;
  const keyboard = terminal && new Keyboard({ stdin: terminal, screen, clock, raise });
  let reader: Promise<LineReader> | undefined;
  const openReader = (input: NodeJS.ReadStream) => (reader ??= import('./line-reader.js').then((lines) => lines.createLineReader(input)));
  return {
    input: stdin === undefined ? 'none' : terminal ? 'terminal' : 'lines',
    copy: async (text) => {
      const { sent, message } = await copyToClipboard(text, { env, send: (codes) => screen.sendCodes(codes), runTmux });
      if (sent) screen.writeSentence(toPrintable(message), 'dim');
      else messages.warn(message);
    },
    press: (keys) => keyboard?.bindKeys(keys) ?? (() => undefined),
    paste: async ({ message, signal }) => {
      if (stdin === undefined) return undefined;
      if (keyboard) return keyboard.paste({ message: toPrintable(message), signal });
      return (await openReader(stdin)).all(signal);
    },
    ask: async ({ message, secret = false, signal }) => {
      if (stdin === undefined) return undefined;
      if (terminal) return promptText({ message: toPrintable(message), secret, signal, stdin, stderr });
      return (await openReader(stdin)).next(signal);
    },
    choose: async ({ message, choices, signal }) => {
      if (terminal === undefined) throw new Error('There is no terminal to choose at.');
      const printable = choices.map(({ name, value }) => ({ name: redact(name, env), value }));
      return promptChoice({ message: toPrintable(message), choices: printable, signal, stdin: terminal, stderr });
    },
    lines: (signal) => ({
      each: (take) => (stdin === undefined ? Promise.resolve() : forEachLine(stdin, { signal, take })),
      write: createLineWriter(stdout),
    }),
    openBrowser,
    close: () => void reader?.then((lines) => lines.close()),
  };
}

/** A sentence that is printable and without secrets. */
function redact(text: string, env: Env): string {
  return toPrintable(env.secrets?.redactSentence(text) ?? text);
}
