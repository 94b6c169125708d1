import { mkdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { AuthError } from '../errors.js';
import { formatDocument, parseDocument, type StoreDocument } from './document.js';
import { serverLockPath, unwritable, withLock } from './lock.js';

/** `mcp-servers.json` on disk, the only copy of the truth: nothing is remembered between two calls. */
export interface Store {
  /** The file's path, as the person named it. */
  readonly path: string;
  /** What the file holds now; `{}` when there is none. Takes no lock. */
  read(): Promise<StoreDocument>;
  /**
   * Changes the file: reads it under its lock, lets `change` alter the document, and writes it if that altered anything.
   * The file is 0600, its folder, if new, 0700. Resolves to what `change` returned.
   */
  update<T>(change: (document: StoreDocument) => T): Promise<T>;
  /** Runs `work` while no other process does so for the same server. For a refresh, which spends a refresh token. */
  withServerLock<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Finds out whether `update` could write, without changing the file. Throws `store_unwritable`. */
  checkWritable(): Promise<void>;
}

/** Milliseconds that a change of the file, which is short, and a refresh, which waits for a server several times, are waited for. */
const changePatience = 30_000;
const refreshPatience = 150_000;

/**
 * The store in `file`, which need not exist yet. Touches nothing until it is used.
 *
 * @param signal ends the waiting for a lock, with its reason.
 */
export function openStore(file: string, signal: AbortSignal): Store {
  const change = { milliseconds: changePatience, signal };
  const refresh = { milliseconds: refreshPatience, signal };
  return {
    path: file,
    read: async () => parseDocument(await readText(file), file),
    update: async (alter) => {
      // Loaded before the file is read: what another program writes in between would be lost.
      const [target] = await Promise.all([lockableTarget(file), import('conf')]);
      return withLock(`${target}.lock`, change, async () => {
        const before = await readText(target);
        const document = await parseDocument(before, file);
        const unchanged = formatDocument(document);
        const result = alter(document);
        if (formatDocument(document) !== unchanged) await writeDocument(target, document);
        return result;
      });
    },
    withServerLock: async (name, work) => withLock(serverLockPath(await lockableTarget(file), name), refresh, work),
    checkWritable: async () => withLock(`${await lockableTarget(file)}.lock`, change, () => Promise.resolve()),
  };
}

/** The file behind a symbolic link, even one that leads nowhere yet, so that every path to a store leads to one lock, in a folder that exists. */
async function lockableTarget(file: string, depth = 40): Promise<string> {
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unwritable(path.dirname(file), error);
  }
  const target = await realpath(file).catch(() => undefined);
  if (target !== undefined) return target;
  const folder = await realpath(path.dirname(file));
  const link = await readlink(file).catch(() => undefined);
  if (link === undefined) return path.join(folder, path.basename(file));
  if (depth === 0) throw unwritable(file, Object.assign(new Error(), { code: 'ELOOP' }));
  return lockableTarget(path.resolve(folder, link), depth - 1);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return '';
    throw new AuthError('store_unreadable', `The store ${file} cannot be read (${code ?? 'unknown reason'}).`, {
      hint: 'See who owns it and what it is, or name another with --store FILE or MCP_AUTH_STORE.',
      cause: error,
    });
  }
}

/** Conf writes to a temporary file, fsyncs it and renames it over `file`. */
async function writeDocument(file: string, document: StoreDocument): Promise<void> {
  const { default: Conf } = await import('conf');
  const modeNow = await stat(file).then(
    ({ mode }) => mode & 0o600,
    () => 0o600,
  );
  try {
    new Conf<Record<string, unknown>>({
      cwd: path.dirname(file),
      configName: path.basename(file),
      fileExtension: '',
      configFileMode: modeNow || 0o600,
      accessPropertiesByDotNotation: false,
      deserialize: (text) => (text.trim() === '' ? {} : (JSON.parse(text) as Record<string, unknown>)),
      serialize: formatDocument,
    }).store = document;
  } catch (error) {
    throw unwritable(file, error);
  }
}
