/** A Context without a terminal, for the library and for the process that renews tokens. */
import { existsSync } from 'node:fs';
import type { Context } from '../context.js';
import type { Env, Refresher, Secrets, Ui } from '../effects.js';
import { findWorkingFolder } from '../folders.js';
import { systemClock } from '../machine/clock.js';
import { createAgents } from '../machine/agents.js';
import { createContext } from '../machine/create-context.js';
import { runProgram } from '../machine/program.js';
import { collectSecrets } from '../secrets/secrets.js';

interface UnattendedOptions {
  /** The store file; by default MCP_AUTH_STORE or the platform's path. */
  readonly store?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly ui: Ui;
  readonly refresher?: Refresher | undefined;
  /** Whether logins that the store does not have are looked for at agents. */
  readonly asksAgents?: boolean;
  /** Whether to log every request and response as remarks. */
  readonly debug?: boolean | undefined;
}

export function createUnattendedContext({
  signal = new AbortController().signal,
  ui,
  asksAgents = false,
  ...options
}: UnattendedOptions): Context {
  const machine = readMachine();
  const secrets = collectSecrets(machine.variables);
  const env = { ...machine, secrets };
  const agents = asksAgents ? createAgents(env) : undefined;
  return createContext({ ...options, agents, env, clock: systemClock, ui: redactMessages(ui, secrets), signal, runProgram });
}

/** Redacts secrets in the messages of `ui`. */
function redactMessages(ui: Ui, secrets: Secrets): Ui {
  const redact = (text: string) => secrets.redactSentence(text);
  return {
    ...ui,
    remark: (text) => ui.remark(redact(text)),
    warn: (text) => ui.warn(redact(text)),
    fail: (text, hint) => ui.fail(redact(text), hint === undefined ? undefined : redact(hint)),
  };
}

function readMachine(): Env {
  const { env: variables, platform } = globalThis.process;
  return { variables, platform, folder: findWorkingFolder(), program: [globalThis.process.execPath], exists: existsSync };
}
