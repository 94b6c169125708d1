/**
 * A token that is fresh, from the file: what every app asks for at every connection, so that nothing is loaded that this
 * does not take. Whatever is not as usual (an option, a warning to give, a token to ask about, a mistake) is left to the whole
 * program; a token that has expired, to quick-renewal.ts first.
 */
import { realpathSync } from 'node:fs';
import { toAsciiJson } from '../text/json.js';
import { isResourceFor } from '../oauth/resource.js';
import { toPrintable } from '../text/server-text.js';
import { findServerInText } from '../store/document.js';
import { getAudience, readLogin, type Login } from '../store/login.js';
import { isFresh } from '../store/freshness.js';
import { listNewestFiles, readNewestLogin, listFallbackFiles } from '../store/newest-file.js';
import { getStorePath } from '../store/path.js';
import { readStoreText } from '../store/reading.js';

/** What is printed of an access token. */
const forms: Readonly<Record<string, (token: string) => string>> = {
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

/** A login that is as usual, and the store that it is in. */
interface Found {
  readonly file: string;
  readonly name: string;
  readonly login: Login;
  readonly form: (token: string) => string;
}

/** What `token NAME` and `headers NAME [--store FILE]` print, on one line; undefined where there is more to do. */
export function answerQuickly(question: FastPathRequest): string | undefined {
  const found = find(question);
  return found && isFreshAt(found.login, question.now) ? `${found.form(found.login.accessToken)}\n` : undefined;
}

/** The login that such a command asks for, where it has expired and can be renewed; undefined otherwise. */
export function findExpiredLogin(question: FastPathRequest): Pick<Found, 'file' | 'name' | 'login'> | undefined {
  const found = find(question);
  const canRenew = found?.login.refreshToken !== undefined && found.login.endedAtSeconds === undefined;
  return found && canRenew && !isFreshAt(found.login, question.now) ? found : undefined;
}

function isFreshAt(login: Login, now: number): boolean {
  return isFresh(login, undefined, { clock: { now: () => now } });
}

function find({ argv: [command = '', name = '', flag, store, ...more], variables }: FastPathRequest): Found | undefined {
  const form = Object.hasOwn(forms, command) ? forms[command] : undefined;
  const isUsual = !/^-|^$/.test(name) && (flag === undefined || (flag === '--store' && store !== undefined)) && more.length === 0;
  if (form === undefined || !isUsual) return undefined;
  try {
    const file = getStorePath({ option: store, env: { variables, platform: process.platform } });
    const { text, finding } = readStoreText(file);
    const entry = findServerInText(text, name);
    const login = readLogin(entry);
    if (finding !== undefined || login?.tokenType !== 'bearer' || login.expiresAtSeconds === undefined) return undefined;
    const url = entry?.url ?? '';
    const place = getAudience(login);
    const isItsOwn = place === undefined || (URL.canParse(url) && isResourceFor(place, new URL(url)));
    // Another program may have saved an older login, or a renewal may not have got to the store.
    if (listFallbackFiles().some((one) => readNewestLogin(one)?.name === name)) return undefined;
    const kept = listNewestFiles(realpathSync(file), name).map(readNewestLogin);
    if (kept.some((newest) => newest?.name === name && newest.server?.auth?.token !== login.accessToken)) return undefined;
    // Whether that is this server's is for the whole program to say, unless it is so to the letter.
    const asked = variables['CLAUDE_CODE_MCP_SERVER_URL'];
    if (command === 'headers' && asked && asked !== url) return undefined;
    // Headers of the entry's own may have variables in them.
    if (command === 'headers' && (entry?.headers !== undefined || variables['CLAUDE_CODE_MCP_SERVER_URL'])) return undefined;
    return isItsOwn ? { file, name, login, form } : undefined;
  } catch {
    // The whole program finds the same, and tells it.
    return undefined;
  }
}
