/**
 * Keys and pastes, read from a terminal in raw mode: in canonical mode, a terminal cuts lines at 4,095 bytes, and Node's
 * readline takes the first line end of a paste for its end.
 */
import { StringDecoder } from 'node:string_decoder';
import { abortable } from '../abortable.js';
import type { Clock, Key } from '../effects.js';
import { toPrintable } from '../text/server-text.js';
import { createKeyDecoder, type KeyInput } from './key-decoder.js';
import type { Screen } from './screen.js';

export interface KeyboardOptions {
  readonly stdin: NodeJS.ReadStream;
  readonly screen: Screen;
  readonly clock: Clock;
  /** Sends this process the signal that the terminal sends on ^C or ^Z when it is not in raw mode. */
  readonly raise: (signal: 'SIGINT' | 'SIGTSTP') => void;
}

/** Milliseconds without input after which a line end is the end of a paste that the terminal does not mark. */
const pasteEndPause = 80;
/** DEC mode 2004: the terminal marks the start and the end of a paste. */
const bracketedPaste = { on: '\u001b[?2004h', off: '\u001b[?2004l' };

interface PastePrompt {
  readonly message: string;
  text: string;
  resolve(text: string): void;
}

/** The terminal is in raw mode only while a key is bound or a paste is awaited. */
export class Keyboard {
  readonly #stdin: NodeJS.ReadStream;
  readonly #screen: Screen;
  readonly #clock: Clock;
  readonly #raise: KeyboardOptions['raise'];
  readonly #bindings = new Set<readonly Key[]>();
  #prompt: PastePrompt | undefined;
  /** Aborted by more input: the paste has not ended yet. */
  #pasteEnd: AbortController | undefined;
  #isReading = false;
  #decodeKeys = createKeyDecoder();
  #decoder = new StringDecoder();

  constructor({ stdin, screen, clock, raise }: KeyboardOptions) {
    this.#stdin = stdin;
    this.#screen = screen;
    this.#clock = clock;
    this.#raise = raise;
  }

  /**
   * Waits for a text that is pasted, or typed and ended with Enter. If the terminal does not mark pastes, a pause after a line
   * end ends the paste.
   */
  paste({ message, signal }: { message: string; signal?: AbortSignal }): Promise<string> {
    return abortable<string>(signal, (resolve) => {
      this.#prompt = { message, text: '', resolve };
      this.#update();
      return () => {
        this.#pasteEnd?.abort();
        this.#prompt = undefined;
        this.#update();
      };
    });
  }

  /** Binds keys until the returned function is called. They act as long as nothing has been typed. */
  bindKeys(keys: readonly Key[]): () => void {
    this.#bindings.add(keys);
    this.#update();
    return () => {
      this.#bindings.delete(keys);
      this.#update();
    };
  }

  /** Updates the footer, and reads from the terminal if anything is wanted. */
  #update(): void {
    const keys = this.#listKeys().map(({ key, help }) => `[${key}] ${help}`);
    this.#screen.setFooterLine('keys', keys.length > 0 ? keys.join('   ') : undefined);
    this.#screen.setFooterLine('prompt', this.#prompt && `${this.#prompt.message} ${abbreviate(this.#prompt.text)}`);
    const isWanted = this.#prompt !== undefined || this.#bindings.size > 0;
    if (isWanted && !this.#isReading) this.#startReading();
    if (!isWanted && this.#isReading) this.#leaveRawMode();
    this.#isReading = isWanted;
  }

  #listKeys(): Key[] {
    return [...this.#bindings].flat();
  }

  #startReading(): void {
    this.#decodeKeys = createKeyDecoder();
    this.#decoder = new StringDecoder();
    this.#enterRawMode();
  }

  #enterRawMode(): void {
    this.#stdin.setRawMode(true);
    this.#screen.sendCodes(bracketedPaste.on);
    this.#stdin.on('data', this.#onData).resume();
  }

  #leaveRawMode(): void {
    this.#stdin.off('data', this.#onData).pause();
    this.#screen.sendCodes(bracketedPaste.off);
    this.#stdin.setRawMode(false);
  }

  readonly #onData = (chunk: Buffer | string): void => {
    const inputs = this.#decodeKeys(typeof chunk === 'string' ? chunk : this.#decoder.write(chunk));
    this.#pasteEnd?.abort();
    for (const input of inputs) this.#handle(input, inputs.length === 1);
    this.#update();
  };

  #handle(input: KeyInput, isSingle: boolean): void {
    if (input.kind === 'interrupt' || input.kind === 'end') this.#raise('SIGINT');
    else if (input.kind === 'suspend') this.#suspend();
    else if (input.kind === 'text' && isSingle && this.#pressKey(input)) return;
    else if (this.#prompt) this.#edit(this.#prompt, input);
  }

  #suspend(): void {
    this.#screen.setFooterHidden(true);
    this.#leaveRawMode();
    this.#raise('SIGTSTP');
    this.#enterRawMode();
    this.#screen.setFooterHidden(false);
  }

  /** Whether the text was a bound key: a single character, with nothing typed before it. */
  #pressKey({ text, pasted }: KeyInput & { kind: 'text' }): boolean {
    const key = pasted || this.#prompt?.text ? undefined : this.#listKeys().find((one) => one.key === text.toLowerCase());
    key?.press();
    return key !== undefined;
  }

  #edit(prompt: PastePrompt, input: KeyInput): void {
    if (input.kind === 'text') prompt.text += input.text;
    if (input.kind === 'backspace') prompt.text = Array.from(prompt.text).slice(0, -1).join('');
    if (input.kind === 'clear') prompt.text = '';
    if (input.kind !== 'enter') return;
    prompt.text += '\n';
    void this.#submitAfterPause(prompt);
  }

  async #submitAfterPause(prompt: PastePrompt): Promise<void> {
    this.#pasteEnd = new AbortController();
    await this.#clock.sleep(pasteEndPause, this.#pasteEnd.signal).then(
      () => prompt.resolve(prompt.text),
      () => undefined,
    );
  }
}

/** Enough of a paste to recognise it, but no secret: nothing of a query, and only the start of a code. */
function abbreviate(text: string): string {
  const line = toPrintable(text).trim();
  if (line === '') return '';
  const end = line.search(/[?#]|code=/);
  const shown = line.slice(0, end === -1 ? 4 : Math.min(end, 24));
  return shown === line ? line : `${shown}… (${line.length} characters)`;
}
