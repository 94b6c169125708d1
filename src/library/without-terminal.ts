/** A Context for those who have no terminal: the library, and the process that renews tokens. */
import { existsSync } from 'node:fs';
import { systemClock } from '../machine/clock.js';
import type { Context } from '../context.js';
import type { Env, LoginEvent, Refresher, Secrets, Ui } from '../effects.js';
import { createInterruptedError } from '../errors.js';
import { systemFiles } from '../machine/files.js';
import { findWorkingFolder } from '../folders.js';
import { createHttp } from '../http/http.js';
import { Trace } from '../http/trace.js';
import { runProgram } from '../machine/program.js';
import { getPreferencesPath, getStorePath } from '../store/path.js';
import { openPreferences } from '../store/preferences.js';
import { openStore } from '../store/store.js';
import { collectSecrets } from '../secrets/secrets.js';
import { version } from '../version.js';

interface ContextOptions {
  /** The store's file; the usual one otherwise. */
  readonly store?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly ui: Ui;
  readonly refresher?: Refresher | undefined;
  /** Tells every request and its answer as remarks. */
  readonly debug?: boolean;
}

export function createContext({
  store,
  signal = new AbortController().signal,
  ui: given,
  refresher,
  debug = false,
}: ContextOptions): Context {
  const here = machine();
  const env = { ...here, secrets: collectSecrets(here.variables) };
  const ui = toldBy(given, env.secrets);
  const trace = debug ? new Trace((line) => ui.remark(line), env.secrets) : undefined;
  const effects = {
    store: openStore(() => getStorePath({ option: store, env }), { signal, clock: systemClock, secrets: env.secrets }),
    preferences: openPreferences(getPreferencesPath({ env })),
    http: createHttp({ env, clock: systemClock, userAgent: `mcp-auth/${version}`, trace }),
    files: systemFiles,
    clock: systemClock,
    ui,
    env,
    refresher,
    runProgram,
  };
  const undisturbed: Context = { ...effects, signal: new AbortController().signal, uninterrupted: (work) => work(undisturbed) };
  return { ...effects, signal, uninterrupted: (work) => work(undisturbed) };
}

/** The same, whose sentences tell no secret. */
function toldBy(ui: Ui, secrets: Secrets): Ui {
  const told = (text: string) => secrets.redactSentence(text);
  return {
    ...ui,
    remark: (text) => ui.remark(told(text)),
    warn: (text) => ui.warn(told(text)),
    fail: (text, hint) => ui.fail(told(text), hint === undefined ? undefined : told(hint)),
  };
}

function machine(): Env {
  const { env: variables, platform } = globalThis.process;
  return { variables, platform, folder: findWorkingFolder(), program: [globalThis.process.execPath], exists: existsSync };
}

/** What is told in code in place of a terminal. */
interface Listeners {
  readonly onWarning?: ((sentence: string) => void) | undefined;
  readonly onRemark?: (sentence: string) => void;
  readonly onFailure?: (sentence: string, hint?: string) => void;
  onEvent?(event: LoginEvent): void;
  paste?(): Promise<string | undefined>;
}

/** No terminal: events go to whoever called, and warnings too. */
export function createCallbackUi({ onWarning, onRemark, onFailure = onWarning, ...ui }: Listeners): Ui {
  const nothing = () => undefined;
  const nobody = () => Promise.reject(createInterruptedError());
  return {
    ...{ print: nothing, document: nothing, say: nothing, succeed: nothing, address: nothing, command: nothing, code: nothing },
    input: ui.paste === undefined ? 'none' : 'lines',
    printed: () => Promise.resolve(),
    event: (event) => ui.onEvent?.(event),
    remark: (text) => onRemark?.(text),
    warn: (text) => onWarning?.(text),
    fail: (text, hint) => onFailure?.(text, hint),
    qr: () => Promise.resolve(),
    countdown: () => nothing,
    copy: () => Promise.resolve(),
    press: () => nothing,
    paste: () => ui.paste?.() ?? Promise.resolve(undefined),
    ask: () => Promise.resolve(undefined),
    lines: () => {
      throw new Error('There is no stdin.');
    },
    choose: nobody,
    openBrowser: () => Promise.resolve(false),
  };
}
