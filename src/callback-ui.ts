/** A Ui without a terminal: for the library, the process that renews tokens, and a login that an app asks the bridge for. */
import type { LoginEvent, Messages, Output, Prompts, Ui } from './effects.js';
import { createInterruptedError } from './errors.js';

/** The callbacks that replace a terminal. */
interface Callbacks {
  readonly onWarning?: ((sentence: string) => void) | undefined;
  readonly onRemark?: (sentence: string) => void;
  readonly onFailure?: (sentence: string, hint?: string) => void;
  onEvent?(event: LoginEvent): void;
  paste?(): Promise<string | undefined>;
}

/** A Ui that passes events and warnings to callbacks, and ignores everything else. */
export function createCallbackUi(callbacks: Callbacks): Ui {
  return { ...createOutput(callbacks), ...createMessages(callbacks), ...createPrompts(callbacks) };
}

const ignore = () => undefined;

function createOutput(callbacks: Callbacks): Output {
  return { print: ignore, document: ignore, printed: () => Promise.resolve(), event: (event) => callbacks.onEvent?.(event) };
}

function createMessages({ onWarning, onRemark, onFailure = onWarning }: Callbacks): Messages {
  return {
    ...{ say: ignore, succeed: ignore, address: ignore, command: ignore, code: ignore },
    remark: (text) => onRemark?.(text),
    warn: (text) => onWarning?.(text),
    fail: (text, hint) => onFailure?.(text, hint),
    qr: () => Promise.resolve(),
    countdown: () => ignore,
  };
}

function createPrompts(callbacks: Callbacks): Prompts {
  return {
    input: callbacks.paste === undefined ? 'none' : 'lines',
    paste: () => callbacks.paste?.() ?? Promise.resolve(undefined),
    ask: () => Promise.resolve(undefined),
    choose: () => Promise.reject(createInterruptedError()),
    press: () => ignore,
    copy: () => Promise.resolve(),
    openBrowser: () => Promise.resolve(false),
    lines: () => {
      throw new Error('There is no stdin to read lines from.');
    },
  };
}
