/** `mcp-auth ssh`: one session of ssh whose remote machine can use a socket of the agent on this one. */
import { randomUUID } from 'node:crypto';
import type { Forwarding, ForwardingRequest, openForwarding as openAtAgent } from '../agent-client/forwarding.js';
import type { Context } from '../context.js';
import { abortable } from '../abortable.js';
import { AuthError, exitCodes } from '../errors.js';
import { quote } from '../text/server-text.js';
import { formatDestination, getSessionOptions, parseSshLine, type SshLine } from './arguments.js';
import { Master } from './master.js';
import { readSettings, type SshSettings } from './settings.js';
import { createSocketName, findMachineName } from './socket-path.js';

export interface SshSessionOptions {
  /** HOST, the options of ssh, and the remote command. */
  readonly words: readonly string[];
  /** What the remote machine may do. */
  readonly rights: Omit<ForwardingRequest, 'host'>;
  readonly openForwarding: typeof openAtAgent;
}

/** The exit code of ssh for its own errors. */
const sshFailed = 255;

/**
 * Runs the session. Resolves to the exit code of ssh.
 *
 * @throws AuthError `usage`, `program_failed`, `interrupted`, and those of the agent.
 */
export async function runSshSession({ words, rights, openForwarding }: SshSessionOptions, context: Context): Promise<number> {
  requireSharedConnections(context);
  const line = parseSshLine(words);
  const settings = await readSettings(line, context);
  const forwarding = await openForwarding({ ...rights, host: line.host }, context);
  try {
    return await connect({ line, settings, forwarding }, context);
  } finally {
    forwarding.close();
  }
}

/** @throws AuthError `usage` on Windows. */
export function requireSharedConnections({ env: { platform } }: Context): void {
  if (platform !== 'win32') return;
  throw new AuthError('usage', 'mcp-auth ssh is unsupported on Windows: its ssh cannot share a connection.', {
    hint: 'Use it in WSL.',
  });
}

interface Session {
  readonly line: SshLine;
  readonly settings: SshSettings;
  readonly forwarding: Forwarding;
}

async function connect(session: Session, context: Context): Promise<number> {
  const { line, settings } = session;
  const machine = findMachineName();
  const script = { machine, name: createSocketName(machine), nonce: randomUUID(), stays: true };
  const master = await Master.start({ line, settings, script }, context);
  try {
    // ssh has printed why. Any other code is that of a command which the server runs instead of ours.
    if (!(await master.connected()) && (await master.ended) >= 128) return await master.ended;
    const outcome = await forwardSocket(master, session.forwarding.socket);
    context.signal.throwIfAborted();
    if ('why' in outcome) {
      // Like ssh when a forwarding fails: the session goes on, unless ExitOnForwardFailure is set.
      context.ui.warn(`${quote(line.host)} cannot use the logins of this machine: ${outcome.why}`);
      context.ui.say(`  ${outcome.hint}`);
      if (settings.exitsOnForwardFailure) return sshFailed;
    }
    const remote = 'remote' in outcome ? outcome.remote : undefined;
    return await runWatched({ ...session, master, remote }, context);
  } finally {
    await context.uninterrupted(() => master.close());
  }
}

/** The path of the socket on the remote machine, or why there is none. */
type Outcome = { readonly remote: string } | { readonly why: string; readonly hint: string };

async function forwardSocket(master: Master, local: string): Promise<Outcome> {
  const found = await master.readRemotePath();
  if (found === undefined) {
    const hint = 'Its account may be limited to one command, or a start-up file of its shell reads the input.';
    return { why: 'it did not run a script by sh.', hint };
  }
  if ('reason' in found && found.reason === 'none') {
    const hint = 'Create one there with a short path, for example: mkdir -p -m 700 ~/.config';
    return { why: 'it has no folder that only your user can write to.', hint };
  }
  if ('reason' in found) {
    return { why: 'the path that it named for the socket cannot be used.', hint: 'Its home folder may have a long or unusual path.' };
  }
  if (await master.forward({ remote: found.path, local })) return { remote: found.path };
  const hint = 'Its sshd_config needs “AllowStreamLocalForwarding yes”, which is the default, and no “DisableForwarding yes”.';
  return { why: 'its SSH server does not forward Unix sockets.', hint };
}

/** Runs the user's session while the agent forwards. What the agent says meanwhile is printed at the end, not into the session. */
async function runWatched(
  { line, settings, forwarding, master, remote }: Session & { master: Master; remote: string | undefined },
  context: Context,
): Promise<number> {
  let lost: string | undefined;
  let isOver = false;
  const cancel = async (sentence: string) => {
    if (isOver || remote === undefined) return;
    lost = sentence;
    await master.cancel({ remote, local: forwarding.socket });
  };
  const cancelled = forwarding.ended.then(cancel).catch(() => undefined);
  try {
    if (!settings.hasSession) return await waitForEnd(master, context);
    const own = ['-S', master.control, '-o', 'ControlMaster=no', '-o', 'ClearAllForwardings=yes', ...settings.sessionOverrides];
    const words = ['ssh', ...own, ...getSessionOptions(line), ...formatDestination(line)];
    // Signals are for ssh: it ends by them, and then the connection is ended in order.
    return await context.uninterrupted(() => context.runProgram(words, {}));
  } finally {
    isOver = true;
    if (lost !== undefined) {
      await cancelled;
      context.ui.warn(lost);
    }
  }
}

/** `ssh -N`: only forwardings, until the user or the server ends them. */
async function waitForEnd(master: Master, { signal }: Context): Promise<number> {
  try {
    return await abortable<number>(signal, (resolve) => void master.ended.then(resolve));
  } catch {
    return exitCodes.interrupted;
  }
}
