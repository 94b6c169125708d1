/**
 * How a program is started by its name. On Unix the system finds it. On Windows this file does: Node.js starts no `.cmd` and `.bat`
 * files, which npx, code and many others are, and the system would look in the working folder first, where anyone may have put a
 * program of that name.
 */
import { statSync } from 'node:fs';
import { win32 } from 'node:path';
import { AuthError } from '../errors.js';
import { quoteForWindowsProgram } from '../text/windows-quotes.js';

/** What `spawn` gets. */
export interface ProgramStart {
  readonly file: string;
  readonly words: readonly string[];
  /** Whether the words are parts of a Windows command line as it is, which must not be quoted again. */
  readonly windowsVerbatimArguments: boolean;
}

export interface StartPlace {
  readonly platform: NodeJS.Platform;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The working folder. */
  readonly folder: string;
  readonly isFile: (file: string) => boolean;
}

/** A kind of file that Windows can run, by the ends of its name. */
interface ProgramKind {
  readonly extensions: readonly string[];
  readonly prepare: (file: string, words: readonly string[], place: StartPlace) => ProgramStart;
}

const executable: ProgramKind = {
  extensions: ['.com', '.exe'],
  prepare: (file, words) => ({ file, words, windowsVerbatimArguments: false }),
};

/**
 * Only cmd.exe can run a batch file. It reads the whole line, and the batch file reads the arguments once more, as text
 * (CVE-2024-24576, CVE-2024-27980). In quotation marks, both leave everything as it is, but for what is refused here.
 */
const batch: ProgramKind = {
  extensions: ['.bat', '.cmd'],
  prepare: (file, words, { variables }) => {
    const line = [file, ...words].map((word) => quoteForBatch(word, file)).join(' ');
    const system = getVariable(variables, 'SystemRoot') ?? 'C:\\Windows';
    // No AutoRun, no `!VARIABLE!`; of the line, only the first and the last quotation mark are removed.
    const options = ['/d', '/e:on', '/v:off', '/s', '/c'];
    return { file: win32.join(system, 'System32', 'cmd.exe'), words: [...options, `"${line}"`], windowsVerbatimArguments: true };
  },
};

/** To add a kind of program, add it here. */
const kinds: readonly ProgramKind[] = [executable, batch];

/** The order in which Windows tries the ends of a name that has none of them. */
const defaultExtensions = '.COM;.EXE;.BAT;.CMD';

/** @throws AuthError `program_failed` if there is no such program, or if a batch file cannot get these words unchanged. */
export function prepareStart([command = '', ...words]: readonly string[], place: StartPlace): ProgramStart {
  if (place.platform !== 'win32') return { file: command, words, windowsVerbatimArguments: false };
  const file = listCandidates(command, place).find((one) => place.isFile(one));
  const kind = file === undefined ? undefined : findKind(file);
  if (file === undefined || kind === undefined) {
    throw new AuthError('program_failed', `${JSON.stringify(command)} cannot be run (ENOENT).`, {
      hint: 'Name a program that is in PATH, or the path of an .exe, .com, .cmd or .bat file.',
    });
  }
  return kind.prepare(file, words, place);
}

/** Whether there is a file of that name that is not a folder. */
export function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Names of variables are the same in any case on Windows, where it is `Path`, but not in a copy of the environment. */
function getVariable(variables: StartPlace['variables'], name: string): string | undefined {
  const found = Object.keys(variables).find((one) => one.toLowerCase() === name.toLowerCase());
  return found === undefined || variables[found] === '' ? undefined : variables[found];
}

function findKind(file: string): ProgramKind | undefined {
  const extension = win32.extname(file).toLowerCase();
  return kinds.find(({ extensions }) => extensions.includes(extension));
}

/** The absolute paths to try, best first. The working folder is not among them, unless the command or PATH names it. */
function listCandidates(command: string, { variables, folder }: StartPlace): string[] {
  const isPath = /[\\/:]/.test(command);
  const folders = isPath ? [''] : (getVariable(variables, 'PATH') ?? '').split(';').map((one) => one.replaceAll('"', '').trim());
  const names = command === '' ? [] : listNames(command, variables);
  return folders.filter((one) => isPath || one !== '').flatMap((one) => names.map((name) => win32.resolve(folder, one, name)));
}

function listNames(command: string, variables: StartPlace['variables']): string[] {
  const extensions = (getVariable(variables, 'PATHEXT') ?? defaultExtensions).toLowerCase().split(';');
  const startable = extensions.filter((extension) => kinds.some((kind) => kind.extensions.includes(extension)));
  return [...(findKind(command) ? [command] : []), ...startable.map((extension) => `${command}${extension}`)];
}

/** Characters that cmd.exe interprets between quotation marks too, or that end its line. */
// eslint-disable-next-line no-control-regex -- NUL ends a command line
const interpreted = /["%\r\n\u0000]/;

/** @throws AuthError `program_failed` */
function quoteForBatch(word: string, file: string): string {
  if (interpreted.test(word)) {
    throw new AuthError(
      'program_failed',
      `${JSON.stringify(file)} cannot be run: it is a batch file, and an argument contains ", % or a line break.`,
      {
        hint: 'Windows would change such an argument. Start the program that the batch file starts, as in: node SCRIPT.js',
      },
    );
  }
  // Batch files often compare a plain word with one of their own.
  if (/^[\w.:\\/@+-]+$/.test(word)) return word;
  return quoteForWindowsProgram(word);
}
