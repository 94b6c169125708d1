/** The keys that a person presses and what they paste, read from a terminal in raw mode, which cuts nothing off. */
import { StringDecoder } from 'node:string_decoder';
import type { Clock, Key } from '../effects.js';
import { toPrintable } from '../text/server-text.js';
import { createKeyDecoder, type KeyInput } from './key-decoder.js';
import type { Screen } from './screen.js';

export interface Keyboard {
  /**
   * Waits for what is pasted, or typed and ended with Enter, as one text. Where the terminal does not mark a paste, its
   * end is a pause after the end of a line.
   */
  paste(question: { message: string; signal?: AbortSignal }): Promise<string>;
  /** Has keys act, while nothing is typed, until the returned function is called. */
  press(keys: readonly Key[]): () => void;
}

export interface KeyboardOptions {
  readonly stdin: NodeJS.ReadStream;
  readonly screen: Screen;
  readonly clock: Clock;
  /** Does to this process what the terminal would have done on ^C or ^Z, had it not been in raw mode. */
  readonly raise: (signal: 'SIGINT' | 'SIGTSTP') => void;
}

/** Milliseconds without a character after which the end of a line is the end of what was pasted. */
const pause = 80;
/** DEC mode 2004: the terminal puts marks around what is pasted. */
const bracketedPaste = { on: '\u001b[?2004h', off: '\u001b[?2004l' };

interface Prompt {
  readonly message: string;
  text: string;
  resolve(text: string): void;
}

/** A person at the terminal, in raw mode while something is wanted of them: keys, and pastes of any length. */
export function createKeyboard({ stdin, screen, clock, raise }: KeyboardOptions): Keyboard {
  const keys = new Set<readonly Key[]>();
  let prompt: Prompt | undefined;
  let ending: AbortController | undefined;
  let detach: (() => void) | undefined;

  const current = () => [...keys].flat();
  const show = () => {
    screen.foot(
      'keys',
      current().length > 0
        ? current()
            .map(({ key, help }) => `[${key}] ${help}`)
            .join('   ')
        : undefined,
    );
    screen.foot('prompt', prompt && `${prompt.message} ${shortened(prompt.text)}`);
    if ((prompt || keys.size > 0) && !detach) detach = attach();
    if (!prompt && keys.size === 0) {
      detach?.();
      detach = undefined;
    }
  };

  const attach = () => {
    const read = createKeyDecoder();
    const decoder = new StringDecoder();
    const onData = (chunk: Buffer | string) => {
      const strokes = read(typeof chunk === 'string' ? chunk : decoder.write(chunk));
      ending?.abort();
      for (const stroke of strokes) take(stroke, strokes.length === 1);
      show();
    };
    const enter = () => {
      stdin.setRawMode(true);
      screen.send(bracketedPaste.on);
      stdin.on('data', onData).resume();
    };
    const leave = () => {
      stdin.off('data', onData).pause();
      screen.send(bracketedPaste.off);
      stdin.setRawMode(false);
    };
    suspend = () => {
      screen.setAside(true);
      leave();
      raise('SIGTSTP');
      enter();
      screen.setAside(false);
    };
    enter();
    return leave;
  };
  let suspend: () => void = () => undefined;

  const take = (stroke: KeyInput, alone: boolean) => {
    if (stroke.kind === 'interrupt' || stroke.kind === 'end') raise('SIGINT');
    else if (stroke.kind === 'suspend') suspend();
    else if (stroke.kind === 'text' && alone && press(stroke)) return;
    else if (prompt) edit(prompt, stroke);
  };

  /** Whether the text was a key that acts: one character by itself, with nothing typed before it. */
  const press = ({ text, pasted }: KeyInput & { kind: 'text' }) => {
    const key = pasted || prompt?.text ? undefined : current().find((one) => one.key === text.toLowerCase());
    key?.press();
    return key !== undefined;
  };

  const edit = (asked: Prompt, stroke: KeyInput) => {
    if (stroke.kind === 'text') asked.text += stroke.text;
    if (stroke.kind === 'backspace') asked.text = Array.from(asked.text).slice(0, -1).join('');
    if (stroke.kind === 'clear') asked.text = '';
    if (stroke.kind !== 'enter') return;
    asked.text += '\n';
    void submitAfterPause(asked);
  };

  const submitAfterPause = async (asked: Prompt) => {
    const { signal } = (ending = new AbortController());
    await clock.sleep(pause, signal).then(
      () => asked.resolve(asked.text),
      () => undefined,
    );
  };

  return {
    paste: async ({ message, signal }) => {
      signal?.throwIfAborted();
      let abort!: () => void;
      try {
        return await new Promise<string>((resolve, reject) => {
          abort = () => reject(signal?.reason);
          signal?.addEventListener('abort', abort);
          prompt = { message, text: '', resolve };
          show();
        });
      } finally {
        signal?.removeEventListener('abort', abort);
        ending?.abort();
        prompt = undefined;
        show();
      }
    },
    press: (more) => {
      keys.add(more);
      show();
      return () => {
        keys.delete(more);
        show();
      };
    },
  };
}

/** Enough of what was pasted to recognise it, too little to use it: nothing of a query, and of a code the beginning only. */
function shortened(text: string): string {
  const line = toPrintable(text).trim();
  if (line === '') return '';
  const end = line.search(/[?#]|code=/);
  const shown = line.slice(0, end === -1 ? 4 : Math.min(end, 24));
  return shown === line ? line : `${shown}… (${line.length} characters)`;
}
