/**
 * Tokens that a server has given and the store could not take, as on a full disk: kept in a file of their own until it
 * can, since a refresh token that was spent for them is worth nothing any more.
 */
import { createHash } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isObject } from '../json.js';
import type { ServerEntry } from './document.js';
import { readLogin, writeLogin, type Login } from './login.js';
import { unwritable } from './unwritable.js';
import { isPrivateFolder, readOwn } from './own-file.js';

export interface Rescued {
  readonly name: string;
  readonly login: Login;
  /** The access token of the login in the store that this one follows. */
  readonly replaces: string;
}

/** Writes it beside the store, or else into the temporary folder. Returns where; throws `store_unwritable`. */
export async function writeRescued(store: string, { name, login, replaces }: Rescued): Promise<string> {
  const entry: ServerEntry = {};
  writeLogin(entry, login, name);
  const text = JSON.stringify({ name, replaces: fingerprint(replaces), auth: entry.auth });
  let failure: unknown;
  for (const file of places(store, name)) {
    try {
      await mkdir(path.dirname(file), { mode: 0o700, recursive: true });
      if (path.dirname(file) !== path.dirname(store) && !(await isPrivateFolder(path.dirname(file)))) continue;
      const temporary = `${file}.${crypto.randomUUID()}`;
      await writeFile(temporary, text, { flag: 'wx', mode: 0o600, flush: true });
      await rename(temporary, file);
      return file;
    } catch (error) {
      failure ??= error;
    }
  }
  throw unwritable(store, failure);
}

/** What was kept, if it is still the successor of the login in the store; `replaces` is its fingerprint then. */
export async function readRescued(store: string, name: string): Promise<Rescued | undefined> {
  for (const file of places(store, name)) {
    try {
      const value: unknown = JSON.parse((await readOwn(file)) ?? '');
      const login = isObject(value) ? readLogin({ auth: value['auth'] as ServerEntry['auth'] }) : undefined;
      if (login && isObject(value) && typeof value['replaces'] === 'string') return { name, login, replaces: value['replaces'] };
    } catch {
      // Half a file, or another program's: as good as none.
    }
  }
  return undefined;
}

/** Takes away what was kept of server `name`, wherever it was. */
export async function removeRescued(store: string, name: string): Promise<void> {
  for (const file of places(store, name)) if ((await readOwn(file)) !== undefined) await rm(file, { force: true }).catch(() => undefined);
}

/** Stands for a token where it has to be recognised and not known. */
export function fingerprint(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

function places(store: string, name: string): string[] {
  const user = process.getuid?.() ?? os.userInfo().username;
  const shared = path.join(os.tmpdir(), `mcp-auth-${user}`, `${fingerprint(`${store} ${name}`)}.json`);
  return [`${store}.${encodeURIComponent(name)}.rescued`, shared];
}
