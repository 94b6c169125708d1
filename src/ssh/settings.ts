/** What the user's configuration of ssh says about a connection, as `ssh -G` prints it. */
import type { Context } from '../context.js';
import type { StartedProgram } from '../effects.js';
import { AuthError, hasCode } from '../errors.js';
import { formatDestination, formatOptions, hasOption, type SshLine } from './arguments.js';

export interface SshSettings {
  /** Options that our connection needs against the configuration, and those that the user's session in it needs. */
  readonly overrides: readonly string[];
  readonly sessionOverrides: readonly string[];
  /** Whether the user wants no session at all (-N). */
  readonly hasSession: boolean;
  /** Whether the connection fails if a forwarding does. */
  readonly exitsOnForwardFailure: boolean;
}

/** Asks ssh. If it fails, so does the connection, which prints why. Throws `program_failed` if ssh is not installed. */
export async function readSettings(line: SshLine, context: Context): Promise<SshSettings> {
  const words = ['ssh', '-G', ...formatOptions(line.options), ...formatDestination({ host: line.host, command: [] })];
  const ssh = await startSsh(words, context);
  ssh.endInput();
  const { exitCode, stdout } = await ssh.ended;
  const settings = parseSettings(exitCode === 0 ? stdout : '');
  // ssh calls -W a connection without a session, too.
  return { ...settings, hasSession: settings.hasSession || hasOption(line.options, 'W') };
}

async function startSsh(words: readonly string[], context: Context): Promise<StartedProgram> {
  try {
    return await context.startProgram(words, { showsErrors: false });
  } catch (error) {
    if (!hasCode(error, 'program_failed')) throw error;
    throw new AuthError(error.code, error.message, { hint: 'Install OpenSSH: mcp-auth ssh runs the program ssh.', cause: error });
  }
}

/** Reads `name value` lines. Versions of ssh before 8.7 do not have some of them, and reject an option that they do not know. */
export function parseSettings(text: string): SshSettings {
  const values = new Map(text.split('\n').map((line) => [line.replace(/ .*/, ''), line.replace(/^\S* /, '')]));
  const override = (wanted: Readonly<Record<string, string>>) =>
    Object.entries(wanted).flatMap(([name, value]) => (values.has(name) ? ['-o', `${name}=${value}`] : []));
  const foreground = { forkafterauthentication: 'no' };
  return {
    overrides: override({ ...foreground, sessiontype: 'default', stdinnull: 'no', remotecommand: 'none' }),
    sessionOverrides: override(foreground),
    hasSession: values.get('sessiontype') !== 'none',
    exitsOnForwardFailure: values.get('exitonforwardfailure') === 'yes',
  };
}
