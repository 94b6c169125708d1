/**
 * `mcp-auth ssh` with a given socket in place of the agent's: `SOCKET HOST …`. It is a program of its own, since the session has
 * the streams and the terminal of its process. When the file SOCKET.ended appears, the forwarding has ended.
 */
import { existsSync } from 'node:fs';
import { createTerminal } from '../../src/terminal/terminal.js';
import { createInterruptedError, toAuthError } from '../../src/errors.js';
import { createContext } from '../../src/machine/create-context.js';
import { systemClock } from '../../src/machine/clock.js';
import { raiseSignal, runProgram, runTmux } from '../../src/machine/program.js';
import { runSshSession } from '../../src/ssh/session.js';

const [socket = '', ...words] = process.argv.slice(2);
const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort(createInterruptedError()));

const { env: variables, platform, stdin, stdout, stderr } = process;
const env = { variables, platform, folder: process.cwd(), program: [], exists: existsSync };
const ui = createTerminal({
  ...{ stdin, stdout, stderr, env, clock: systemClock, runTmux, raise: raiseSignal },
  ...{ json: false, quiet: false, qr: false, openBrowser: () => Promise.resolve(false) },
});
const context = createContext({ env, clock: systemClock, ui, signal: interrupt.signal, runProgram });

const ended = new Promise<string>((resolve) => {
  systemClock.every(50, () => {
    if (existsSync(`${socket}.ended`)) resolve('The agent has ended the forwarding.');
  });
});
const openForwarding = () => Promise.resolve({ socket, ended, close: () => undefined });

try {
  process.exit(await runSshSession({ words, rights: { lendsTokens: false }, openForwarding }, context));
} catch (error) {
  const { message, hint, exitCode } = toAuthError(error);
  ui.fail(message, hint);
  process.exit(exitCode);
}
