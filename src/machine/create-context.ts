/** Assembles a Context: the one place where the effects, the store and the preferences are put together. */
import type { Context } from '../context.js';
import type { Agents, Clock, Effects, Env, Refresher, Ui } from '../effects.js';
import type { DnsLookup } from '../http/lookup.js';
import { createHttp } from '../http/http.js';
import { Trace } from '../http/trace.js';
import { getPreferencesPath, getStoreName, getStorePath } from '../store/path.js';
import { Keyring } from '../store/identities/keyring.js';
import { openPreferences } from '../store/preferences.js';
import { openStore } from '../store/open.js';
import { openSealMark } from '../store/seal/seal-marks.js';
import { version } from '../version.js';
import { createAgents } from './agents.js';
import { systemClock } from './clock.js';
import { systemFiles } from './files.js';
import { startInBackground, startProgram } from './program.js';

export interface ContextOptions {
  readonly env: Env;
  readonly clock: Clock;
  readonly ui: Ui;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  /** The store file; by default MCP_AUTH_STORE or the platform's path. */
  readonly store?: string | undefined;
  /** Whether to log every request and response as remarks. */
  readonly debug?: boolean | undefined;
  readonly refresher?: Refresher | undefined;
  readonly agents?: Agents | undefined;
  /** Replaces the DNS of the machine. */
  readonly lookup?: DnsLookup | undefined;
  readonly runProgram: (words: readonly string[], environment: NodeJS.ProcessEnv) => Promise<number>;
  /** Keeps the process alive in spite of signals, until the returned function is called. */
  readonly hold?: () => () => void;
}

export function createContext(options: ContextOptions): Context {
  const { env, clock, ui, signal, refresher, agents, lookup, hold } = options;
  const trace = options.debug ? new Trace((line) => ui.remark(line), env.secrets) : undefined;
  const effects: Omit<Effects, 'signal'> = {
    http: createHttp({ env, clock, userAgent: `mcp-auth/${version}`, lookup, trace }),
    files: systemFiles,
    clock,
    ui,
    env,
    refresher,
    agents,
    runProgram: (words, variables) => options.runProgram(words, { ...env.variables, ...variables }),
    startProgram: (words, started) => startProgram(words, { ...started, environment: env.variables }),
    startInBackground: (words) => startInBackground(words, env.variables),
  };
  const preferencesPath = getPreferencesPath({ env });
  const preferences = openPreferences(preferencesPath);
  const openAt = (option: string | undefined) => {
    const getPath = () => getStorePath({ option, env });
    const getName = () => getStoreName(getPath());
    const keyring = new Keyring({
      ...{ env, clock, preferences, startProgram: effects.startProgram, getStore: getName },
      openAgents: () => createAgents(env),
      warn: (sentence) => ui.warn(sentence),
    });
    const sealMark = openSealMark(preferencesPath, getName);
    const seals = { openSeal: keyring.openSeal, sealMark };
    return { keyring, store: openStore(getPath, { signal, clock: systemClock, secrets: env.secrets, env, ...seals }) };
  };
  const rest = { ...effects, ...openAt(options.store), preferences, openStore: (place: string) => openAt(place).store };
  const undisturbed: Context = { ...rest, signal: new AbortController().signal, uninterrupted: (work) => work(undisturbed) };
  return { ...rest, signal, uninterrupted: (work) => runHeld(() => work(undisturbed), hold) };
}

async function runHeld<T>(work: () => Promise<T>, hold: ContextOptions['hold']): Promise<T> {
  const release = hold?.();
  try {
    return await work();
  } finally {
    release?.();
  }
}
