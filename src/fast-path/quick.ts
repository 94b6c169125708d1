/**
 * The fast path of `token NAME` and `headers NAME`: what apps ask for at every connection. It prints a fresh token from the
 * file, and loads nothing that this does not need. Everything unusual (an option, a warning, a token whose server has to be asked, an
 * error) is left to the whole program; an expired token to quick-renewal.ts first.
 */
import { existsSync, realpathSync } from 'node:fs';
import { helperUrlVariables } from '../apps/helper-variables.js';
import { findServerInText, type ServerEntry } from '../store/document.js';
import { isFresh } from '../store/freshness.js';
import { getAudience, isLoginClosed, isLoginFor, readLogin, type Login } from '../store/login.js';
import { listFallbackFiles, listNewestFiles, readNewestLogin } from '../store/newest-file.js';
import { getPreferencesPath, getStorePath, isStoreUrl } from '../store/path.js';
import { readStoreText } from '../store/reading.js';
import { isExpectedSealed } from '../store/seal/seal-marks.js';
import { toAsciiJson } from '../text/json.js';
import { toPrintable } from '../text/server-text.js';
import { isQuickCommand, type QuickCommand } from './quick-commands.js';

/** What each command prints of an access token. */
const formats: Readonly<Record<QuickCommand, (token: string) => string>> = {
  token: toPrintable,
  headers: (token) => toAsciiJson({ Authorization: `Bearer ${token}` }),
};

export interface FastPathRequest {
  /** The command line without `node` and the script. */
  readonly argv: readonly string[];
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A login that the fast path can handle, and its store. */
export interface FastPathLogin {
  readonly file: string;
  readonly name: string;
  readonly login: Login;
  readonly format: (token: string) => string;
}

/** The line that `token NAME` or `headers NAME [--store FILE]` prints; undefined if the whole program has to run. */
export function answerQuickly(request: FastPathRequest): string | undefined {
  const found = findLogin(request);
  return found && isFreshAt(found.login, request.now) ? `${found.format(found.login.accessToken)}\n` : undefined;
}

/** The login of such a command if it has expired and has a refresh token; undefined otherwise. */
export function findExpiredLogin(request: FastPathRequest): FastPathLogin | undefined {
  const found = findLogin(request);
  const canRefresh = found?.login.refreshToken !== undefined && found.login.endedAtSeconds === undefined;
  return found && canRefresh && !isFreshAt(found.login, request.now) ? found : undefined;
}

/**
 * The command of such a line if an agent may answer it: the store has no server of that name, or its login is sealed, which the agent
 * of the store may have opened. Undefined otherwise.
 */
export function findAgentQuestion({ argv, variables }: FastPathRequest): AgentQuestion | undefined {
  const line = parseCommandLine(argv);
  if (line === undefined || (line.command === 'headers' && isServerNamed(variables))) return undefined;
  try {
    const file = getStorePath({ option: line.store, env: { variables, platform: process.platform } });
    if (isStoreUrl(file)) return undefined;
    const { text, warning } = existsSync(file) ? readStoreText(file) : { text: '', warning: undefined };
    const entry = findServerInText(text, line.name);
    const question = { command: line.command, name: line.name };
    if (entry === undefined) return question;
    return isLoginClosed(entry) && readLogin(entry) === undefined && warning === undefined ? { ...question, sealedIn: file } : undefined;
  } catch {
    return undefined;
  }
}

/** A token or headers that an agent is asked for. */
export interface AgentQuestion {
  readonly command: QuickCommand;
  readonly name: string;
  /** The store that has the login, if it is sealed. */
  readonly sealedIn?: string;
}

function isFreshAt(login: Login, now: number): boolean {
  return isFresh(login, undefined, { clock: { now: () => now } });
}

/** The command line if it is `COMMAND NAME [--store FILE]`; undefined for any other. */
function parseCommandLine([command = '', name = '', flag, store, ...more]: readonly string[]) {
  const hasStore = flag === '--store' && store !== undefined;
  if (!isQuickCommand(command) || /^-|^$/.test(name) || !(flag === undefined || hasStore) || more.length > 0) return undefined;
  return { command, format: formats[command], name, store };
}

function findLogin({ argv, variables }: FastPathRequest): FastPathLogin | undefined {
  const line = parseCommandLine(argv);
  if (line === undefined) return undefined;
  const { command, format, name, store } = line;
  try {
    const file = getStorePath({ option: store, env: { variables, platform: process.platform } });
    if (isStoreUrl(file)) return undefined;
    const { text, warning } = readStoreText(file);
    const entry = findServerInText(text, name);
    const login = readLogin(entry);
    if (warning !== undefined || login?.tokenType !== 'bearer' || login.expiresAtSeconds === undefined) return undefined;
    // Another program has removed the seal, which the whole program reports.
    if (isExpectedSealed(getPreferencesPath({ env: { variables, platform: process.platform } }), file)) return undefined;
    if (!isForServer(login, entry) || hasOtherTokens({ file, name, login })) return undefined;
    if (command === 'headers' && needsWholeProgram(entry, variables)) return undefined;
    return { file, name, login, format };
  } catch {
    // The whole program runs into the same error, and reports it.
    return undefined;
  }
}

/** Whether the token may be used at the entry's URL. A URL with a variable in it is left to the whole program. */
function isForServer(login: Login, entry: ServerEntry | undefined): boolean {
  const url = entry?.url ?? '';
  return getAudience(login) === undefined || (URL.canParse(url) && isLoginFor(login, new URL(url)));
}

/** Another program may have saved an older login over this one, or a renewed one may not be in the store yet. */
function hasOtherTokens({ file, name, login }: Pick<FastPathLogin, 'file' | 'name' | 'login'>): boolean {
  if (listFallbackFiles().some((one) => readNewestLogin(one)?.name === name)) return true;
  const newest = listNewestFiles(realpathSync(file), name).map((one) => readNewestLogin(one));
  return newest.some((one) => one?.name === name && one.server?.auth?.token !== login.accessToken);
}

/** Headers of the entry may contain variables. Some apps name the server whose headers they want, which has to be checked. */
function needsWholeProgram(entry: ServerEntry | undefined, variables: FastPathRequest['variables']): boolean {
  return entry?.headers !== undefined || isServerNamed(variables);
}

function isServerNamed(variables: FastPathRequest['variables']): boolean {
  return helperUrlVariables.some((variable) => Boolean(variables[variable]));
}
