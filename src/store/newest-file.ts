/** What is kept beside the store of the newest tokens of a login, as a file: where it is, and what it says. */
import { lstatSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseObject } from '../text/json.js';
import type { ClientInformation } from '../oauth/client-information.js';
import { readClient } from './clients.js';
import type { ServerEntry } from './document.js';
import { readLogin } from './login.js';
import { isPrivateFolder, readOwnFile } from './own-file.js';

/** What stands for a server since its last change. */
export interface NewestLogin {
  readonly name: string;
  /** Fingerprints of the logins that came before, and of what was said of the server then, oldest first. */
  readonly replaced: readonly string[];
  /** That of the login that `export --move` took, as long as what it took is kept: whoever puts that file back has it again. */
  readonly moved?: string | undefined;
  /** The entry as far as the login goes. Absent after a logout. */
  readonly server?: ServerEntry;
  /** The registration that the login was made with. */
  readonly client?: ClientInformation;
}

/** The same with the file that it was read from, and when that was written (milliseconds since the epoch). */
export interface NewestLoginFile extends NewestLogin {
  readonly file: string;
  readonly writtenAt: number;
}

/** The file of server `name`, beside the store: the real one, where that is a link. */
export function getNewestPath(store: string, name: string): string {
  return `${store}.${encodeURIComponent(name)}.newest`;
}

/** A file for an answer of the token endpoint, before anything else is done with it. `id` makes it one of its own. */
export function getPendingRenewalPath(store: string, name: string, id: string): string {
  return `${store}.${encodeURIComponent(name)}.${id}.newest`;
}

/** The files beside a store that may say what is newest: of server `name`, or of all. */
export function listNewestFiles(store: string, name?: string): string[] {
  const { dir, base } = path.parse(store);
  const start = `${base}.${name === undefined ? '' : `${encodeURIComponent(name)}.`}`;
  const names = namesIn(dir).filter((one) => one.startsWith(start) && /\.(newest|rescued)$/.test(one));
  return names.sort().map((one) => path.join(dir, one));
}

/** The folder for what there is no place for beside its store. */
export function getFallbackFolder(): string {
  const user = process.getuid?.() ?? os.userInfo().username;
  return path.join(os.tmpdir(), `mcp-auth-${user}`);
}

/** The files in it, of any store. None where another user has made it: its name is known to all. */
export function listFallbackFiles(): string[] {
  const folder = getFallbackFolder();
  if (!isPrivateFolder(folder)) return [];
  return namesIn(folder).map((name) => path.join(folder, name));
}

/** None where there is no such folder. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Undefined where there is no such file, it is another user's, or it says something else. */
export function readNewestLogin(file: string): NewestLoginFile | undefined {
  const text = readOwnFile(file);
  if (text === undefined) return undefined;
  try {
    const newest = parseNewest(text);
    return newest && { ...newest, file, writtenAt: lstatSync(file).mtimeMs };
  } catch {
    // Half a file, or another program's: as good as none.
    return undefined;
  }
}

function parseNewest(text: string): NewestLogin | undefined {
  const value = parseObject(text);
  // No file is called by half a character.
  if (typeof value?.['name'] !== 'string' || !value['name'].isWellFormed()) return undefined;
  const { name, replaced, replaces, moved, auth } = value;
  // Until 0.1.0, only tokens that could not be stored were kept, with the one login that they follow.
  const list: readonly unknown[] = Array.isArray(replaced) ? replaced : [replaces];
  const server = (value['server'] ?? (auth === undefined ? undefined : { auth })) as ServerEntry | undefined;
  if (server !== undefined && readLogin(server) === undefined) return undefined;
  const client = readClient(value['client']);
  return {
    name,
    replaced: list.filter((one) => typeof one === 'string'),
    ...(typeof moved === 'string' && { moved }),
    ...(server && { server }),
    ...(client && { client }),
  };
}
