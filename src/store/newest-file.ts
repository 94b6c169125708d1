/** The files with the newest tokens of each login, next to the store: their paths and their content. */
import { lstatSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ClientInformation } from '../oauth/client-information.js';
import { parseObject } from '../text/json.js';
import { readClient } from './clients.js';
import type { ServerEntry } from './document.js';
import { readLogin } from './login.js';
import { isPrivateFolder, readOwnFile } from './own-file.js';
import type { SealCodec } from './seal/codec.js';
import { encodeForFileName } from './file-name.js';

/** The state of one server's login after its last change. */
export interface NewestLogin {
  readonly name: string;
  /** Fingerprints of the logins, and of the server's settings, before that change; oldest first. */
  readonly replaced: readonly string[];
  /** The fingerprint of the login that `export --move` took out, as long as its copy is kept: restoring the copy by hand is allowed. */
  readonly moved?: string | undefined;
  /** The parts of the entry that belong to the login. Undefined after a logout. */
  readonly server?: ServerEntry;
  /** The client registration of the login. */
  readonly client?: ClientInformation;
}

/** The same, with its file and the time when that was written (milliseconds since the epoch). */
export interface NewestLoginFile extends NewestLogin {
  readonly file: string;
  readonly writtenAt: number;
  /** It could not be opened: only its name is known. */
  readonly isClosed?: boolean;
}

/** The main file of server `name`. `store` is the real path, without symbolic links. */
export function getNewestPath(store: string, name: string): string {
  return `${store}.${encodeForFileName(name)}.newest`;
}

/** The file of one token response that is not in the store yet. `id` makes it unique. */
export function getPendingRenewalPath(store: string, name: string, id: string): string {
  return `${store}.${encodeForFileName(name)}.${id}.newest`;
}

/** The files next to a store that may hold newest logins: of server `name`, or of all servers. */
export function listNewestFiles(store: string, name?: string): string[] {
  const { dir, base } = path.parse(store);
  const start = `${base}.${name === undefined ? '' : `${encodeForFileName(name)}.`}`;
  const names = listNames(dir).filter((one) => one.startsWith(start) && /\.(newest|rescued)$/.test(one));
  return names.sort().map((one) => path.join(dir, one));
}

/** The user's folder in the temporary folder, for files that cannot be written next to their store. */
export function getFallbackFolder(): string {
  const user = process.getuid?.() ?? os.userInfo().username;
  return path.join(os.tmpdir(), `mcp-auth-${user}`);
}

/** The files in that folder, of any store. None if another user has created the folder, whose name is known to all. */
export function listFallbackFiles(): string[] {
  const folder = getFallbackFolder();
  if (!isPrivateFolder(folder)) return [];
  return listNames(folder).map((name) => path.join(folder, name));
}

/** None if there is no such folder. */
function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Undefined if the file does not exist, belongs to another user, or has other content. Without a codec, a sealed one stays closed. */
export function readNewestLogin(file: string, codec?: SealCodec): NewestLoginFile | undefined {
  const text = readOwnFile(file);
  if (text === undefined) return undefined;
  try {
    const newest = parseNewestLogin(text, codec);
    return newest && { ...newest, file, writtenAt: lstatSync(file).mtimeMs };
  } catch {
    // Not JSON: a part of a file, or another program's.
    return undefined;
  }
}

/** The text of such a file. The name stays in the clear, so that a reader without the identity knows whose it is. */
export function formatNewestLogin({ name, replaced, moved, server, client }: NewestLogin, codec: SealCodec | undefined): string {
  const text = JSON.stringify({ name, replaced, moved, server, client });
  return codec === undefined ? text : JSON.stringify({ name, sealed: codec.seal(getSealedPlace(name), text) });
}

function getSealedPlace(name: string): string {
  return JSON.stringify(['newest', name]);
}

function parseNewestLogin(text: string, codec: SealCodec | undefined): (NewestLogin & { readonly isClosed?: boolean }) | undefined {
  const value = parseObject(text);
  // encodeURIComponent throws for half a surrogate pair.
  if (typeof value?.['name'] !== 'string' || !value['name'].isWellFormed()) return undefined;
  const { name, sealed } = value;
  if (typeof sealed !== 'string') return readNewestMembers(name, value);
  const opened = codec?.open(getSealedPlace(name), sealed);
  return opened === undefined ? { name, replaced: [], isClosed: true } : readNewestMembers(name, parseObject(opened) ?? {});
}

function readNewestMembers(name: string, value: Record<string, unknown>): NewestLogin | undefined {
  const { replaced, replaces, moved, auth } = value;
  // Until 0.1.0, such a file was written only for tokens that could not be stored, with one fingerprint.
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
