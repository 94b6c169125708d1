/** The arguments of ssh, read as ssh reads them: which are its options, and which are the remote command. */
import { AuthError } from '../errors.js';
import { quote } from '../text/server-text.js';

/** What the user typed after `mcp-auth ssh` and its own options. */
export interface SshLine {
  readonly host: string;
  readonly options: readonly SshOption[];
  /** The words of the remote command; empty for a login shell. */
  readonly command: readonly string[];
}

export interface SshOption {
  readonly letter: string;
  readonly value?: string | undefined;
}

/** The options of OpenSSH 10. `-1` and `-2` are those of older versions. */
const lettersWithoutValue = '1246AaCfGgKkMNnqsTtVvXxYy';
const lettersWithValue = 'BbcDEeFIiJLlmOoPpQRSWw';

/** What opens ports or devices, once for a connection. */
const forwardings = 'DLRw';
/** What is about the user's session only, and not about the connection. */
const ofSession = 'eNnstTW';

const ownConnection = 'mcp-auth ssh opens a connection of its own and ends it with the session. To share a connection, use ssh.';
const forInformation = 'Use ssh itself for that.';
const unsupported: Readonly<Record<string, string>> = {
  f: 'To continue after the session, run tmux there, or run mcp-auth ssh with -N in a terminal of its own.',
  M: ownConnection,
  S: ownConnection,
  O: ownConnection,
  G: forInformation,
  Q: forInformation,
  V: forInformation,
};

/**
 * Reads `HOST [options] [command]`. As in ssh, options may follow HOST.
 *
 * @throws AuthError `usage`.
 */
export function parseSshLine([host = '', ...words]: readonly string[]): SshLine {
  if (host === '' || host.startsWith('-')) {
    throw new AuthError('usage', `${quote(host)} is not a host.`, { hint: 'Use: mcp-auth ssh HOST [options of ssh] [command]' });
  }
  const options: SshOption[] = [];
  const rest = [...words];
  for (let [word] = rest; word !== undefined && /^-./.test(word); [word] = rest) {
    rest.shift();
    if (word === '--') break;
    if (word.startsWith('--')) {
      throw new AuthError('usage', `${quote(word)} is not an option of ssh.`, { hint: 'Options of mcp-auth go before HOST.' });
    }
    options.push(...parseCluster(word.slice(1), () => rest.shift()));
  }
  for (const { letter } of options) refuseUnsupported(letter);
  return { host, options, command: rest };
}

/** Reads the letters of one word: `tt`, `p22`, `vp` with its value in the next word. */
function parseCluster(letters: string, takeNext: () => string | undefined): SshOption[] {
  const options: SshOption[] = [];
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters.charAt(at);
    if (lettersWithoutValue.includes(letter)) {
      options.push({ letter });
      continue;
    }
    if (!lettersWithValue.includes(letter)) throw new AuthError('usage', `${quote(`-${letter}`)} is not an option of ssh.`);
    const value = at + 1 < letters.length ? letters.slice(at + 1) : takeNext();
    if (value === undefined) throw new AuthError('usage', `The option -${letter} of ssh needs a value.`);
    return [...options, { letter, value }];
  }
  return options;
}

function refuseUnsupported(letter: string): void {
  const hint = unsupported[letter];
  if (hint !== undefined) throw new AuthError('usage', `mcp-auth ssh does not support the option -${letter} of ssh.`, { hint });
}

/** Formats options for ssh, in their order. */
export function formatOptions(options: readonly SshOption[]): string[] {
  return options.flatMap(({ letter, value }) => (value === undefined ? [`-${letter}`] : [`-${letter}`, value]));
}

/** The options of the connection that the user's session runs in, with its forwardings. */
export function getConnectionOptions({ options }: SshLine): string[] {
  // As in ssh, -W means that the forwardings of the configuration are not opened.
  const cleared = hasOption(options, 'W') ? ['-o', 'ClearAllForwardings=yes'] : [];
  return [...cleared, ...formatOptions(options.filter(({ letter }) => !ofSession.includes(letter)))];
}

/** The options of the user's session. The connection has the forwardings already. */
export function getSessionOptions({ options }: SshLine): string[] {
  return formatOptions(options.filter(({ letter }) => !forwardings.includes(letter)));
}

/** Whether an option is given. */
export function hasOption(options: readonly SshOption[], letter: string): boolean {
  return options.some((option) => option.letter === letter);
}

/** The end of a command line: host and command. After `--`, ssh takes no word for an option. */
export function formatDestination({ host, command }: Pick<SshLine, 'host' | 'command'>): string[] {
  return ['--', host, ...command];
}
